"""Key policies: PutKeyPolicy, GetKeyPolicy, ListKeyPolicies.

They are validated, stored and returned as by KMS, and `authorization` evaluates them.
"""

import json

from ..auth.principals import root_of
from ..errors import ApiError
from .call import Call
from .keys import Key
from .paging import page
from .policy_documents import check_policy

_NAME = "default"  # the only valid name
_POLICY = r"[\u0009\u000A\u000D\u0020-\u00FF]+"


def put_key_policy(call: Call) -> dict[str, object]:
    """Replace the key's policy."""
    _check_name(call)
    key = call.key()
    key.policy = policy_of(call, required=True)
    return {}


def get_key_policy(call: Call) -> dict[str, object]:
    """Return the key's policy, as it was put."""
    _check_name(call)
    return {"Policy": policy_text(call.key()), "PolicyName": _NAME}


def list_key_policies(call: Call) -> dict[str, object]:
    """List the name of the key's one policy."""
    call.key()
    return page(call, "PolicyNames", [_NAME], sort_key=str, wire=str, default=100, largest=1000)


def policy_of(call: Call, *, required: bool = False) -> str | None:
    """Return the `Policy` of a request; raise `ApiError` as `check_policy` does."""
    read = call.members.required_text if required else call.members.text
    policy = read("Policy", longest=131_072, pattern=_POLICY)
    if policy is not None:
        bypass = call.members.flag("BypassPolicyLockoutSafetyCheck")
        check_policy(policy, call.caller.principals, bypass=bypass)
    return policy


def policy_text(key: Key) -> str:
    """Return the key's policy: the one that was put, or the default policy of its manager."""
    if key.policy is not None:
        return key.policy
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root_of(key.region, key.account_id)},
        "Action": "kms:*" if key.manager == "CUSTOMER" else ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    return json.dumps(document, indent=2, separators=(",", " : "))


def _check_name(call: Call) -> None:
    if call.members.text("PolicyName", longest=128, pattern=r"[\w]+") not in (None, _NAME):
        raise ApiError("NotFoundException", "No such policy exists")
