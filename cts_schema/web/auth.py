"""Access control: the token, rate limits, and requests from other sites.

The token comes in a header and never in a cookie, so that no other site can make a browser send it.
"""

# ruff: noqa: N818 - as in cts_schema.exceptions, an error is named after what happened

from __future__ import annotations

import hmac
import math
import os
import time
from typing import Annotated

import limits
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pydantic import BaseModel

from cts_schema.exceptions import EXIT_USAGE, NextCommand, NextStep, SchemaError, WrongUsage
from cts_schema.web.schemas import Problem

TOKEN_VARIABLE = "CTS_WEB_TOKEN"  # noqa: S105  the name of a variable
RATE = "300/minute"
WRONG_TOKENS = "10/minute"

_bearer = HTTPBearer(auto_error=False, description="the token of the configuration")


class Refused(Exception):
    """A request that is refused, with the reason as the response."""

    def __init__(self, status: int, answer: SchemaError | BaseModel, **headers: str) -> None:
        """Make the refusal.

        Args:
            status: of HTTP.
            answer: the body, or the error to return as the body.
            headers: of the response, with ``_`` for ``-``.
        """
        super().__init__(str(answer))
        self.status = status
        self.answer = Problem.of(answer) if isinstance(answer, SchemaError) else answer
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Unauthorized(SchemaError):
    """a migration over HTTP needs the token, and the token is missing or wrong"""

    exit_code = EXIT_USAGE
    next_step = NextStep("repeat with the header Authorization: Bearer TOKEN")


class SwitchedOff(SchemaError):
    """migrations over HTTP are switched off, because no token is configured"""

    exit_code = EXIT_USAGE
    next_step = NextStep(
        f"configure a token: {TOKEN_VARIABLE}=..., or migrate without HTTP: {{}}", NextCommand("upgrade")
    )


class OtherSite(SchemaError):
    """the request comes from a page of another site"""

    exit_code = EXIT_USAGE
    next_step = NextStep("use the page of this server")


class TooMany(SchemaError):
    """this address sent too many requests or wrong tokens"""

    exit_code = EXIT_USAGE
    next_step = NextStep("repeat in {seconds} s")


class AccessControl:
    """The dependencies of the routes."""

    def __init__(self, token: str | None, rate: str, wrong_tokens: str) -> None:
        """Make the dependencies.

        Args:
            token: None means that of the environment; without any, requests that need one are refused.
            rate: how many requests an address may send, such as ``300/minute``.
            wrong_tokens: how many wrong tokens an address may send.

        Raises:
            WrongUsage: the token is empty, or a rate cannot be read.
        """
        self._token = usable(os.environ.get(TOKEN_VARIABLE) if token is None else token)
        self._rate, self._wrong_tokens = _rate(rate), _rate(wrong_tokens)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def limited(self, request: Request) -> None:
        """Limit the requests of an address.

        Raises:
            Refused: it has asked too often.
        """
        if not self._limiter.hit(self._rate, "requests", _address(request)):
            raise self._too_many(self._rate, "requests", _address(request))

    def same_site(self, request: Request) -> None:
        """Refuse requests that a browser sends for a page of another site.

        Raises:
            Refused: it says so.
        """
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        allowed = site in (None, "same-origin", "none")
        if not allowed or (origin is not None and origin.partition("://")[2] != request.headers.get("host")):
            raise Refused(403, OtherSite(origin=origin, sec_fetch_site=site))

    def authorized(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> None:
        """Accept requests with the token.

        Raises:
            Refused: it was not given, or is another one; or there is none.
        """
        if self._token is None:
            raise Refused(403, SwitchedOff())
        address = _address(request)
        if not self._limiter.test(self._wrong_tokens, "tokens", address):
            raise self._too_many(self._wrong_tokens, "tokens", address)
        # Starlette decodes a header as latin-1, so this returns the original bytes.
        if given is None or not hmac.compare_digest(given.credentials.encode("latin-1"), self._token.encode()):
            if given is not None:
                self._limiter.hit(self._wrong_tokens, "tokens", address)
            raise Refused(401, Unauthorized(), WWW_Authenticate="Bearer")

    def _too_many(self, rate: limits.RateLimitItem, what: str, address: str) -> Refused:
        end = self._limiter.get_window_stats(rate, what, address).reset_time
        seconds = max(1, math.ceil(end - time.time()))
        return Refused(429, TooMany(limit=str(rate), seconds=seconds), Retry_After=str(seconds))


def usable(token: str | None) -> str | None:
    """Return the token, without the line break at the end of a file.

    Raises:
        WrongUsage: there is nothing else in it, or what a header cannot carry.
    """
    if token is None:
        return None
    token = token.strip()
    if not token or not all(character.isprintable() and not character.isspace() for character in token):
        raise WrongUsage(
            cause="the token is empty or contains spaces",
            next_step="make one: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token


def _rate(text: str) -> limits.RateLimitItem:
    try:
        return limits.parse(text)
    except ValueError as error:
        raise WrongUsage(
            cause="the rate cannot be read", rate=text, next_step="write it as 300/minute or 5/second"
        ) from error


def _address(request: Request) -> str:
    return "local" if request.client is None else request.client.host
