"""What the sources share: their results, their requests, and how they read JSON, times and credentials."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple, TypeAlias, cast

from ..errors import CredentialsError, ProtocolError, TransportError
from ..identity import Credentials
from ..retry import Outcome, delay, send_until_final
from ..service_clock import read_iso_time
from ..steps import Flow, Request, Response

ATTEMPTS = 3
"""How often a source is asked, as the AWS SDKs do."""
_VISIBLE = re.compile(r"[!-~]+")
_KEY_ID = re.compile(r"[!-+\-.0-~]+")  # visible, but for what ends it in a credential scope: comma and slash
_NO_JSON = object()


class NotConfigured(NamedTuple):
    """The source is not configured, and the next one may be asked; the reason is for people to read."""

    reason: str


Resolved: TypeAlias = Credentials | NotConfigured


def validated(credentials: Credentials) -> Credentials:
    """Return the credentials; raise `CredentialsError`, which repeats no value, if a part cannot be in a header.

    A line end in a token would split the request in two. An expiry without a time zone is refused too.
    """
    parts: dict[str, tuple[object, re.Pattern[str]]] = {
        "access key id": (credentials.access_key_id, _KEY_ID),
        "secret access key": (credentials.secret_access_key, _VISIBLE),
        "session token": (credentials.session_token, _VISIBLE),
    }
    for name, (value, wanted) in parts.items():
        if value is None and name == "session token":
            continue
        if not isinstance(value, str) or not wanted.fullmatch(value):
            raise CredentialsError(
                f"The {name} ({credentials.source}) is missing, or holds a character that is not allowed, such as "
                "a space or a line end: set it again."
            )
        if {value[0], value[-1]} & set("\"'"):
            raise CredentialsError(
                f"The {name} ({credentials.source}) is in quotation marks, which count as a part of it (as in a "
                "file for Docker's --env-file): remove them."
            )
    expiry: object = credentials.expires_at
    if not isinstance(expiry, datetime | None):
        raise CredentialsError(
            f"The credentials ({credentials.source}) expire at a {type(expiry).__name__}: make it a datetime."
        )
    if expiry is not None and expiry.tzinfo is None:
        raise CredentialsError(
            f"The credentials ({credentials.source}) expire at a time without a time zone: add one."
        )
    return credentials


def read_object(content: bytes, source: str) -> dict[str, Any]:
    """Return the JSON object in `content`.

    Raise `CredentialsError`, which repeats none of it, if there is none.
    """
    try:
        value: object = json.loads(content.decode())
    except (ValueError, RecursionError):
        value = _NO_JSON
    if value is _NO_JSON:  # out here because the exception above holds the whole content
        raise CredentialsError(f"{source}: the content is not JSON ({len(content)} bytes).")
    if not isinstance(value, dict):
        raise CredentialsError(f"{source}: the content is a JSON {type(value).__name__}, not an object.")
    return cast(dict[str, Any], value)


def read_time(text: object, source: str) -> datetime:
    """Return the aware UTC datetime of an ISO 8601 text; raise `CredentialsError` if it is invalid."""
    moment = read_iso_time(text)
    if moment is None:
        raise CredentialsError(f"{source}: the expiry is not an ISO 8601 time.")
    return moment


def is_transient(response: Response) -> bool:
    """Return whether the status of a response says that the same request may succeed later."""
    return response.status >= 500 or response.status == 429


def fetch(
    request: Request,
    source: str,
    random: Callable[[], float],
    *,
    timeout: float | None = None,
    direct: bool = False,
    is_retryable: Callable[[Response], bool] = is_transient,
    attempts: int = ATTEMPTS,
) -> Flow[Response]:
    """Send a request up to `attempts` times, until it is answered by a response that is not to be retried.

    Raise `CredentialsError`, with its cause chained, if the last attempt brought no response.
    """

    def again(outcome: Outcome) -> bool:
        return not isinstance(outcome, Response) or is_retryable(outcome)

    try:
        return (
            yield from send_repeatedly(
                request, random, timeout=timeout, direct=direct, again=again, attempts=attempts
            )
        )
    except (TransportError, ProtocolError) as error:
        raise CredentialsError(f"{source} cannot be reached: {error}") from error


def send_repeatedly(
    request: Request,
    random: Callable[[], float],
    *,
    timeout: float | None,
    direct: bool,
    again: Callable[[Outcome], bool],
    attempts: int,
) -> Flow[Response]:
    """Send a request up to `attempts` times, with backoff, while `again` is true of what came of it.

    Return the last response, or raise the `TransportError` or `ProtocolError` of the last attempt.
    """
    retries = count()

    def wait_after(outcome: Outcome) -> float | None:
        retry = next(retries)
        return delay("transient", retry, random) if retry + 1 < attempts and again(outcome) else None

    return (yield from send_until_final(lambda: request, wait_after, timeout=timeout, direct=direct))
