"""The credentials that requests are signed with, and the one home of their secrets."""

from datetime import datetime

from attrs import field, frozen


@frozen
class Credentials:
    """AWS credentials.

    `expires_at` is an aware UTC datetime, None if they do not expire; `source` names their origin for people to
    read. With `static_stability` they stay in use after their expiry until newer ones come, as those of an EC2
    instance do. The repr shows neither the secret nor the token.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    account_id: str | None = field(default=None, repr=False)
    expires_at: datetime | None = field(default=None, repr=False)
    source: str = field(default="given to the client", repr=False)
    static_stability: bool = field(default=False, repr=False)
