"""Principals: the account, region and ARN behind a signature."""

import re
from functools import lru_cache
from typing import NamedTuple, Self

from ..arns import partition_of
from .accounts import access_key_id_of, secret_of
from .roles import Role, Session, credentials_of, parse_role, session_of, unique_id

_ACCESS_KEY_ID = re.compile(r"(AKIA|ASIA)([0-9]{12})(LITE|(?<=AKIA[0-9]{12})ROOT)")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_NAME = r"[A-Za-z0-9_+=,.@-]{1,64}"
_USER_ARN = re.compile(rf"arn:aws[a-z-]*:iam::([0-9]{{12}}):(root|user/(?:[!-~]+/)?{_NAME})")
_SESSION_ARN = re.compile(rf"arn:(aws[a-z-]*):sts::([0-9]{{12}}):assumed-role/({_NAME})/({_NAME})")
_SESSION_NAME = "session"  # of a role that is named without one


class Signer(NamedTuple):
    """The owner of an access key: a user or the root of an account, or a session of one of its roles."""

    secret: str
    account_id: str
    session: Session | None = None
    user: str = "user/local"


class Caller(NamedTuple):
    """Who signed a request, and for which region: a session, or a user (`root` is the account itself)."""

    account_id: str
    region: str
    session: Session | None = None
    access_key_id: str = ""
    user: str = "user/local"

    @classmethod
    def user_of(cls, account_id: str, region: str, user: str = "user/local") -> Self:
        """Return a user of the account, by default the one whose long-term credentials are known."""
        return cls(account_id, region, access_key_id=access_key_id_of(account_id, root=user == "root"), user=user)

    @property
    def arn(self) -> str:
        """The caller's ARN: of the assumed role, or of the user."""
        if self.session is not None:
            return self.session.arn
        return f"arn:{partition_of(self.region)}:iam::{self.account_id}:{self.user}"

    @property
    def id(self) -> str:
        """The caller's unique id: of the assumed role, or of the user; the account's own is the account id."""
        if self.session is not None:
            return self.session.id
        return self.account_id if self.is_root else unique_id("AIDA", self.arn)

    @property
    def is_root(self) -> bool:
        """Whether the caller is the account itself."""
        return self.session is None and self.user == "root"

    @property
    def name(self) -> str:
        """The caller's name in an event history: of the session, or of the user without its path."""
        return self.session.name if self.session is not None else self.user.rpartition("/")[2]

    def condition_value(self, name: str) -> str | None:
        """Return the value of a condition key that is about the caller, by its name in small letters."""
        if name == "aws:principalarn":
            return self.arn if self.session is None else self.session.role.arn
        return self.account_id if name in ("aws:principalaccount", "kms:calleraccount") else None

    @property
    def principals(self) -> tuple[str, ...]:
        """The principals in a policy that match the caller: anyone, the account, the user or role, the session."""
        role = () if self.session is None else (self.session.role.arn,)
        return "*", self.account_id, root_of(self.region, self.account_id), self.arn, *role


def parse_principal(principal: str, region: str) -> Caller | None:
    """Return the caller behind a principal, None if it is invalid.

    A principal is an account id, or the ARN of an account, a user, a role or the session of one.
    """
    if _ACCOUNT_ID.fullmatch(principal):
        return Caller.user_of(principal, region, "root")
    session = _session_of(principal)
    if session is not None:
        account_id = session.role.account_id
        return Caller(account_id, region, session, access_key_id=f"ASIA{account_id}LITE")
    match = _USER_ARN.fullmatch(principal)
    return Caller.user_of(match[1], region, match[2]) if match else None


def _session_of(principal: str) -> Session | None:
    role = parse_role(principal)
    if role is not None:
        return Session(role, _SESSION_NAME, 0)
    match = _SESSION_ARN.fullmatch(principal)
    return Session(Role(match[1], match[2], "", match[3]), match[4], 0) if match else None


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
        user = "root" if match[3] == "ROOT" else "user/local"
        return Signer(secret_of(access_key_id), match[2], user=user)
    session = None if token is None else session_of(token)
    if session is None or session.role.account_id != match[2]:
        return None
    return Signer(credentials_of(session).secret_access_key, match[2], session)
