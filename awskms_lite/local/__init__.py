"""An AWS KMS on localhost, for tests and demonstrations.

    with LocalKMS() as kms:
        arn = kms.add_key(last_usage=datetime(2026, 5, 1, tzinfo=UTC))
        client = KMSClient(environ=kms.environ)

It speaks HTTP/1.1 on loopback, verifies every signature by recomputing it, and answers as KMS does, errors
included. STS's AssumeRole and GetCallerIdentity, CloudTrail's LookupEvents and Organizations' ListAccounts are
there too, and other SDKs work against all of them. It injects faults of networks and services on request, and
counts the requests. It keeps its keys in memory and must never
protect anything real: its credentials follow from the account id, and its cipher is a substitute.
"""

from .errors import ApiError
from .http.faults import (
    Drip,
    Error,
    Garbage,
    HandshakeFailure,
    HangUp,
    Latency,
    Reset,
    Truncated,
    Unavailable,
    WrongLength,
)
from .http.stats import Stats
from .local_kms import LocalKMS

__all__ = [
    "ApiError",
    "Drip",
    "Error",
    "Garbage",
    "HandshakeFailure",
    "HangUp",
    "Latency",
    "LocalKMS",
    "Reset",
    "Stats",
    "Truncated",
    "Unavailable",
    "WrongLength",
]
