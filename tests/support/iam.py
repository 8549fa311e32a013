"""What a policy allows, and what a LocalKMS was asked for, in the same words: the actions of IAM."""

import json
from collections.abc import Sequence

from awskms_lite.local import LocalKMS
from awskms_lite.permissions import Statement, policy_document

_SERVICES = {"LookupEvents": "cloudtrail", "AssumeRole": "sts", "ListAccounts": "organizations"}
_ALWAYS_ALLOWED = ("GetCallerIdentity",)
"""What IAM allows everybody, and no policy has to name."""


def allowed_actions(statements: Sequence[Statement]) -> set[str]:
    """Return the actions that a policy of these statements names, in the JSON that is printed."""
    document = json.loads(policy_document(statements))
    return {action for statement in document["Statement"] for action in statement["Action"]}


def called_actions(kms: LocalKMS) -> set[str]:
    """Return the actions that a LocalKMS was asked for."""
    asked = {name for name, number in kms.stats.asked.items() if number and name not in _ALWAYS_ALLOWED}
    return {f"{_SERVICES.get(name, 'kms')}:{name}" for name in asked}
