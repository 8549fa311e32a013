"""What an error means to an audit. Pure.

    one key             `is_transient`: it is read again later; any other error goes into the key's record
    the keys after it   `is_outage`: they will meet the same error, so reading pauses after some in a row
    a part of a target  `failure_of`: aliases or shared keys are missing, and the target's report has the failure
    a target            `status_after`: it was refused, or has failed
    the audit           `has_expired`, `unknown_caller`, `refused_everywhere`: the credentials are of no use

Every call has been retried by then as the retry policy says.
"""

from collections.abc import Sequence

from ..errors import (
    AccessDeniedException,
    ConfigurationError,
    CredentialsError,
    KMSLiteError,
    NotAuthorized,
    OptInRequired,
    ProtocolError,
    ServiceError,
    TransportError,
    UnrecognizedClientException,
    error_class,
)
from .records import Failure
from .targets import Target, TargetStatus

UNKNOWN_CALLER = ("UnrecognizedClientException", "OptInRequired")
"""What AWS answers in a region that the account has not enabled, and also to an access key that does not exist."""

GLOBAL_STS_HINT = (
    "The cause may also be the session token: regions that have to be enabled refuse one of the global endpoint "
    "of STS. Get one from a regional endpoint (AWS_STS_REGIONAL_ENDPOINTS=regional in older tools)."
)
"""What else `UNKNOWN_CALLER` can mean if the caller has a session token."""

_DENIED = ("AccessDeniedException", "NotAuthorized")
"""What KMS answers to a caller whom it knows."""

_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "CredentialsError")
"""The codes of failures by which credentials that were accepted before have come to their end."""

_REFUSED_SIGNATURES = (
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
)
"""What AWS answers in every region to credentials that are wrong."""

_REFUSALS = (AccessDeniedException, CredentialsError, NotAuthorized, OptInRequired, UnrecognizedClientException)

_ABOUT_A_KEY = ("DescribeKey", "ListResourceTags", "GetKeyLastUsage", "ListKeyRotations", "LookupEvents")


def failure_of(error: KMSLiteError, operation: str | None) -> Failure:
    """Return what a record or a report keeps of an error of an operation."""
    if isinstance(error, ServiceError):
        return Failure(error.code, error.message or "", error.request_id, operation)
    request_id = error.request_id if isinstance(error, ProtocolError) else None
    return Failure(type(error).__name__, str(error), request_id, operation)


def is_transient(error: KMSLiteError) -> bool:
    """Return whether the same request may succeed later, without any change.

    Credentials that could not be renewed now may be renewed later if the error behind that is transient.
    """
    if isinstance(error, CredentialsError):
        return isinstance(error.__cause__, KMSLiteError) and is_transient(error.__cause__)
    if isinstance(error, ServiceError):
        return error.retryable
    return isinstance(error, TransportError | ProtocolError)


def is_outage(error: KMSLiteError) -> bool:
    """Return whether requests about other keys will fail too: the service or the credentials are the cause."""
    if isinstance(error, ServiceError):
        return error.category == "transient" or error.code in (*UNKNOWN_CALLER, *_REFUSED_SIGNATURES)
    return isinstance(error, TransportError | CredentialsError | ConfigurationError)


def has_expired(error: KMSLiteError) -> bool:
    """Return whether the credentials have expired and cannot be renewed, so that nothing more can be read."""
    if isinstance(error, CredentialsError):
        return not is_transient(error)
    return isinstance(error, ServiceError) and error.code in _EXPIRED


def is_expiry(failure: Failure) -> bool:
    """Return whether credentials expired while keys were being read."""
    return failure.code in _EXPIRED and failure.operation in _ABOUT_A_KEY


def is_denial(failure: Failure) -> bool:
    """Return whether KMS knew the caller, and refused the operation."""
    return failure.code in _DENIED


def status_after(error: KMSLiteError, *, listed: int) -> TargetStatus:
    """Return the status of a target whose listing of keys ended with an error after so many keys."""
    return TargetStatus.REFUSED if isinstance(error, _REFUSALS) and not listed else TargetStatus.FAILED


def lost_worker(target: Target, error: BaseException) -> Failure:
    """Return the failure of a target whose worker of an executor raised this in place of a report."""
    name = type(error).__name__
    return Failure(name, f"The worker that read {target} ended without a report ({name}: {error}).")


def unknown_account() -> Failure:
    """Return the failure of a target whose checkpoint may be that of another account."""
    return Failure(
        "CheckpointError",
        "The account of these credentials could not be determined, so the answers of this target in the "
        "checkpoint were not used.",
    )


def unknown_caller(error: ServiceError, region: str, *, has_session_token: bool) -> CredentialsError | None:
    """Return the error of an audit of all regions whose first request was refused because of the credentials.

    None if the refusal has another cause, which may be one of this region.
    """
    if error.code in UNKNOWN_CALLER:
        hint = f" {GLOBAL_STS_HINT}" if has_session_token else ""
        return CredentialsError(
            f"KMS does not know the credentials in {region}, or the account has not enabled it: {error}{hint}"
        )
    if error.code in _REFUSED_SIGNATURES:
        return CredentialsError(f"KMS refuses the credentials in {region}: {error}")
    return None


def refused_everywhere(failures: Sequence[Sequence[Failure]]) -> CredentialsError | None:
    """Return the error of an audit whose targets, with these failures, were all refused for a wrong signature.

    None if any target ended otherwise.
    """
    if not all(each and each[-1].code in _REFUSED_SIGNATURES for each in failures):
        return None
    first = failures[0][-1]
    return CredentialsError(
        f"KMS refuses the credentials: {first.code}: {first.message} {error_class(first.code).remedy}"
    )
