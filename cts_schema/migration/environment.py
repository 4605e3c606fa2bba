"""The one road that every command takes: what alembic/env.py hands over to.

Lock, read the heads inside it, apply the revisions with their ledger rows, verify, commit. Commands that only look
(``current``, ``check``, ``revision --autogenerate``) take no lock and write nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.database import migration_engine, prepare_folder, resolve_url
from cts_schema.driver_errors import translate_errors
from cts_schema.exceptions import DatabaseLocked, SchemaError, TransactionRefused, WrongUsage, mask_url
from cts_schema.migration import autogenerate, ledger, sqlite
from cts_schema.migration.line import Line, require_known
from cts_schema.migration.lock import Deadline, advisory_lock, impatient, pause, search_path
from cts_schema.migration.options import Options
from cts_schema.migration.terminal import Terminal

_RETRIED = ("55P03", "40P01")  # lock_not_available, deadlock_detected (postgresql.org/docs/current/errcodes-appendix)


def run(context: Any, metadata: sa.MetaData) -> None:
    """Do what the running Alembic command asks for.

    Args:
        context: the module ``alembic.context``, or an EnvironmentContext.
        metadata: the models' metadata.

    Raises:
        SchemaError: when called from code. At the command line the message is printed instead, and the program ends
            with the documented exit code.
    """
    try:
        _run(context, metadata)
    except SchemaError as error:
        if context.config.cmd_opts is None:
            raise
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  this is the command line
        raise SystemExit(error.exit_code) from error


def _run(context: Any, metadata: sa.MetaData) -> None:
    # Only a configured context shows what the command wants; the real configuration comes when there is a connection.
    context.configure(dialect_name="sqlite")
    wanted = context.get_context().opts
    options = Options.from_config(context.config, context.get_x_argument(as_dictionary=True))
    revision = wanted.get("revision_context")
    if revision is not None:
        autogenerate.number(revision, context.script, named=_is_named(context.config, revision))
        if not revision.command_args["autogenerate"]:
            return
    settings = {"target_metadata": metadata, "version_table": options.version_table}
    if context.is_offline_mode():
        _offline(context, options, settings)
        return
    line = context.config.attributes.get("line") or Line()
    line.original = wanted["fn"]
    line.terminal = Terminal.of(context.config)
    with _connected(context.config, context.get_x_argument(as_dictionary=True)) as connection:
        if wanted.get("destination_rev") is None:
            _look(context, connection, options, settings, wanted["fn"])
        elif connection.dialect.name == "sqlite":
            _migrate_sqlite(context, connection, options, line, settings)
        else:
            _migrate_postgresql(context, connection, options, line, settings)
        line.finish(connection, options)


def _is_named(config: Any, revision: Any) -> bool:
    """Whether a revision has its message; ``alembic check`` compares without making one, and needs none."""
    command = getattr(config.cmd_opts, "cmd", None)
    return bool(revision.command_args["message"]) or command is None or command[0].__name__ != "revision"


@contextmanager
def _connected(config: Any, x_arguments: dict[str, str]) -> Iterator[sa.Connection]:
    """Yield the connection of the caller, one of its engine, or a new one of the URL."""
    target = config.attributes.get("connection")
    if isinstance(target, sa.Connection):
        with translate_errors(target.engine.url):
            yield target
    elif target is not None:
        with translate_errors(getattr(target, "url", None)), target.connect() as connection:
            yield connection
    else:
        url = resolve_url(x_arguments.get("url"), configured=config.get_main_option("sqlalchemy.url"))
        prepare_folder(url)
        engine = migration_engine(url)
        with translate_errors(url), engine.connect() as connection:
            yield connection


def _offline(context: Any, options: Options, settings: dict[str, Any]) -> None:
    url = resolve_url(
        context.get_x_argument(as_dictionary=True).get("url"),
        configured=context.config.get_main_option("sqlalchemy.url"),
    )
    context.configure(
        url=url,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        transactional_ddl=True,
        on_version_apply=lambda ctx, step, **_: ledger.record(ctx, step, None),
        **settings,
    )
    dialect = context.get_context().dialect
    if options.schema is not None:
        _require_postgresql(dialect.name)
        context.execute(f"SET search_path TO {dialect.identifier_preparer.quote_identifier(options.schema)}")
    with context.begin_transaction():
        context.run_migrations()


def _look(context: Any, connection: sa.Connection, options: Options, settings: dict[str, Any], command: Any) -> None:
    def checked(heads: Any, running: Any) -> Any:
        require_known(running, heads)
        return command(heads, running)

    comparison = autogenerate.settings(settings["target_metadata"], connection)
    context.configure(connection=connection, dont_mutate=True, fn=checked, **settings, **comparison)
    if connection.dialect.name == "postgresql":
        with search_path(connection, options.schema):
            context.run_migrations()
    else:
        _forbid_schema(options)
        context.run_migrations()


def _migrate_sqlite(
    context: Any, connection: sa.Connection, options: Options, line: Line, settings: dict[str, Any]
) -> None:
    _forbid_schema(options)
    with sqlite.transaction(connection, options.wait):
        line.on_first_step = lambda: sqlite.violations(connection)
        line.configure(context, connection, settings)
        context.run_migrations()
        line.heal(context.get_context())
        if line.before_first_step is not None:
            sqlite.refuse_new_violations(line.before_first_step, sqlite.violations(connection))


def _migrate_postgresql(
    context: Any, connection: sa.Connection, options: Options, line: Line, settings: dict[str, Any]
) -> None:
    deadline = Deadline(options.wait)
    if connection.in_transaction():
        _require_read_committed(connection)
        with search_path(connection, options.schema), advisory_lock(connection, deadline), impatient(connection):
            line.configure(context, connection, settings)
            context.run_migrations()
            line.heal(context.get_context())
        return
    isolation = connection.get_execution_options().get("isolation_level", connection.default_isolation_level)
    # A snapshot taken before the lock would show the heads of before, and in autocommit nothing could be rolled back.
    connection = connection.execution_options(isolation_level="READ COMMITTED")
    try:
        with search_path(connection, options.schema), advisory_lock(connection, deadline), impatient(connection):
            while not line.finished:
                _one_pass(context, connection, line, settings, deadline)
    finally:
        if not connection.closed and not connection.invalidated:
            connection.execution_options(isolation_level=isolation)


def _one_pass(
    context: Any, connection: sa.Connection, line: Line, settings: dict[str, Any], deadline: Deadline
) -> None:
    """Run the next stretch of the line; again, when a statement could not get its table lock in time."""
    try:
        line.configure(context, connection, settings)
        with context.begin_transaction():
            context.run_migrations()
            line.heal(context.get_context())
        connection.commit()
        line.committed()
    except DBAPIError as error:
        connection.rollback()
        if getattr(error.orig, "sqlstate", None) not in _RETRIED:
            raise
        line.interrupted()
        if deadline.passed:
            raise DatabaseLocked(
                cause="other sessions kept a table locked that the migration needs; nothing of this step remains",
                database=mask_url(connection.engine.url),
                waited=f"{deadline.seconds:g} s",
                next_step="repeat when there is less traffic, or wait longer: alembic -x wait=600 upgrade head",
            ) from error
        pause(connection, min(0.5, deadline.remaining))


def _require_read_committed(connection: sa.Connection) -> None:
    if connection.dialect.detect_autocommit_setting(connection.connection.dbapi_connection):  # type: ignore[arg-type]
        raise TransactionRefused(reason="it is in autocommit, where a failure would leave half of the work behind")
    level = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
    if level != "read committed":
        raise TransactionRefused(
            reason=f"its isolation is {level}: it would not see what another migration has just done"
        )


def _forbid_schema(options: Options) -> None:
    if options.schema is not None:
        _require_postgresql("sqlite")


def _require_postgresql(dialect: str) -> None:
    if dialect != "postgresql":
        raise WrongUsage(option="schema", database=dialect, reason="only PostgreSQL has schemas")
