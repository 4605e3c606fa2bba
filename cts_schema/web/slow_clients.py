"""Limits of ``cts-schema serve`` for clients that send or read slowly, which uvicorn does not have."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


@dataclass(frozen=True)
class Limits:
    """The limits of a client.

    Attributes:
        request: seconds for a whole request, head and body, to arrive; from the connection, or from its first byte.
        response: seconds that a client may leave a response unread.
        idle: seconds that a connection stays open after a response.
        connections: how many connections may be open at once.
    """

    request: float = 10.0
    response: float = 30.0
    idle: int = 5
    connections: int = 100


LIMITS = Limits()


class LimitedProtocol(H11Protocol):
    """HTTP/1.1 that closes the connection of a client that exceeds :attr:`limits`."""

    limits = LIMITS
    _request_timer: asyncio.TimerHandle | None = None
    _response_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Refuse a connection above the limit; start the timer for the first request of any other."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # so that no response is too small for its time to run
        if len(self.connections) > self.limits.connections:
            self._refuse(503, b"too many connections\n")
        else:
            self._watch_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers with the connection."""
        for timer in (self._request_timer, self._response_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start or stop the timer of a request, which runs while the request is incomplete."""
        super().data_received(data)
        self._watch_request()

    def pause_writing(self) -> None:
        """Start the timer in which the client must read."""
        super().pause_writing()
        self._response_timer = self.loop.call_later(self.limits.response, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: the client reads."""
        super().resume_writing()
        if self._response_timer is not None:
            self._response_timer.cancel()

    def _watch_request(self) -> None:
        if self.transport.is_closing() or self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            if self._request_timer is not None:
                self._request_timer.cancel()
                self._request_timer = None
        elif self._request_timer is None:
            self._request_timer = self.loop.call_later(self.limits.request, self._request_took_too_long)

    def _request_took_too_long(self) -> None:
        self._refuse(408, b"the request did not arrive in time\n")

    def _refuse(self, status: int, reason: bytes) -> None:
        """Respond, unless a response has begun, and close."""
        if self.transport.is_closing():
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(reason))), ("Connection", "close")]
            events: list[Any] = [
                h11.Response(status_code=status, headers=headers),
                h11.Data(reason),
                h11.EndOfMessage(),
            ]
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        if self.cycle is not None:
            self.cycle.disconnected = True  # tells the application to send nothing more
            self.cycle.message_event.set()
        self.transport.close()
