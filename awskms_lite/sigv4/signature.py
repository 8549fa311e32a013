"""What follows the canonical request: time stamp, scope, string to sign, signing key, signature."""

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from awskms_lite.errors import ParameterError
from awskms_lite.identity import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"

# The first of each makes OpenSSL load it, under locks that a child would find held which is forked meanwhile.
sha256()
hmac.digest(b"", b"", "sha256")


def stamp_and_scope(credentials: Credentials, region: str, service: str, now: object) -> tuple[str, str]:
    """Give the time stamp (UTC, to the second) and the credential scope, their sources checked."""
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise ParameterError("now must be an aware datetime: datetime.now(timezone.utc), for one.")
    check_scope(region, service)
    check_credentials(credentials)
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return stamp, credential_scope(stamp[:8], region, service)


def credential_scope(day: str, region: str, service: str) -> str:
    """Give what a signature is good for: a day (YYYYMMDD, UTC), a region and a service."""
    return f"{day}/{region}/{service}/aws4_request"


def check_scope(region: object, service: object) -> None:
    """Raise `ParameterError` for a region or service that would not stay within its part of the scope."""
    for what, part in (("region", region), ("service", service)):
        if not _visible(part, but="/,"):
            raise ParameterError(f"The {what} must be a plain name, such as us-east-1 or kms.")


def check_credentials(credentials: Credentials) -> None:
    """Refuse stray characters, such as a pasted line's end: AWS would call the signature wrong, not why."""
    for what, fit in (
        ("access key id", _visible(credentials.access_key_id, but="/,")),
        ("secret access key", _visible(credentials.secret_access_key)),
        ("session token", _visible(credentials.session_token or "-")),
    ):
        if not fit:
            raise ParameterError(f"The {what} is empty or has a character that none can have: copy it anew.")


def _visible(value: object, but: str = "") -> bool:
    """Whether it is a str of visible ASCII, no space, without these characters."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    return bool(value) and not any(character in value for character in f" {but}")


def hash_canonical(canonical: str, stamp: str, scope: str) -> str:
    """Give the string to sign for a canonical request."""
    return f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"


@lru_cache(maxsize=128)  # one for each account and region of an audit; thread-safe, no argument in its repr
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Derive the key of a day (YYYYMMDD), a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(credentials: Credentials, region: str, service: str, text: str) -> str:
    """Sign a string to sign, whose time stamp names the day; in lower-case hex."""
    day = text[len(ALGORITHM) + 1 :][:8]
    key = signing_key(credentials.secret_access_key, day, region, service)
    return hmac.digest(key, text.encode(), "sha256").hex()


def authorization(credentials: Credentials, scope: str, signed_headers: Iterable[str]) -> str:
    """Give the Authorization header up to the signature, which comes last."""
    names = ";".join(signed_headers)
    return f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature="
