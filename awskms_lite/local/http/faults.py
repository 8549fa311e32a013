"""Faults of responses and connections, as records for `LocalKMS.inject_fault`.

Each docstring says what the client sees and whether the operation was carried out, which decides whether it is
safe to send the request again. An invalid value raises `ValueError`.
"""

from typing import Literal, TypeAlias

from attrs import frozen

_LONGEST = 24 * 60 * 60  # seconds, one day: a longer wait is a mistake


@frozen
class Error:
    """An error of this code in place of the answer. Not carried out, and the signature is not checked.

    It has the form of an error of KMS, or of STS if the request is for STS. `retry_after`, in seconds, goes out as
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
    """The right answer, `seconds` late. Carried out at once."""

    seconds: float

    def __attrs_post_init__(self) -> None:
        _check_wait("seconds", self.seconds)


@frozen
class Reset:
    """A connection that is reset: `when` is 'before', 'during' or 'after' the answer.

    'before': no answer; not carried out. 'during': half of the answer's bytes; carried out. 'after': the whole
    answer; carried out, and the connection looks usable until the client sends its next request over it, which
    fails unread.
    """

    when: Literal["before", "during", "after"]

    def __attrs_post_init__(self) -> None:
        if self.when not in ("before", "during", "after"):
            raise ValueError(f"when={self.when!r} is not a moment of a Reset: pass 'before', 'during' or 'after'")


@frozen
class Truncated:
    """Half of the body under the length of the whole, then an orderly close. Carried out."""


@frozen
class WrongLength:
    """The whole answer under a Content-Length that is off by `by`. Carried out.

    If it is too long, the connection is closed before it is reached. If it is too short (0 at least), the surplus
    bytes come before the next answer on the connection.
    """

    by: int

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.by, int) or self.by == 0:
            raise ValueError(
                f"by={self.by!r} does not change the length: pass a whole number of bytes above or below 0"
            )


@frozen
class Drip:
    """The right answer, `size` bytes at a time, with `every` seconds between. Carried out."""

    every: float
    size: int = 1

    def __attrs_post_init__(self) -> None:
        _check_wait("every", self.every)
        if not isinstance(self.size, int) or self.size < 1:
            raise ValueError(f"size={self.size!r} is not a size: pass a number of bytes from 1 up")


@frozen
class Garbage:
    """Random bytes from the seed: `where` is 'head' or 'body'. Carried out.

    'head': bytes that are not HTTP, then an orderly close. 'body': a valid HTTP 200 whose body is not JSON.
    """

    where: Literal["head", "body"]

    def __attrs_post_init__(self) -> None:
        if self.where not in ("head", "body"):
            raise ValueError(f"where={self.where!r} is not a place for Garbage: pass 'head' or 'body'")


@frozen
class HangUp:
    """The right answer without `Connection: close`, then an orderly close all the same. Carried out."""


@frozen
class HandshakeFailure:
    """A TLS handshake that the server aborts with an alert. It is a fault of connections: no request is read."""


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
