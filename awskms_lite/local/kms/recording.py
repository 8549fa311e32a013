"""What the event history keeps of a call of KMS.

It is part of every call, so it keeps references and makes no JSON. Plaintexts, ciphertexts, messages, signatures,
MACs and grant tokens are not kept, as at AWS.
"""

from collections.abc import Mapping

from ..cloudtrail.events import INTERNAL, Event
from ..errors import ApiError
from .call import Call
from .keys import Key
from .store import Store

# The members of requests that records show.
_SHOWN = frozenset(
    {
        "AliasName", "BypassPolicyLockoutSafetyCheck", "Constraints", "CustomKeyStoreId", "CustomKeyStoreName",
        "CustomerMasterKeySpec", "Description", "DestinationEncryptionAlgorithm", "DestinationEncryptionContext",
        "DestinationKeyId", "DryRun", "EncryptionAlgorithm", "EncryptionContext", "ExpirationModel", "GrantId",
        "GranteePrincipal", "GranteeServicePrincipal", "IncludeKeyMaterial", "KeyAgreementAlgorithm", "KeyId",
        "KeyPairSpec", "KeySpec", "KeyUsage", "Limit", "MacAlgorithm", "Marker", "MessageType", "MultiRegion",
        "Name", "NumberOfBytes", "Operations", "Origin", "PendingWindowInDays", "Policy", "PolicyName",
        "PrimaryRegion", "ReplicaRegion", "ResourceOwners", "RetiringPrincipal", "RetiringServicePrincipal",
        "RotationPeriodInDays", "SigningAlgorithm", "SourceEncryptionAlgorithm", "SourceEncryptionContext",
        "SourceKeyId", "TagKeys", "Tags", "TargetKeyId", "ValidTo", "WrappingAlgorithm", "WrappingKeySpec",
    }
)  # fmt: skip
# The members that records show with their default value if the request leaves them out.
_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    "Decrypt": {"EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    "Encrypt": {"EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    "PutKeyPolicy": {"PolicyName": "default", "BypassPolicyLockoutSafetyCheck": False},
    "ReEncrypt": {
        "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    },
    "ScheduleKeyDeletion": {"PendingWindowInDays": 30},
}
# The members of responses that records show.
_ANSWERED: Mapping[str, tuple[str, ...]] = {
    "CreateGrant": ("GrantId",),
    "CreateKey": ("KeyMetadata",),
    "ReplicateKey": ("ReplicaKeyMetadata", "ReplicaPolicy", "ReplicaTags"),
    "ScheduleKeyDeletion": ("KeyState", "DeletionDate", "PendingWindowInDays"),
}
# The operations whose records name the key in their response, although most of them do not return it.
_NAMES_KEY = frozenset(
    {
        "CancelKeyDeletion", "CreateGrant", "DisableKey", "DisableKeyRotation", "EnableKey", "EnableKeyRotation",
        "RetireGrant", "RevokeGrant", "RotateKeyOnDemand", "ScheduleKeyDeletion", "TagResource", "UntagResource",
        "UpdateKeyDescription",
    }
)  # fmt: skip
_MATERIAL = ("KeyMaterialId", "SourceKeyMaterialId", "DestinationKeyMaterialId")
DENIED = "AccessDenied"  # the code in records; the call gets AccessDeniedException
_NO_MEMBERS: Mapping[str, object] = {}


def record_call(call: Call, outcome: Mapping[str, object] | ApiError, user_agent: str) -> None:
    """Add the call to the history of its caller's account and, unless it was denied, of the owners of its keys."""
    name, account_id, keys = call.operation.name, call.account_id, call.keys
    error_code = error_message = None
    response = additional = None
    if isinstance(outcome, ApiError):
        error_code = DENIED if outcome.code == "AccessDeniedException" else outcome.code
        error_message = outcome.message
    else:
        response = _response(name, keys, outcome)
        additional = {member: outcome[member] for member in _MATERIAL if member in outcome}
    add_event(
        call.store,
        Event(
            call.time,
            call.store.trail.next_number(),
            call.event_ids[account_id],
            account_id,
            call.region,
            name,
            call.request_id,
            call.caller,
            tuple(dict.fromkeys(keys)),
            {**_DEFAULTS.get(name, _NO_MEMBERS), **call.members.some(_SHOWN)},
            response,
            additional,
            error_code,
            error_message,
            user_agent=user_agent,
        ),
        call.event_ids,
    )


def add_event(store: Store, event: Event, event_ids: Mapping[str, str]) -> None:
    """Add an event of its caller's account and, unless it was denied, one for each other account with a key in it.

    `event_ids` has an id for each account; events of one call in several accounts share one more id.
    """
    owners = {key.account_id for key in event.keys} - {event.account_id}
    if owners and event.error_code != DENIED:
        event = event._replace(shared_id=store.trail.new_id())
        for owner in owners:
            store.trail.add(event._replace(account_id=owner, event_id=event_ids[owner]))
    store.trail.add(event)


def record_deletion(store: Store, key: Key, moment: int) -> None:
    """Add the event of a deletion that was scheduled, which KMS carries out by itself."""
    number, event_id = store.trail.next_number(), store.trail.new_id()
    event = Event(moment, number, event_id, key.account_id, key.region, "DeleteKey", "", None, (key,))
    store.trail.add(event._replace(response={"KeyId": key.arn}, invoked_by=INTERNAL))


def _response(name: str, keys: list[Key], outcome: Mapping[str, object]) -> Mapping[str, object] | None:
    if name not in _NAMES_KEY and name not in _ANSWERED:
        return None
    named: dict[str, object] = {"KeyId": keys[0].arn} if name in _NAMES_KEY and keys else {}
    return named | {member: outcome[member] for member in _ANSWERED.get(name, ()) if member in outcome}
