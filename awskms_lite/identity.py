"""Who signs: the credentials, and the one home of their secrets."""

from datetime import datetime

from attrs import field, frozen


@frozen
class Credentials:
    """AWS credentials, for as long as they last.

    `expires_at` is an aware UTC datetime, None for keys that do not expire; `source` says where they were
    found, for people to read. `static_stability` says that they go on being used after their expiry while no
    newer ones can be had, as those of an EC2 instance do. The secret and the token have no way out through
    `repr`.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    account_id: str | None = field(default=None, repr=False)
    expires_at: datetime | None = field(default=None, repr=False)
    source: str = field(default="given to the client", repr=False)
    static_stability: bool = field(default=False, repr=False)
