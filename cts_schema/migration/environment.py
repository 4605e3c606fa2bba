"""The one code path of every command, called by alembic/env.py.

Lock, read the current revision, apply the revisions with their ledger rows, verify, commit. Commands that only read
(``current``, ``check``, ``revision --autogenerate``) take no lock and write nothing.
"""

from __future__ import annotations

import atexit
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.authoring.files import number, require_line
from cts_schema.database.handle import Database
from cts_schema.database.options import Options
from cts_schema.database.urls import resolve_url
from cts_schema.ddl import NAMING_CONVENTION
from cts_schema.ddl.text import clause, quote
from cts_schema.exceptions import (
    EXIT_OK,
    Interrupted,
    NextCommand,
    NextStep,
    NotAtHead,
    SchemaError,
    WrongUsage,
    mask_url,
    of_alembic,
)
from cts_schema.migration import ledger
from cts_schema.migration.executor import Executor
from cts_schema.migration.line import Line
from cts_schema.migration.preconditions import require_known, require_ours
from cts_schema.migration.run_log import Direction, RunLog
from cts_schema.migration.state import read_status, require_version_table
from cts_schema.migration.steps import stretches
from cts_schema.migration.terminal import Terminal
from cts_schema.streams import failed, flush_at_exit, open_what_is_closed, written

# The name of the function of Alembic's commands that finds their steps.
_DIRECTIONS: dict[str, Direction] = {"upgrade": "upgrade", "downgrade": "downgrade", "do_stamp": "stamp"}


def run(context: Any) -> None:
    """Run the current Alembic command.

    Args:
        context: the module ``alembic.context``, or an EnvironmentContext.

    Raises:
        SchemaError: when called from code. At the command line it prints the message instead, and exits
            with the documented code; ``alembic --raiseerr`` shows the traceback.
    """
    arguments = context.config.cmd_opts
    if arguments is not None:
        open_what_is_closed()
        context.config.stdout = context.config.stdout or sys.stdout
        atexit.register(flush_at_exit)
    try:
        (_run if arguments is None else _run_and_print)(context)
    except (SchemaError, KeyboardInterrupt) as raised:
        if arguments is None or getattr(arguments, "raiseerr", False):
            raise
        error = Interrupted() if isinstance(raised, KeyboardInterrupt) else raised
        print(f"error: {error.worded(of_alembic)}", file=sys.stderr)  # noqa: T201  this is the command line
        raise SystemExit(error.exit_code) from raised


def _run_and_print(context: Any) -> None:
    try:
        _run(context)
    except OSError as error:
        if not context.is_offline_mode():
            raise
        if isinstance(error, BrokenPipeError):  # nothing else to do
            raise SystemExit(EXIT_OK) from None
        raise failed(sys.stdout, error) from error
    with written(sys.stdout):
        sys.stdout.flush()


def _run(context: Any) -> None:
    # Only a configured context shows the request of the command; the real configuration needs a connection.
    context.configure(dialect_name="sqlite")
    wanted = context.get_context().opts
    command = wanted["fn"]
    x_arguments = context.get_x_argument(as_dictionary=True)
    options = Options.from_config(context.config, x_arguments)
    require_line(context.script)
    revision = wanted.get("revision_context")
    if revision is not None:
        number(revision, context.script, named=_is_named(context.config, revision))
        if not revision.command_args["autogenerate"]:
            return
        if revision.command_args["message"]:  # alembic check has none
            _generate(context, revision, options, x_arguments)
            return
    if command.__name__ == "do_ensure_version":
        raise WrongUsage(
            cause="the first revision creates the version table", next_step=NextStep("{}", NextCommand("upgrade"))
        )
    # Operations of Alembic take the names of constraints from there.
    conventions = sa.MetaData(naming_convention=NAMING_CONVENTION)
    settings: dict[str, Any] = {"target_metadata": conventions, "version_table": options.version_table}
    if context.is_offline_mode():
        _offline(context, options, x_arguments, settings)
        return
    reading = wanted.get("destination_rev") is None
    with (
        _database(context.config, x_arguments, options) as database,
        database.connected(reading=reading) as connection,
    ):
        require_version_table(connection, options)
        if reading:
            if revision is not None:
                settings |= _comparison(context)
            _look(context, connection, options, settings, command)
            return
        line = context.config.attributes.get("line") or Line()
        line.terminal = line.terminal or Terminal.of(context.config)
        line.log = RunLog(_DIRECTIONS[command.__name__], mask_url(connection.engine.url))
        owned = context.config.attributes.get("owned", database.is_ours) and not connection.in_transaction()
        with (
            line.log.recorded(connection, options, line.state, owned=owned),
            line.explained(connection.engine.url),
        ):
            _migrate(context, connection, options, line, settings, command)
        line.finish(connection, options)


