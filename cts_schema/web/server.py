"""The server of ``cts-schema serve``."""

from __future__ import annotations

import copy
import ipaddress
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG

from cts_schema.exceptions import CannotListen, WrongUsage
from cts_schema.web.auth import TOKEN_VARIABLE, usable
from cts_schema.web.slow_clients import LIMITS, LimitedProtocol, Limits


@dataclass(frozen=True)
class Token:
    """The token that a migration requires.

    Attributes:
        text: the token.
        one_time: whether it was created for this process, and must be shown.
    """

    text: str
    one_time: bool

    @classmethod
    def of(cls, file: Path | None) -> Self:
        """Return the token from a file, or from the environment, or a new one.

        Raises:
            WrongUsage: the file cannot be read, or contains no token.
        """
        if file is None:
            given = usable(os.environ.get(TOKEN_VARIABLE))
            return cls(secrets.token_urlsafe(), True) if given is None else cls(given, False)
        try:
            given = usable(file.read_text())
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUsage(
                cause="the token cannot be read",
                file=file,
                reported=getattr(error, "strerror", None) or "it is not text",
                next_step="cts-schema serve --help",
            ) from error
        return cls(given or "", False)


class Listener:
    """A listening socket, opened before anything is printed or served."""

    def __init__(self, host: str, port: int) -> None:
        """Start to listen.

        Raises:
            CannotListen: the port is in use, or the address is not one of this machine.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=128)
        except (OSError, OverflowError, UnicodeError) as error:
            reported = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
            raise CannotListen(address=f"{host}:{port}", reported=reported) from error
        shown = f"[{host}]" if ":" in host else host
        self.host = host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def names(self, others: Sequence[str]) -> tuple[str, ...]:
        """Return the host names that requests may use, besides those of loopback."""
        return (self.host, f"[{self.host}]", socket.gethostname().lower(), *others)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def serve(self, app: ASGIApp) -> None:
        """Serve an application until Ctrl-C or SIGTERM, and then until running work has ended."""
        try:
            server_of(app).run(sockets=[self._socket])
        except KeyboardInterrupt:
            pass  # uvicorn raises it again after its shutdown
        finally:
            self.close()


def server_of(app: ASGIApp, limits: Limits = LIMITS) -> uvicorn.Server:
    """Return a server for an application.

    Args:
        app: the application.
        limits: for slow clients, and for the number of clients.
    """
    logging = copy.deepcopy(LOGGING_CONFIG)
    logging["loggers"]["cts_schema.web"] = {"handlers": ["default"], "level": "WARNING"}
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=type("Protocol", (LimitedProtocol,), {"limits": limits}),
            ws="none",  # no WebSockets: their connections would have no limits
            timeout_keep_alive=limits.idle,
            log_config=logging,
            log_level="warning",
            access_log=False,  # a client may put a token into a URL by mistake
            proxy_headers=False,  # a client could claim another address and evade its limits
            server_header=False,
        )
    )
