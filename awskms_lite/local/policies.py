"""Key policies: PutKeyPolicy, GetKeyPolicy, ListKeyPolicies.

They are kept and given back, and never asked: here the account of a key may do everything with it.
"""

import json

from .calls import Call
from .faults import Fault
from .keys import Key, partition_of
from .members import Members
from .paging import page

_NAME = "default"  # the only one that can be put
_POLICY = r"[\u0009\u000A\u000D\u0020-\u00FF]+"


def put_key_policy(call: Call) -> dict[str, object]:
    """Put another policy in the place of the key's."""
    policy = policy_of(call.members, required=True)
    _check_name(call)
    call.key().policy = policy
    return {}


def get_key_policy(call: Call) -> dict[str, object]:
    """Give the key's policy, as it was put."""
    _check_name(call)
    return {"Policy": policy_text(call.key()), "PolicyName": _NAME}


def list_key_policies(call: Call) -> dict[str, object]:
    """List the names of the key's policies, of which there is one."""
    call.key()
    return page(call, "PolicyNames", [_NAME], place=str, wire=str, default=100, largest=1000)


def policy_of(members: Members, *, required: bool = False) -> str | None:
    """Give the `Policy` of a request; raise `Fault`, MalformedPolicyDocumentException where it is no policy."""
    read = members.required_text if required else members.text
    policy = read("Policy", longest=131_072, pattern=_POLICY)
    if policy is not None and not _is_object(policy):
        raise Fault("MalformedPolicyDocumentException", "The policy is not a JSON object.")
    return policy


def policy_text(key: Key) -> str:
    """Give the key's policy; the default one, where none was put, lets the account or the AWS service decide."""
    if key.policy is not None:
        return key.policy
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition_of(key.region)}:iam::{key.account_id}:root"},
        "Action": "kms:*" if key.manager == "CUSTOMER" else ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    return json.dumps(document, indent=2, separators=(",", " : "))


def _check_name(call: Call) -> None:
    if call.members.text("PolicyName", longest=128, pattern=r"[\w]+") not in (None, _NAME):
        raise Fault("NotFoundException", "No such policy exists")


def _is_object(policy: str) -> bool:
    try:
        return isinstance(json.loads(policy), dict)
    except (ValueError, RecursionError):
        return False
