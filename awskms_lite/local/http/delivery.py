"""The delivery of a faulty response, as actions for the connection to carry out; nothing is sent here."""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import partial
from typing import NamedTuple, TypeAlias
from uuid import uuid4

from ..errors import ApiError
from .faults import (
    DeliveryFault,
    Drip,
    Error,
    Garbage,
    HangUp,
    Latency,
    Reset,
    Truncated,
    Unavailable,
    WrongLength,
)
from .messages import Response, render

_NOT_TEXT = b"\x80"  # starts neither HTTP nor UTF-8 text, and is not a byte order mark
_NOISE = 64  # bytes, enough to look like a body


class Pause(NamedTuple):
    """A pause."""

    seconds: float


class ConnectionAction(Enum):
    """What a connection does apart from sending and pausing; CLOSE and RESET come last."""

    LISTEN = "wait until the client sends more"
    CLOSE = "close in an orderly way"
    RESET = "reset the connection (TCP RST)"


DeliveryAction: TypeAlias = bytes | Pause | ConnectionAction
"""One action of a connection; bytes are sent as they are."""


def refusal(fault: Error | Unavailable, refuse: Callable[[ApiError, str], Response]) -> Response:
    """Return the response of a fault that replaces the service's own; `refuse` makes an error in its protocol."""
    if isinstance(fault, Unavailable):
        page = f"<html><body><h1>{fault.status}</h1></body></html>\n"
        return Response(fault.status, page.encode("ascii"), "", "text/html")
    wait = () if fault.retry_after is None else (("x-amz-retry-after", str(round(fault.retry_after * 1000))),)
    error = ApiError(fault.code, fault.message, status=fault.status)
    return refuse(error, str(uuid4()))._replace(headers=wait)


def deliver(
    fault: DeliveryFault,
    response: Response,
    *,
    now: float,
    keep_alive: bool,
    head_only: bool = False,
    noise: Callable[[int], bytes],
) -> Iterable[DeliveryAction]:
    """Return the actions that deliver the response, which `render` describes; `noise` returns random bytes."""
    whole = partial(render, now=now, keep_alive=keep_alive, head_only=head_only)
    answer = whole(response)
    match fault:
        case Latency(seconds):
            return [Pause(seconds), answer]
        case Reset("during"):
            return [answer[: len(answer) // 2], ConnectionAction.RESET]
        case Reset():
            return [answer, ConnectionAction.LISTEN, ConnectionAction.RESET]
        case Truncated():
            head, empty_line, body = answer.partition(b"\r\n\r\n")
            return [head + empty_line + body[: len(body) // 2], ConnectionAction.CLOSE]
        case WrongLength(by):
            mislabelled = whole(response, length=max(0, len(response.body) + by))
            return [mislabelled, ConnectionAction.CLOSE] if by > 0 else [mislabelled]
        case Drip():
            return _drip(answer, fault)
        case Garbage("head"):
            return [_NOT_TEXT + noise(_NOISE), ConnectionAction.CLOSE]
        case Garbage():
            return [whole(response._replace(status=200, body=_NOT_TEXT + noise(_NOISE)))]
        case HangUp():
            return [answer, ConnectionAction.CLOSE]


def _drip(answer: bytes, drip: Drip) -> Iterator[DeliveryAction]:
    for start in range(0, len(answer), drip.size):
        if start:
            yield Pause(drip.every)
        yield answer[start : start + drip.size]
