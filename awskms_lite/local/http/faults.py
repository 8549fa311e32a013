"""Faults of responses and connections, as records for `LocalKMS.inject_fault`.

Each says what the client sees, and whether the operation was carried out: a client that cannot know must be
careful to ask again. An invalid value raises `ValueError`.
"""

from typing import Literal, TypeAlias

from attrs import frozen

_LONGEST = 24 * 60 * 60  # seconds, a day: beyond it a wait is a mistake


@frozen
class Error:
    """An error of this code in place of the answer. Not carried out, and the signature not looked at.

    It comes as KMS would send it, or STS if the request is for it. `retry_after`, in seconds, goes out as
    `x-amz-retry-after` in whole milliseconds.
    """

    code: str
    message: str | None = None
    status: int = 400
    retry_after: float | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.code, str) or not self.code:
            raise ValueError(f"code={self.code!r} is not an error code: pass a name like 'KMSInternalException'")
        _check_status(self.status)
        if self.retry_after is not None and not 0 <= self.retry_after <= _LONGEST:
            raise ValueError(f"retry_after={self.retry_after!r} is not a wait: pass seconds from 0 to {_LONGEST}")


@frozen
class Unavailable:
    """A page of HTML with this status, without a code or a request id, as from a proxy. Not carried out."""

    status: int = 503

    def __attrs_post_init__(self) -> None:
        _check_status(self.status)


@frozen
class Latency:
    """The right answer, so many seconds late. Carried out at once."""

    seconds: float

    def __attrs_post_init__(self) -> None:
        _check_wait("seconds", self.seconds)


@frozen
class Reset:
    """A connection that is reset: `when` is 'before', 'during' or 'after' the answer.

    'before': no answer; not carried out. 'during': half of the answer's bytes; carried out. 'after': the whole
    answer; carried out, and the connection looks sound until the client speaks over it once more, so that
    the client's next request fails, unread.
    """

    when: Literal["before", "during", "after"]

    def __attrs_post_init__(self) -> None:
        if self.when not in ("before", "during", "after"):
            raise ValueError(f"when={self.when!r} is not a moment of a Reset: pass 'before', 'during' or 'after'")


@frozen
class Truncated:
    """Half of the body under the length of the whole, then the end, in good order. Carried out."""


@frozen
class WrongLength:
    """The whole answer under a Content-Length that is off by `by`. Carried out.

    Too long a length, and the connection ends in good order before it is reached; too short a one (0 at
    least), and the surplus bytes stand before the connection's next answer.
    """

    by: int

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.by, int) or self.by == 0:
            raise ValueError(
                f"by={self.by!r} does not change the length: pass a whole number of bytes above or below 0"
            )


@frozen
class Drip:
    """The right answer, `size` bytes at a time and `every` so many seconds. Carried out."""

    every: float
    size: int = 1

    def __attrs_post_init__(self) -> None:
        _check_wait("every", self.every)
        if not isinstance(self.size, int) or self.size < 1:
            raise ValueError(f"size={self.size!r} is not a size: pass a number of bytes from 1 up")


@frozen
class Garbage:
    """Bytes drawn from the seed: `where` is 'head' or 'body'. Carried out.

    'head': nothing that resembles HTTP, then the end. 'body': a sound 200 whose body is not JSON.
    """

    where: Literal["head", "body"]

    def __attrs_post_init__(self) -> None:
        if self.where not in ("head", "body"):
            raise ValueError(f"where={self.where!r} is not a place for Garbage: pass 'head' or 'body'")


@frozen
class HangUp:
    """The right answer, which does not say that the connection ends; then it does, in good order. Carried out."""


@frozen
class HandshakeFailure:
    """A TLS handshake that the server breaks off with an alert. A fault of connections: no request is read."""


DeliveryFault: TypeAlias = Latency | Reset | Truncated | WrongLength | Drip | Garbage | HangUp
"""A fault in how a response is delivered."""

RequestFault: TypeAlias = Error | Unavailable | DeliveryFault
"""A fault of one request."""


def _check_status(status: int) -> None:
    if not isinstance(status, int) or not 300 <= status <= 599 or status == 304:
        raise ValueError(
            f"status={status!r} is not an error status: pass one from 300 to 599, but for 304, which has no body"
        )


def _check_wait(name: str, seconds: float) -> None:
    if not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST:
        raise ValueError(f"{name}={seconds!r} is not a wait: pass seconds above 0, at most {_LONGEST}")
