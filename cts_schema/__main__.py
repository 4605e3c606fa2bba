"""``python -m cts_schema``: the program ``cts-schema``."""

import sys

from cts_schema.cli import main

sys.exit(main())
