"""Every error of this package: what happened, where, and the next safe command.

The first line of a class's docstring is its message; `exit_code` is the exit code of a command line. All texts pass
through `mask_secrets`, which masks a password that slipped into a fact.
"""

# ruff: noqa: F403 - this is the public home of all that is in these modules

from cts_schema.exceptions.backups import *
from cts_schema.exceptions.databases import *
from cts_schema.exceptions.error import *
from cts_schema.exceptions.error import mask_secrets as mask_secrets
from cts_schema.exceptions.error import mask_url as mask_url
from cts_schema.exceptions.legacy import *
from cts_schema.exceptions.next_step import *
from cts_schema.exceptions.runs import *
