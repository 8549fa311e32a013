"""Whether a caller may use a key: service control policies, the key policy, and grants.

Sources: "Determining access to AWS KMS keys", "Default key policy", "Condition keys for AWS KMS" and "Grants in
AWS KMS" in the KMS developer guide.
"""

from collections.abc import Mapping
from functools import partial
from typing import cast

from ..auth.permissions import Permissions, control_denial, missing_permission, policy_denial
from ..auth.policies import Attempt, decide, parse_policy
from ..auth.principals import Caller
from ..members import Members
from .keys import DAY, DELETION_WINDOW_DAYS, Grant, Key

_DAYS_WITHOUT_USE = "kms:trailingdayswithoutkeyusage"
_PENDING_WINDOW = "kms:schedulekeydeletionpendingwindowindays"
_STOPPING = ("kms:DisableKey", "kms:ScheduleKeyDeletion")  # the actions that have a trailing number of days
# The members with the encryption contexts of ReEncrypt, by their actions.
_CONTEXTS = {"kms:ReEncryptFrom": "SourceEncryptionContext", "kms:ReEncryptTo": "DestinationEncryptionContext"}


def refusal(
    caller: Caller, action: str, key: Key, members: Members, now: int, permissions: Permissions, *, shared: bool
) -> str | None:
    """Return the text with which KMS refuses the action on the key, None if it is allowed.

    `shared` is whether AWS RAM allows it, which counts like a statement of the key policy.
    """
    is_own = caller.account_id == key.account_id
    if key.policy is None and is_own and not permissions.is_controlled(caller):
        return None  # by the default policy; the usual case
    value_of = partial(_condition_value, caller, action, key, members, now)
    attempt = Attempt(action, key.arn, caller.principals, value_of)
    if permissions.control_refuses(caller, attempt):
        return control_denial(caller, action, key.arn)
    default = True if is_own else None  # the default policy leaves everything to the key's own account
    decision = default if key.policy is None else decide(parse_policy(key.policy), attempt)
    if decision is False:
        return policy_denial(caller, action, key.arn)
    if decision or shared or any(_grants(grant, caller, action, members) for grant in key.grants.values()):
        return None
    return missing_permission(caller, action, key.arn)


def _trailing_days(key: Key, now: int) -> int:
    """Return the whole days for which the key was not used, as far as KMS knows."""
    if key.last_usage is not None:
        since = key.last_usage.timestamp
    else:
        since = max(key.creation_date, key.tracking_start_date)
    return max(0, now - since) // DAY


def _condition_value(caller: Caller, action: str, key: Key, members: Members, now: int, name: str) -> str | None:
    """Return the value of a condition key; `kms:ViaService` has none, since no call comes from a service."""
    if name == _DAYS_WITHOUT_USE and action in _STOPPING:
        return str(_trailing_days(key, now))
    if name == _PENDING_WINDOW and action == "kms:ScheduleKeyDeletion":
        return str(members.some(("PendingWindowInDays",)).get("PendingWindowInDays", DELETION_WINDOW_DAYS))
    return caller.condition_value(name)


def _grants(grant: Grant, caller: Caller, action: str, members: Members) -> bool:
    """Return whether the grant allows the caller this action with these members.

    One with a SourceArn does not: it is for calls that a service makes for a resource.
    """
    operation = action.removeprefix("kms:")
    if (
        operation not in grant.operations
        or grant.grantee not in caller.principals
        or "SourceArn" in grant.constraints
    ):
        return False
    if operation == "CreateGrant":
        return _is_as_strict(grant, members)
    if operation in ("DescribeKey", "RetireGrant"):  # which have no encryption context
        return True
    name = _CONTEXTS.get(action, "EncryptionContext")
    context = _mapping(members.some((name,)).get(name))
    equals, subset = grant.context("EncryptionContextEquals"), grant.context("EncryptionContextSubset")
    return (equals is None or equals == context) and (subset is None or subset.items() <= context.items())


def _is_as_strict(grant: Grant, members: Members) -> bool:
    """Return whether a grant that is created with this one allows no more than it."""
    given = members.some(("Operations", "Constraints"))
    operations, constraints = given.get("Operations"), _mapping(given.get("Constraints"))
    equals, subset = (_mapping(constraints.get(f"EncryptionContext{name}")) for name in ("Equals", "Subset"))
    own_equals, own_subset = grant.context("EncryptionContextEquals"), grant.context("EncryptionContextSubset")
    return (
        isinstance(operations, list)
        and all(operation in grant.operations for operation in cast(list[object], operations))
        and (own_equals is None or own_equals == equals)
        and (own_subset is None or own_subset.items() <= (equals or subset).items())
    )


def _mapping(value: object) -> Mapping[str, object]:
    """Return an object of a request that is not validated yet, an empty one for anything else."""
    return cast(dict[str, object], value) if isinstance(value, dict) else {}
