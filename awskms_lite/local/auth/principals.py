"""Principals: the account, region and ARN behind a signature."""

import re
from functools import lru_cache
from typing import NamedTuple

from ..arns import partition_of
from .accounts import secret_of
from .roles import Session, credentials_of, session_of, unique_id

_ACCESS_KEY_ID = re.compile(r"(AKIA|ASIA)([0-9]{12})LITE")


class Signer(NamedTuple):
    """The owner of an access key: an account, or a session of one of its roles."""

    secret: str
    account_id: str
    session: Session | None = None


class Caller(NamedTuple):
    """Who signed a request, and for which region."""

    account_id: str
    region: str
    session: Session | None = None

    @property
    def arn(self) -> str:
        """The caller's ARN: of the assumed role, or of the one user of the account."""
        if self.session is not None:
            return self.session.arn
        return f"arn:{partition_of(self.region)}:iam::{self.account_id}:user/local"

    @property
    def id(self) -> str:
        """The caller's unique id: of the assumed role, or of that user."""
        return self.session.id if self.session is not None else unique_id("AIDA", self.arn)

    @property
    def principals(self) -> tuple[str, ...]:
        """The principals in a policy that match the caller: anyone, the account, the user or role, the session."""
        role = () if self.session is None else (self.session.role.arn,)
        return "*", self.account_id, root_of(self.region, self.account_id), self.arn, *role


def root_of(region: str, account_id: str) -> str:
    """Return the ARN that stands for a whole account."""
    return f"arn:{partition_of(region)}:iam::{account_id}:root"


@lru_cache(maxsize=256)
def signer_of(access_key_id: str, token: bytes | None) -> Signer | None:
    """Return the signer for an access key id and a session token, None if this server did not issue them.

    A temporary access key needs its own token. With a long-term one any token is accepted, so that a test can make
    one up.
    """
    match = _ACCESS_KEY_ID.fullmatch(access_key_id)
    if match is None:
        return None
    if match[1] == "AKIA":
        return Signer(secret_of(access_key_id), match[2])
    session = None if token is None else session_of(token)
    if session is None or session.role.account_id != match[2]:
        return None
    return Signer(credentials_of(session).secret_access_key, match[2], session)