def _generate(context: Any, revision: Any, options: Options, x_arguments: dict[str, str]) -> None:
    from cts_schema.authoring.against import state_of_database  # a run needs neither it nor the models
    from cts_schema.authoring.generate import state_of
    from cts_schema.authoring.models import models
    from cts_schema.authoring.write import write

    given = context.get_x_argument()
    asks = context.config.cmd_opts is not None and sys.stdin.isatty() and sys.stdout.isatty()
    drop, rename, against = (_given(option, given) for option in ("drop", "rename", "against"))
    old = state_of(context.script)
    if against not in ([], ["database"]):
        raise WrongUsage(option=f"-x against={against[-1]}", expected="database")
    if against:
        with (
            _database(context.config, x_arguments, options) as database,
            database.connected(reading=True) as connection,
            dialects.of(connection).session.comparing(connection, options),
        ):
            _require_head(connection, options)
            old = state_of_database(connection, old)
    write(context, revision, models(), old, dropped=drop, renames=rename, asks=asks)


def _require_head(connection: sa.Connection, options: Options) -> None:
    """Check that a database has all revisions: what they still have to make is no difference."""
    found = read_status(connection, options)
    if found.revision != found.head:
        raise NotAtHead(
            cause="the database does not have all revisions, so it is not compared",
            database=found.database,
            revision=f"{found.revision or 'none'}, and the newest is {found.head}",
            next_step=NextStep("{}", NextCommand("upgrade")),
        )


def _given(option: str, x_arguments: Sequence[str]) -> list[str]:
    """Return the values of an option of ``-x`` that may be given several times."""
    return [value for name, _, value in (one.partition("=") for one in x_arguments) if name == option]


def _is_named(config: Any, revision: Any) -> bool:
    """Return whether a revision has a message; ``alembic check`` needs none."""
    command = getattr(config.cmd_opts, "cmd", None)
    return bool(revision.command_args["message"]) or command is None or command[0].__name__ != "revision"


@contextmanager
def _database(config: Any, x_arguments: dict[str, str], options: Options) -> Iterator[Database]:
    """Yield a handle of the caller's connection or engine, or of the URL."""
    target = config.attributes.get("connection")
    known = target is None or isinstance(target, sa.Engine | sa.Connection)
    # pytest-alembic wraps a connection as an engine.
    with nullcontext(target) if known else target.connect() as given:
        of = _url(config, x_arguments) if given is None else given
        yield Database(of, options.version_table, options.schema, options.wait)


def _url(config: Any, x_arguments: dict[str, str]) -> sa.URL:
    return resolve_url(x_arguments.get("url"), configured=config.get_main_option("sqlalchemy.url"))


def _offline(context: Any, options: Options, x_arguments: dict[str, str], settings: dict[str, Any]) -> None:
    url = _url(context.config, x_arguments)
    options.require_fit(url)
    whole = io.StringIO()  # half a script would change half of a database
    context.configure(
        url=url,
        output_buffer=whole,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        transactional_ddl=True,
        on_version_apply=lambda ctx, step, **_: ledger.record(ctx, step, None),
        **settings,
    )
    session = dialects.of(url).session
    context.get_context().impl.static_output(f"-- {session.SCRIPT_COMMENT}")
    for statement in session.BEFORE_SCRIPT:
        context.execute(statement)
    if options.schema is not None:
        context.execute(clause(f"SET search_path TO {quote(options.schema)}"))
    with context.begin_transaction():
        for statement in session.IN_SCRIPT:
            context.execute(statement)
        context.run_migrations()
    (context.config.output_buffer or sys.stdout).write(whole.getvalue())


def _comparison(context: Any) -> dict[str, Any]:
    from cts_schema.authoring import check  # a run does not need it
    from cts_schema.authoring.generate import state_of
    from cts_schema.authoring.models import models

    declared = state_of(context.script)
    return {"target_metadata": models(), "autogenerate_plugins": [check.PLUGIN], check.DECLARED: declared}


def _look(context: Any, connection: sa.Connection, options: Options, settings: dict[str, Any], command: Any) -> None:
    def checked(heads: Any, running: Any) -> Any:
        require_known(running, heads)
        if not heads:
            require_ours(running)
        if running.opts.get("revision_context") is not None:
            _require_head(connection, options)
        return command(heads, running)

    context.configure(connection=connection, dont_mutate=True, fn=checked, **settings)
    with dialects.of(connection).session.comparing(connection, options):
        context.run_migrations()
    revision = context.get_context().opts.get("revision_context")
    for found in [] if revision is None else revision.generated_revisions[-1].upgrade_ops.ops:
        context.config.print_stdout(f"{found.between}: {found.what}")


def _migrate(
    context: Any, connection: sa.Connection, options: Options, line: Line, settings: dict[str, Any], command: Any
) -> None:
    executor = Executor(connection, options, NextCommand("upgrade", wait=600), line.waiting)
    settings = {**settings, "deadline": executor.deadline}  # for the online operations of ddl

    def all_of_it() -> None:
        steps = line.plan(context, connection, settings, command, options)
        with dialects.of(connection).session.comparing_keys(connection) if steps else nullcontext():
            line.run(context, connection, steps)

    if executor.takes_one_transaction:
        try:
            executor.in_one_transaction(all_of_it)
        except BaseException:
            line.undone()
            raise
    else:
        with executor.between_transactions():
            connection.rollback()  # the transaction that SQLAlchemy began for reading: Alembic takes one for a caller's
            steps = line.plan(context, connection, settings, command, options)
            connection.rollback()
            for stretch in stretches(steps):
                executor.again(partial(line.run, context, connection, stretch))
