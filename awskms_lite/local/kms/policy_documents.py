"""The validation of a key policy: valid statements, and that its author can replace it.

Sources: "Elements in a key policy" in the KMS developer guide; `Policy` and `BypassPolicyLockoutSafetyCheck` of
PutKeyPolicy in the API reference.
"""

from collections.abc import Collection

from ..auth.policies import Attempt, decide, no_value, parse_policy, refuse_policy


def check_policy(policy: str, author: Collection[str], *, bypass: bool) -> None:
    """Raise `ApiError`, MalformedPolicyDocumentException, for a policy that KMS would refuse.

    `author` are the principals that match the caller; unless `bypass` is set, the policy must allow them the next
    PutKeyPolicy. A statement with a Condition counts neither for nor against that: it may hold or not.
    """
    unconditional = [statement for statement in parse_policy(policy) if not statement.conditions]
    next_put = Attempt("kms:PutKeyPolicy", None, author, no_value)
    if not bypass and decide(unconditional, next_put) is not True:
        refuse_policy("The new key policy will not allow you to update the key policy in the future.")
