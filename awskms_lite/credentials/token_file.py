"""A token that something else keeps in a file, and renews there: so it is read anew each time."""

from ..errors import ConfigurationError, CredentialsError
from ..steps import Flow, read


def read_text(path: str, source: str) -> Flow[str]:
    """Give what a token file holds, as it stands there.

    Raises `CredentialsError`, which repeats none of it, for one that is missing, blank, not text or not readable.
    """
    try:
        content = yield from read(path)
    except ConfigurationError as error:
        raise CredentialsError(f"{source}: the token file is of no use. {error}") from error
    if content is None:
        raise CredentialsError(f"{source}: there is no token file {path}. Mount it, or name another.")
    if not content.strip():
        raise CredentialsError(f"{source}: the token file {path} is empty. See why nobody writes the token there.")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        start = error.start
    raise CredentialsError(  # out here because the exception above holds the whole file
        f"{source}: the token file {path} holds no token, but something else from byte {start} on. Name another."
    )
