"""The chain: which credentials a client signs with, found once and kept."""

import re
from collections.abc import Mapping

from ..errors import CredentialsError
from ..identity import Credentials
from ..steps import Flow

_UNFIT = re.compile(r"[^!-~]")


class CredentialsCache:
    """The credentials of one client: given to it, or found in the environment at the first use."""

    def __init__(self, given: Credentials | None, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._found = None if given is None else checked(given)

    def get(self) -> Flow[Credentials]:
        """Give the credentials; raises `CredentialsError` where there are none or they cannot be used."""
        if self._found is None:
            self._found = checked((yield from find(self._environ)))
        return self._found


def find(environ: Mapping[str, str]) -> Flow[Credentials]:
    """Ask the sources in order; raises `CredentialsError` that names them where none has any."""
    from . import environment

    found = yield from environment.load(environ)
    if found is None:
        raise CredentialsError(
            f"No credentials: none were given to the client, and {environment.KEY} and {environment.SECRET} "
            "are not set. Set them, or pass credentials=Credentials(...)."
        )
    return found


def checked(credentials: Credentials) -> Credentials:
    """Give the credentials back; raises `CredentialsError` where a part could not stand in a header.

    A line end in a token would break the request apart, so it is refused here, without repeating the value.
    """
    parts = {
        "access key id": credentials.access_key_id,
        "secret access key": credentials.secret_access_key,
        "session token": credentials.session_token,
    }
    for name, value in parts.items():
        if value is None:
            continue
        if not isinstance(value, str) or not value or _UNFIT.search(value):
            raise CredentialsError(
                f"The {name} ({credentials.source}) is empty or holds a character that none has, a space "
                "or a line end perhaps: copy it anew."
            )
    return credentials
