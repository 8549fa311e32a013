"""A token in a file that another program renews, so that it is read again each time."""

from ..errors import ConfigurationError, CredentialsError
from ..steps import Flow, read


def read_text(path: str, source: str) -> Flow[str]:
    """Return the content of a token file, untrimmed.

    Raise `CredentialsError`, which repeats none of it, if the file is missing, unreadable, blank or not ASCII.
    """
    try:
        content = yield from read(path)
    except ConfigurationError as error:
        raise CredentialsError(f"{source}: the token file cannot be read. {error}") from error
    if content is None:
        raise CredentialsError(f"{source}: the token file {path} does not exist. Mount it, or name another.")
    if not content.strip():
        raise CredentialsError(
            f"{source}: the token file {path} is empty. Check the program that writes the token there."
        )
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        start = error.start
    raise CredentialsError(  # out here because the exception above holds the whole file
        f"{source}: the token file {path} is not ASCII from byte {start} on, so it holds no token. Name another."
    )
