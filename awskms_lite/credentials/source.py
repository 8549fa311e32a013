"""What the sources share: how a source passes, how it reads JSON and times, and what it may hand out."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, cast

from ..errors import CredentialsError, ProtocolError, TransportError
from ..identity import Credentials
from ..retry import delay
from ..service_clock import read_iso_time
from ..steps import Flow, Request, Response, send, sleep

ATTEMPTS = 3
_VISIBLE = re.compile(r"[!-~]+")
_KEY_ID = re.compile(r"[!-+\-.0-~]+")  # visible, but for what ends it in a credential scope: comma and slash
_NO_JSON = object()


class NotConfigured(NamedTuple):
    """A source has nothing to say, and the next may be asked; the reason is for people to read."""

    reason: str


Resolved: TypeAlias = Credentials | NotConfigured


def checked(credentials: Credentials) -> Credentials:
    """Give the credentials back; raises `CredentialsError` where a part could not stand in a header.

    A line end in a token would break the request apart, so it is refused here, without repeating the value. So
    is an end without a time zone.
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
                f"The {name} ({credentials.source}) is missing, or holds a character that none has, a space "
                "perhaps or a line end: set it anew."
            )
        if {value[0], value[-1]} & set("\"'"):
            raise CredentialsError(
                f"The {name} ({credentials.source}) stands in quotation marks, which count as a part of it (as in "
                "a file for Docker's --env-file): take them out."
            )
    if credentials.expires_at is not None and credentials.expires_at.tzinfo is None:
        raise CredentialsError(
            f"The credentials ({credentials.source}) end at a time without a time zone: add it."
        )
    return credentials


def read_object(content: bytes, source: str) -> dict[str, Any]:
    """Give the JSON object that a source answered with; raises `CredentialsError`, which repeats none of it."""
    try:
        value: object = json.loads(content.decode())
    except (ValueError, RecursionError):
        value = _NO_JSON
    if value is _NO_JSON:  # out here because the exception above holds the whole content
        raise CredentialsError(f"{source} gave something that is not JSON ({len(content)} bytes).")
    if not isinstance(value, dict):
        raise CredentialsError(f"{source} gave a JSON {type(value).__name__}, not an object.")
    return cast(dict[str, Any], value)


def read_time(text: object, source: str) -> datetime:
    """Give the aware UTC datetime that an ISO 8601 text stands for; raises `CredentialsError`."""
    moment = read_iso_time(text)
    if moment is None:
        raise CredentialsError(f"{source} gave an expiry that is not an ISO 8601 time.")
    return moment


def fetch(
    request: Request,
    source: str,
    random: Callable[[], float],
    *,
    timeout: float | None = None,
    direct: bool = False,
    again: Callable[[Response], bool] = lambda response: response.status >= 500 or response.status == 429,
    attempts: int = ATTEMPTS,
) -> Flow[Response]:
    """Send a request until there is an answer that is not to be asked for `again`, so many times at most.

    Raises `CredentialsError`, with its cause chained, where the last attempt brought no answer at all.
    """
    for retry in range(attempts):
        last = retry == attempts - 1
        try:
            response = yield from send(request, timeout, direct=direct)
        except (TransportError, ProtocolError) as error:
            if last:
                raise CredentialsError(f"{source} cannot be reached: {error}") from error
        else:
            if last or not again(response):
                return response
        yield from sleep(delay("transient", retry, random))
    raise AssertionError("the last attempt returns or raises")
