"""All commands as one typer application."""

from __future__ import annotations

from typing import Annotated

import typer

from cts_schema.cli import (
    adopt,
    backup,
    check,
    downgrade,
    history,
    rehearse,
    repair,
    restore,
    seed,
    serve,
    status,
    upgrade,
    wait,
)
from cts_schema.cli.options import EXIT_CODES, epilog

# Without the frames of rich: at 80 columns they cut off the form of a URL.
app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def _show_version(asked: bool) -> None:
    if asked:
        from cts_schema import __version__
        from cts_schema.schema.scripts import head

        typer.echo(f"cts-schema {__version__}, revision {head()}")
        raise typer.Exit


@app.callback(epilog=EXIT_CODES)
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version and newest revision.")
    ] = False,
) -> None:
    """Manage the schema of a CTS database on SQLite or PostgreSQL: upgrade, downgrade, adopt, check, back up."""


app.command(epilog=epilog(*upgrade.EXAMPLES))(upgrade.upgrade)
# Without this the parser would treat -1, a revision, as an option.
app.command(epilog=epilog(*downgrade.EXAMPLES), context_settings={"ignore_unknown_options": True})(downgrade.downgrade)
app.command(epilog=epilog(*status.EXAMPLES))(status.status)
app.command(epilog=epilog(*check.EXAMPLES))(check.check)
app.command(epilog=epilog(*repair.EXAMPLES))(repair.repair)
app.command(epilog=epilog(*history.EXAMPLES))(history.history)
app.command(epilog=epilog(*wait.EXAMPLES))(wait.wait)
app.command(epilog=epilog(*adopt.EXAMPLES))(adopt.adopt)
app.command(epilog=epilog(*backup.EXAMPLES))(backup.backup)
app.command(epilog=epilog(*rehearse.EXAMPLES))(rehearse.rehearse)
app.command(epilog=epilog(*restore.EXAMPLES))(restore.restore)
app.command(epilog=epilog(*seed.EXAMPLES))(seed.seed)
app.command(epilog=epilog(*serve.EXAMPLES))(serve.serve)
