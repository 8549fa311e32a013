"""The validation of a key policy: valid statements, and that its author can replace it.

Sources: "Elements in a key policy" in the KMS developer guide; `Policy` and `BypassPolicyLockoutSafetyCheck` of
PutKeyPolicy in the API reference; "Grammar of the IAM JSON policy language" in the IAM user guide.
"""

import json
import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import NoReturn, cast

from ..errors import ApiError

_VERSIONS = ("2012-10-17", "2008-10-17")
_EFFECTS = ("Allow", "Deny")
_PRINCIPAL_KINDS = {"AWS", "CanonicalUser", "Federated", "Service"}
_AWS_PRINCIPAL = re.compile(r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:[^*?]+")
_PUT = "kms:putkeypolicy"

Statement = dict[str, object]


def check_policy(policy: str, author: Collection[str], *, bypass: bool) -> None:
    """Raise `ApiError`, MalformedPolicyDocumentException, for a policy that KMS would refuse.

    `author` are the principals that match the caller; unless `bypass` is set, the policy must allow them the next
    PutKeyPolicy. A statement with a Condition counts neither for nor against that: it may hold or not.
    """
    statements = _statements(policy)
    for statement in statements:
        _check_statement(statement)
    unconditional = [statement for statement in statements if not statement.get("Condition")]
    effects = {statement["Effect"] for statement in unconditional if _is_about_next_put(statement, author)}
    if not bypass and effects != {"Allow"}:
        _refuse("The new key policy will not allow you to update the key policy in the future.")


def _statements(policy: str) -> list[Statement]:
    try:
        document: object = json.loads(policy)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        _refuse("The policy is not a JSON object.")
    members = cast(dict[str, object], document)
    if members.get("Version", _VERSIONS[0]) not in _VERSIONS:
        _refuse("The policy must contain a valid version string")
    statements = _listed(members.get("Statement"))
    if not statements or not all(isinstance(statement, dict) for statement in statements):
        _refuse("The policy has no Statement, or one that is not an object.")
    return cast(list[Statement], statements)


def _check_statement(statement: Statement) -> None:
    effect = statement.get("Effect")
    if effect not in _EFFECTS:
        _refuse("Missing required field Effect" if effect is None else f"Invalid effect: {effect}")
    _principals(statement)
    for name in ("Action", "Resource"):
        if not _texts(_element(statement, name)):
            _refuse(f"Missing required field {name}")


def _is_about_next_put(statement: Statement, author: Collection[str]) -> bool:
    """Return whether the statement applies to the author's next PutKeyPolicy."""
    named = any(name in author for name in _principals(statement))
    listed = any(_matches(action, _PUT) for action in _texts(_element(statement, "Action")))
    return named == ("Principal" in statement) and listed == ("Action" in statement)


def _principals(statement: Statement) -> list[str]:
    """Return the AWS principals of the statement; raise `ApiError` without a principal or for an invalid one."""
    principal = _element(statement, "Principal")
    kinds = cast(dict[str, object], principal) if isinstance(principal, dict) else {"AWS": principal}
    found = {kind: _texts(names) for kind, names in kinds.items()}
    if not any(found.values()):
        _refuse("Policy contains a statement with no principal.")
    aws = found.get("AWS", [])
    is_formed = principal == "*" or isinstance(principal, dict)
    if not is_formed or not found.keys() <= _PRINCIPAL_KINDS or not all(map(_AWS_PRINCIPAL.fullmatch, aws)):
        _refuse("Policy contains a statement with one or more invalid principals.")
    return aws


def _element(statement: Statement, name: str) -> object:
    """Return the value of an element, or of its negation, such as NotAction for Action."""
    return statement.get(name, statement.get(f"Not{name}"))


def _texts(value: object) -> list[str]:
    """Return a str, or a list of str, as a list; an empty one for anything else."""
    values = _listed(value)
    return cast(list[str], values) if all(isinstance(each, str) and each for each in values) else []


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return cast(list[object], value)
    return [] if value is None else [value]


def _matches(pattern: str, action: str) -> bool:
    """Return whether the action, in lower case, matches the pattern, with * and ? as wildcards, in any case."""
    return fnmatchcase(action, pattern.lower().replace("[", "[[]"))


def _refuse(message: str) -> NoReturn:
    raise ApiError("MalformedPolicyDocumentException", message)
