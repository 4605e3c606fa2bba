"""``cts-schema serve``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json, print_line
from cts_schema.exceptions import WrongUsage, mask_url

EXAMPLES = (
    "cts-schema serve",
    "cts-schema serve --port 8080 --token-file /run/secrets/cts-web-token",
    "CTS_WEB_TOKEN=... cts-schema serve --host 0.0.0.0 --allow-host db.example",
)
_NO_TLS = "this server has no TLS: anyone who can read the network can read the token; put a proxy with TLS before it"


def serve(
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; the default accepts this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=65535, help="0 chooses a free port.")] = 3000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Another host name that requests may use, as behind a proxy.", show_default=False
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A file with the token for migrations; default: CTS_WEB_TOKEN, or a new token, which is printed.",
            show_default=False,
        ),
    ] = None,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Serve a status page and HTTP routes.

    Clients with the token can migrate the database. Ctrl-C stops it with exit code 0, after a running migration has
    ended.
    """
    from cts_schema.database.urls import resolve_url

    try:
        from cts_schema.web import create_app
        from cts_schema.web.app import LOOPBACK
        from cts_schema.web.routes import MIGRATE
        from cts_schema.web.server import Listener, Token
    except ModuleNotFoundError as error:
        if error.name != "uvicorn":
            raise
        raise WrongUsage(
            cause="the server is not installed", missing=error.name, next_step="pip install 'cts-schema[cli,web]'"
        ) from error

    token = Token.of(token_file)
    listener = Listener(host, port)
    app = create_app(
        url,
        token=token.text,
        schema=schema,
        version_table=version_table,
        wait=wait,
        allowed_hosts=(*LOOPBACK, *listener.names(allow_host or ())),
    )
    shown = token.text if token.one_time else None
    database = mask_url(resolve_url(url))
    if json:
        print_json({"database": database, "url": listener.url, "token": shown})
    else:
        known = f"$(cat {shlex.quote(str(token_file))})" if token_file else "$CTS_WEB_TOKEN"
        print_facts(
            {"database": database, "page": listener.url, "token": shown and f"{shown}  (until this program ends)"}
        )
        print_line(f'curl -X POST {listener.url}{MIGRATE} -H "Authorization: Bearer {shown or known}"')
    if not listener.is_loopback:
        typer.echo(f"warning: {_NO_TLS}", err=True)
    listener.serve(app)
