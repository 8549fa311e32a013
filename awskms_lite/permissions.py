"""What the commands of this package need to be permitted: the least IAM policies for them. Pure.

Sources: "AWS KMS permissions" in the AWS KMS Developer Guide, which tells what is about a key and what about an
account, and the Service Authorization Reference for the other services. An IAM policy counts only for keys whose
policy lets their account use IAM; the policy of any other key has to name the role.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .errors import ConfigurationError, ParameterError

MAX_IAM_POLICY = 6144
"""Characters of a managed policy, without white space ("IAM and AWS STS quotas")."""

_LIST = ("kms:ListAliases", "kms:ListKeys")
_READ = ("kms:DescribeKey", "kms:GetKeyLastUsage")
_TAGS = "kms:ListResourceTags"
_ROTATIONS = "kms:ListKeyRotations"
_DEPENDENTS = ("kms:GetKeyPolicy", "kms:ListGrants")
_ACTS = ("kms:CancelKeyDeletion", "kms:DisableKey", "kms:EnableKey", "kms:ScheduleKeyDeletion")


_PRINCIPAL = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}|\*):(root|(role|user)/[\w+=,.@/*-]+)", re.ASCII)
_ROLE_NAME = re.compile(r"[\w+=,.@/*-]{1,512}", re.ASCII)


class Statement(NamedTuple):
    """A statement of a policy, and what it is for."""

    members: dict[str, Any]
    explanation: str

    @property
    def sid(self) -> str:
        """Return its identifier within the policy."""
        return str(self.members["Sid"])


def audit_permissions(
    partition: str,
    *,
    cloudtrail: bool = False,
    rotations: bool = False,
    tags: bool = False,
    organization: bool = False,
    role_name: str | None = None,
) -> list[Statement]:
    """Return what an audit calls, with these options of it; `role_name` is the role to assume in each account."""
    reads = [*_READ, *([_TAGS] if tags else []), *([_ROTATIONS] if rotations else [])]
    statements = [
        _allow("ListKeys", _LIST, "*", "lists keys and their aliases; neither can be limited to some keys"),
        _on_keys(
            "ReadKeys", reads, partition, "describes each key, asks for its last use and what else is wanted"
        ),
    ]
    if cloudtrail:
        statements.append(_cloudtrail())
    if organization:
        text = "lists the accounts: for the caller, in the management account or a delegated administrator's"
        statements.append(_allow("ListAccounts", ["organizations:ListAccounts"], "*", text))
    if organization or role_name:
        statements.append(_assume_roles(partition, role_name))
    return statements


def retire_permissions(partition: str, *, role_name: str | None = None) -> list[Statement]:
    """Return what the retirement of keys calls, the way back included; `role_name` as for an audit."""
    looks = "looks at each key, and at what may depend on it"
    acts = "disables keys and schedules their deletion, and takes both back"
    statements = [
        _allow("ListAliases", ["kms:ListAliases"], "*", "lists aliases; it cannot be limited to some keys"),
        _on_keys("ReadKeys", [*_READ, _TAGS, *_DEPENDENTS], partition, looks),
        _cloudtrail(),
        _on_keys("RetireKeys", _ACTS, partition, acts),
    ]
    if role_name:
        statements.append(_assume_roles(partition, role_name))
    return statements


def _assume_roles(partition: str, role_name: str | None) -> Statement:
    text = "assumes the role in each account, which needs the other statements and a trust policy that allows it"
    return _allow("AssumeRoles", ["sts:AssumeRole"], f"arn:{partition}:iam::*:role/{role_name or '*'}", text)


def _cloudtrail() -> Statement:
    text = "looks for events of the keys; it cannot be limited to some"
    return _allow("ReadEvents", ["cloudtrail:LookupEvents"], "*", text)


def _on_keys(sid: str, actions: Iterable[str], partition: str, text: str) -> Statement:
    text = f"{text}; put regions and the account in place of the first two * to narrow it"
    return _allow(sid, actions, f"arn:{partition}:kms:*:*:key/*", text)


def _allow(sid: str, actions: Iterable[str], resource: str, text: str) -> Statement:
    members = {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}
    return Statement(members, text)


def policy_document(statements: Sequence[Statement]) -> str:
    """Return a policy as JSON."""
    document = {"Version": "2012-10-17", "Statement": [statement.members for statement in statements]}
    return json.dumps(document, indent=2)


def check_size(document: str, limit: int, what: str) -> None:
    """Raise `ConfigurationError` if a policy has more characters than AWS takes, white space included."""
    if len(document) > limit:
        raise ConfigurationError(
            f"The policy has {len(document):,} characters, and {what} takes {limit:,}: name fewer principals, or "
            "one pattern for several."
        )


def check_principal(principal: str) -> None:
    """Raise `ParameterError` if it is not the ARN of a role, a user or a root user, or stands for all of them."""
    found = _PRINCIPAL.fullmatch(principal) if isinstance(principal, str) else None
    if found is None or not found[2].rpartition("/")[2].strip("*"):
        raise ParameterError(
            f"{principal!r:.200} is no principal: pass the ARN of a role or a user, such as "
            "'arn:aws:iam::111122223333:role/KeyAdmin', with * for any account."
        )


def check_role_name(name: str) -> None:
    """Raise `ParameterError` if it is not the name of a role, with its path if it has one."""
    if not isinstance(name, str) or not _ROLE_NAME.fullmatch(name) or not name.strip("*/"):
        raise ParameterError(f"{name!r:.200} is not the name of a role: pass one like 'Audit', without its ARN.")
