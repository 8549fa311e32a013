"""Uses of keys, successful and refused, that a test or a demonstration adds to their past."""

from collections.abc import Mapping
from datetime import datetime

from ..arguments import check_text, check_text_map
from ..auth.permissions import missing_permission
from ..auth.principals import Caller, parse_principal
from ..clock import milliseconds
from ..cloudtrail.events import Event
from .keys import Key, Usage
from .recording import DENIED, add_event
from .states import USABLE, in_words
from .store import Store

# The operations that count as a use of a key (GetKeyLastUsage, API reference).
_CRYPTOGRAPHIC_OPERATIONS = (
    "Decapsulate", "Decrypt", "DeriveSharedSecret", "Encapsulate", "Encrypt", "GenerateDataKey",
    "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
    "ReEncrypt", "Sign", "Verify", "VerifyMac",
)  # fmt: skip

# The state that a refusal with each code is about, if the key can be used now.
_STATES = {"DisabledException": "Disabled", "KMSInvalidStateException": "PendingDeletion"}
_USER_AGENT = "LocalKMS"  # of callers that no request came from


def seed_use(
    store: Store,
    key: Key,
    operation: str,
    *,
    at: datetime | None,
    principal: str | None,
    invoked_by: str | None,
    encryption_context: Mapping[str, str] | None,
    error_code: str | None,
) -> str:
    """Record a use of the key, or one that was refused with `error_code`; return the id of its event.

    Raises `ValueError` and records nothing if there could be no such use.
    """
    _check_arguments(operation, invoked_by, encryption_context, error_code)
    caller = None if invoked_by and principal is None else _caller(principal, key)
    usage = Usage(operation, _time(store, key, at, error_code))
    parameters = _parameters(key, operation)
    if encryption_context:
        name = "SourceEncryptionContext" if operation == "ReEncrypt" else "EncryptionContext"
        parameters[name] = dict(encryption_context)
    error_code = DENIED if error_code == "AccessDeniedException" else error_code
    _record(store, key, usage, caller, parameters, invoked_by=invoked_by, error_code=error_code)
    is_tracked = error_code is None and usage.timestamp >= key.tracking_start_date
    if is_tracked and (key.last_usage is None or key.last_usage.timestamp <= usage.timestamp):
        key.last_usage = usage
    return usage.cloud_trail_event_id


def seed_last_use(store: Store, key: Key, usage: Usage) -> None:
    """Record the use that a key was added with, by the user of its account."""
    _record(store, key, usage, Caller.user_of(key.account_id, key.region), _parameters(key, usage.operation))


def _record(
    store: Store,
    key: Key,
    usage: Usage,
    caller: Caller | None,
    parameters: Mapping[str, object],
    *,
    invoked_by: str | None = None,
    error_code: str | None = None,
) -> None:
    """Add the events of the use, whose event id is the one in the key's own account, or that of a denial."""
    account_id = key.account_id if caller is None else caller.account_id
    event_ids = {account_id: store.trail.new_id(), key.account_id: usage.cloud_trail_event_id}
    if error_code == DENIED:
        event_ids[account_id] = usage.cloud_trail_event_id
    event = Event(
        usage.timestamp,
        store.trail.next_number(),
        event_ids[account_id],
        account_id,
        key.region,
        usage.operation,
        usage.kms_request_id,
        caller,
        (key,),
        parameters,
        error_code=error_code,
        error_message=None if error_code is None else _message(key, usage.operation, caller, error_code),
        invoked_by=invoked_by,
        user_agent=_USER_AGENT,
    )
    add_event(store, event, event_ids)


def _check_arguments(
    operation: str, invoked_by: str | None, encryption_context: Mapping[str, str] | None, error_code: str | None
) -> None:
    check_text("operation", operation)
    if operation not in _CRYPTOGRAPHIC_OPERATIONS:
        raise ValueError(f"{operation!r} does not use a key: pass one of {', '.join(_CRYPTOGRAPHIC_OPERATIONS)}")
    for name, value in (("invoked_by", invoked_by), ("error_code", error_code)):
        if value is not None:
            check_text(name, value)
        if value == "":
            raise ValueError(f"{name} is empty: pass a name, or leave it out")
    if encryption_context is not None:
        check_text_map("encryption_context", encryption_context)


def _time(store: Store, key: Key, at: datetime | None, error_code: str | None) -> int:
    now = store.clock.now()
    if at is None and error_code is None and key.state not in USABLE:
        raise ValueError(
            f"{key.arn} is in {key.state} and cannot be used now: pass the time of an earlier use as `at`, or the "
            "error_code that a use gets"
        )
    time = now if at is None else milliseconds(at)
    if not key.creation_date <= time <= now:
        raise ValueError(
            f"at={at!r} is before {key.arn} was created, or in the future: pass another time, or add the key "
            "with an earlier `created`"
        )
    return time


def _caller(principal: str | None, key: Key) -> Caller:
    if principal is None:
        return Caller.user_of(key.account_id, key.region)
    check_text("principal", principal)
    caller = parse_principal(principal, key.region)
    if caller is None:
        raise ValueError(
            f"{principal!r} is not a principal: pass an account id, or the ARN of an account, a user, a role or "
            "the session of one"
        )
    return caller


def _parameters(key: Key, operation: str) -> dict[str, object]:
    """Return request parameters for the operation; as in many events, a Decrypt does not name the key."""
    if operation == "ReEncrypt":
        return {"SourceKeyId": key.arn, "DestinationKeyId": key.arn}
    parameters: dict[str, object] = {} if operation == "Decrypt" else {"KeyId": key.arn}
    if operation in ("Encrypt", "Decrypt"):
        parameters["EncryptionAlgorithm"] = key.algorithms[0]
    if operation.startswith("GenerateDataKey") and "Pair" not in operation:
        parameters["KeySpec"] = "AES_256"
    return parameters


def _message(key: Key, operation: str, caller: Caller | None, error_code: str) -> str | None:
    """Return KMS's text for a refusal: by the state of the key if it cannot be used, else by the code."""
    if error_code == DENIED:
        return None if caller is None else missing_permission(caller, f"kms:{operation}", key.arn)
    state = _STATES.get(error_code) if key.state in USABLE else key.state
    return None if state is None or error_code not in _STATES else f"{key.arn} is {in_words(state)}."
