"""Roles, and the temporary credentials of those who assume them.

Stateless, as the lasting keys of `accounts` are: the session token says whose session it is and until when, under
a seal, and the secret follows from it and from the access key id, `ASIA` + the 12 digits of the role's account +
`LITE`. So a token that was altered or made up is known for what it is, in any process.
"""

import base64
import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from awskms_lite.identity import Credentials

from .accounts import seal, secret_of

SESSION_NAME = r"[\w+=,.@-]*"  # IAM's alphabet of names, as the API reference spells it

_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/((?:[!-~]+/)?)([A-Za-z0-9_+=,.@-]{1,64})")
_SEAL_BYTES = 32


class Role(NamedTuple):
    """An IAM role; `path` is empty or ends with a slash."""

    partition: str
    account_id: str
    path: str
    name: str

    @property
    def arn(self) -> str:
        """The role's ARN."""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{self.path}{self.name}"

    @property
    def id(self) -> str:
        """The role's unique id."""
        return unique_id("AROA", self.arn)


class Session(NamedTuple):
    """A role that somebody assumed; `expires_at` is in seconds since 1970."""

    role: Role
    name: str
    expires_at: int

    @property
    def arn(self) -> str:
        """The ARN of the assumed role: without the role's path, as AWS has it."""
        role = self.role
        return f"arn:{role.partition}:sts::{role.account_id}:assumed-role/{role.name}/{self.name}"

    @property
    def id(self) -> str:
        """The unique id of the assumed role."""
        return f"{self.role.id}:{self.name}"


def unique_id(prefix: str, arn: str) -> str:
    """Return IAM's id of what bears the ARN; its prefix is AROA for a role, AIDA for a user."""
    return prefix + base64.b32encode(sha256(arn.encode("ascii")).digest()).decode("ascii")[:17]


def parse_role(arn: str) -> Role | None:
    """Return the role of an ARN, None if it is not the ARN of a role."""
    match = _ROLE_ARN.fullmatch(arn)
    return Role(*match.groups()) if match else None


def credentials_of(session: Session) -> Credentials:
    """Return the session's credentials, the same ones each time."""
    access_key_id, token = f"ASIA{session.role.account_id}LITE", _token(session)
    return Credentials(
        access_key_id,
        secret_of(f"{access_key_id} {token}"),
        token,
        account_id=session.role.account_id,
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        source="LocalKMS",
    )


def session_of(token: bytes) -> Session | None:
    """Return the session of a token, None if the token is not of this server; an expired one is returned too."""
    try:
        text = base64.b64decode(token)[_SEAL_BYTES:].decode("ascii")
        expires_at, name, arn = text.split(" ")
        role = parse_role(arn)
        session = Session(role, name, int(expires_at)) if role else None
    except ValueError:
        return None
    # Made anew and not merely checked: no second spelling of a token passes for it.
    return session if session is not None and hmac.compare_digest(_token(session).encode("ascii"), token) else None


def _token(session: Session) -> str:
    text = f"{session.expires_at} {session.name} {session.role.arn}"
    return base64.b64encode(seal(f"session {text}") + text.encode("ascii")).decode("ascii")
