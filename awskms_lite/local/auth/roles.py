"""Roles, and the temporary credentials of their sessions.

Nothing is stored, as with the long-term keys of `accounts`: the session token contains the session and its expiry
behind a MAC, and the secret is computed from it and from the access key id, `ASIA` + the 12 digits of the role's
account + `LITE`. So every process recognizes a token that was altered or made up.
"""

import base64
import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from awskms_lite.identity import Credentials

from .accounts import keyed_digest, secret_of

SESSION_NAME = r"[\w+=,.@-]*"  # IAM's alphabet of names, as the API reference spells it

_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/((?:[!-~]+/)?)([A-Za-z0-9_+=,.@-]{1,64})")
_DIGEST_BYTES = 32


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
    """A session of an assumed role; `expires_at` is in seconds since 1970."""

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
    """Return IAM's unique id of the principal with this ARN; its prefix is AROA for a role, AIDA for a user."""
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
    """Return the session of a token, expired or not; None if this server did not issue the token."""
    try:
        text = base64.b64decode(token)[_DIGEST_BYTES:].decode("ascii")
        expires_at, name, arn = text.split(" ")
        role = parse_role(arn)
        session = Session(role, name, int(expires_at)) if role else None
    except ValueError:
        return None
    # Compared as a whole with a new token: base64 has several spellings of the same bytes, and one is valid.
    return session if session is not None and hmac.compare_digest(_token(session).encode("ascii"), token) else None


def _token(session: Session) -> str:
    text = f"{session.expires_at} {session.name} {session.role.arn}"
    return base64.b64encode(keyed_digest(f"session {text}") + text.encode("ascii")).decode("ascii")
