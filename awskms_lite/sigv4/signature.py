"""What follows the canonical request: time stamp, scope, string to sign, signing key, signature."""

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from ..errors import ParameterError
from ..identity import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"

# The first use of each makes OpenSSL load it under locks, which a child forked meanwhile would find held for ever.
sha256()
hmac.digest(b"", b"", "sha256")


def stamp_and_scope(credentials: Credentials, region: str, service: str, now: object) -> tuple[str, str]:
    """Return the time stamp (UTC, to the second) and the credential scope; raise `ParameterError` if invalid."""
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise ParameterError("now must be an aware datetime: pass datetime.now(timezone.utc), for example.")
    check_scope(region, service)
    check_credentials(credentials)
    stamp = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return stamp, credential_scope(stamp[:8], region, service)


def credential_scope(day: str, region: str, service: str) -> str:
    """Return the credential scope of a day (YYYYMMDD, UTC), a region and a service."""
    return f"{day}/{region}/{service}/aws4_request"


def check_scope(region: object, service: object) -> None:
    """Raise `ParameterError` for a region or a service that is not a plain name."""
    for what, part in (("region", region), ("service", service)):
        if not _visible(part, but="/,"):
            raise ParameterError(f"The {what} must be a plain name, such as us-east-1 or kms.")


def check_credentials(credentials: Credentials) -> None:
    """Raise `ParameterError` for stray characters, such as a pasted line end.

    AWS would only answer that the signature does not match.
    """
    for what, fit in (
        ("access key id", _visible(credentials.access_key_id, but="/,")),
        ("secret access key", _visible(credentials.secret_access_key)),
        ("session token", _visible(credentials.session_token or "-")),
    ):
        if not fit:
            raise ParameterError(f"The {what} is empty or has a character that is not allowed: copy it again.")


def _visible(value: object, but: str = "") -> bool:
    """Return whether it is a str of visible ASCII without spaces and without these characters."""
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    return bool(value) and not any(character in value for character in f" {but}")


def hash_canonical(canonical: str, stamp: str, scope: str) -> str:
    """Return the string to sign for a canonical request."""
    return f"{ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"


@lru_cache(maxsize=128)  # one for each account and region of an audit; thread-safe, no argument in its repr
def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Derive the signing key of a day (YYYYMMDD), a region and a service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(credentials: Credentials, region: str, service: str, text: str) -> str:
    """Return the signature of a string to sign, in lower-case hex; its time stamp names the day."""
    day = text[len(ALGORITHM) + 1 :][:8]
    key = signing_key(credentials.secret_access_key, day, region, service)
    return hmac.digest(key, text.encode(), "sha256").hex()


def authorization(credentials: Credentials, scope: str, signed_headers: Iterable[str]) -> str:
    """Return the Authorization header without the signature, which comes last."""
    names = ";".join(signed_headers)
    return f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature="
