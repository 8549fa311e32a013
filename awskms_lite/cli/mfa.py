"""The code of an MFA device, which the command asks for on the terminal."""

import sys

from ..errors import CredentialsError
from ..quoting import printable


def ask_for_code(serial: str) -> str:
    """Return the code that somebody types; raise `CredentialsError` if standard input is no terminal, or ends."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise CredentialsError(
            f"The profile wants a code of the MFA device {serial}, and there is no terminal to ask for it. Run "
            "this on one, or have the AWS CLI ask beforehand, and then name the region here (--region) and no "
            "profile:\n"
            'eval "$(aws configure export-credentials --profile NAME --format env)"'
        )
    from getpass import getpass

    try:
        return getpass(f"Code of the MFA device {printable(serial)}: ")
    except EOFError:
        raise CredentialsError(f"No code of the MFA device {serial} was typed: run the command again.") from None
