"""IAM policies and their evaluation, as far as key policies and service control policies need it.

Sources: "Grammar of the IAM JSON policy language", "IAM JSON policy elements" and "Policy evaluation logic" in the
IAM user guide.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple, NoReturn, cast

from attrs import frozen

from ..errors import ApiError

_VERSIONS = ("2012-10-17", "2008-10-17")
_EFFECTS = ("Allow", "Deny")
_PRINCIPAL_KINDS = {"AWS", "CanonicalUser", "Federated", "Service"}
_AWS_PRINCIPAL = re.compile(r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam|sts)::[0-9]{12}:[^*?]+")
_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")


class Attempt(NamedTuple):
    """What a policy decides about: an action on a resource, None for any, by a caller that these principals match.

    `value_of` returns the value of a condition key, by its name in small letters, None if it has none.
    """

    action: str
    resource: str | None
    principals: Collection[str]
    value_of: Callable[[str], str | None]


class Element(NamedTuple):
    """The values of an element, or those of its negation, such as NotAction for Action."""

    values: tuple[str, ...]
    is_negated: bool

    def covers(self, matches: Callable[[str], bool]) -> bool:
        """Return whether one of the values matches, or with a negation none of them."""
        return any(map(matches, self.values)) != self.is_negated


class Condition(NamedTuple):
    """One condition: an operator with its qualifiers, a condition key and the values that it is compared with."""

    quantifier: str | None
    operator: str
    if_exists: bool
    key: str
    values: tuple[str, ...]

    def holds(self, attempt: Attempt) -> bool:
        """Return whether the condition is met; one with an operator that LocalKMS does not know never is."""
        actual = attempt.value_of(self.key)
        if self.operator == "Null":
            return any((value.lower() == "true") == (actual is None) for value in self.values)
        negative = "Not" in self.operator
        compare = _OPERATORS.get(self.operator.replace("Not", ""))
        if compare is None:
            return False
        if actual is None:
            return negative or self.if_exists or self.quantifier == "ForAllValues"
        return any(compare(actual, value) for value in self.values) != negative


@frozen
class Statement:
    """One statement. `principals` is None in a policy that has none, such as a service control policy."""

    allows: bool
    principals: Element | None
    actions: Element
    resources: Element
    conditions: tuple[Condition, ...]

    def applies_to(self, attempt: Attempt) -> bool:
        """Return whether the statement decides about the attempt."""
        resource = attempt.resource
        return (
            self.actions.covers(lambda pattern: matches_pattern(attempt.action.lower(), pattern.lower()))
            and (self.principals is None or self.principals.covers(lambda name: name in attempt.principals))
            and (resource is None or self.resources.covers(lambda pattern: matches_pattern(resource, pattern)))
            and all(condition.holds(attempt) for condition in self.conditions)
        )


def no_value(_name: str) -> str | None:
    """Return the value of a condition key for an attempt that has none."""
    return None


def decide(statements: Collection[Statement], attempt: Attempt) -> bool | None:
    """Return False if a statement denies the attempt, else True if one allows it, None if none applies."""
    effects = {statement.allows for statement in statements if statement.applies_to(attempt)}
    return min(effects, default=None)


def matches_pattern(text: str, pattern: str) -> bool:
    """Return whether the text matches the pattern, in which * and ? are wildcards."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


@lru_cache(maxsize=256)
def parse_policy(policy: str, *, with_principals: bool = True) -> tuple[Statement, ...]:
    """Return the statements of a policy; raise `ApiError`, MalformedPolicyDocumentException, if it is invalid."""
    try:
        document: object = json.loads(policy)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        refuse_policy("The policy is not a JSON object.")
    members = cast(dict[str, object], document)
    if members.get("Version", _VERSIONS[0]) not in _VERSIONS:
        refuse_policy("The policy must contain a valid version string")
    statements = _listed(members.get("Statement"))
    if not statements or not all(isinstance(statement, dict) for statement in statements):
        refuse_policy("The policy has no Statement, or one that is not an object.")
    return tuple(_statement(cast(dict[str, object], each), with_principals) for each in statements)


def refuse_policy(message: str) -> NoReturn:
    """Raise `ApiError` for an invalid policy."""
    raise ApiError("MalformedPolicyDocumentException", message)


def _statement(statement: Mapping[str, object], with_principals: bool) -> Statement:
    effect = statement.get("Effect")
    if effect not in _EFFECTS:
        refuse_policy("Missing required field Effect" if effect is None else f"Invalid effect: {effect}")
    return Statement(
        effect == "Allow",
        _principals(statement) if with_principals else None,
        _required(statement, "Action"),
        _required(statement, "Resource"),
        _conditions(statement.get("Condition")),
    )


def _required(statement: Mapping[str, object], name: str) -> Element:
    values, is_negated = _element(statement, name)
    texts = _texts(values)
    if not texts:
        refuse_policy(f"Missing required field {name}")
    return Element(texts, is_negated)


def _principals(statement: Mapping[str, object]) -> Element:
    """Return the AWS principals of the statement; raise `ApiError` without a principal or for an invalid one."""
    principal, is_negated = _element(statement, "Principal")
    kinds = cast(dict[str, object], principal) if isinstance(principal, dict) else {"AWS": principal}
    found = {kind: _texts(names) for kind, names in kinds.items()}
    if not any(found.values()):
        refuse_policy("Policy contains a statement with no principal.")
    aws = found.get("AWS", ())
    is_formed = principal == "*" or isinstance(principal, dict)
    if not is_formed or not found.keys() <= _PRINCIPAL_KINDS or not all(map(_AWS_PRINCIPAL.fullmatch, aws)):
        refuse_policy("Policy contains a statement with one or more invalid principals.")
    return Element(aws, is_negated)


def _conditions(block: object) -> tuple[Condition, ...]:
    """Return the conditions of a statement; raise `ApiError` for a block that is not one."""
    if not block:
        return ()
    if not isinstance(block, dict):
        refuse_policy("Syntax errors in policy: Condition is not an object.")
    found: list[Condition] = []
    for name, keys in cast(dict[str, object], block).items():
        match = _OPERATOR.fullmatch(name)
        if match is None or not isinstance(keys, dict):
            refuse_policy(f"Invalid condition operator: {name}")
        for key, values in cast(dict[str, object], keys).items():
            texts = tuple(_text(value) for value in _listed(values))
            found.append(Condition(match[1], match[2], match[3] is not None, key.lower(), texts))
    return tuple(found)


def _element(statement: Mapping[str, object], name: str) -> tuple[object, bool]:
    """Return the value of an element or of its negation, and whether it is the negation."""
    return (statement[name], False) if name in statement else (statement.get(f"Not{name}"), True)


def _texts(value: object) -> tuple[str, ...]:
    """Return a str, or a list of str, as a tuple; an empty one for anything else."""
    values = _listed(value)
    return tuple(cast(list[str], values)) if all(isinstance(each, str) and each for each in values) else ()


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return cast(list[object], value)
    return [] if value is None else [value]


def _text(value: object) -> str:
    """Return the value of a condition, which may also be a number or a Boolean, as a text."""
    return value if isinstance(value, str) else json.dumps(value)


def _numeric(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compared(actual: str, value: str) -> bool:
        try:
            return compare(float(actual), float(value))
        except ValueError:  # a value that is no number is equal to none, and neither less nor greater
            return False

    return compared


def _same(actual: str, value: str) -> bool:
    return actual == value


def _same_in_any_case(actual: str, value: str) -> bool:
    return actual.lower() == value.lower()


# Each operator without its `Not`, as a comparison of the value of a condition key with that of the policy.
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_in_any_case,
    "StringLike": matches_pattern,
    "ArnEquals": matches_pattern,
    "ArnLike": matches_pattern,
    "Bool": _same_in_any_case,
    "NumericEquals": _numeric(lambda actual, value: actual == value),
    "NumericLessThan": _numeric(lambda actual, value: actual < value),
    "NumericLessThanEquals": _numeric(lambda actual, value: actual <= value),
    "NumericGreaterThan": _numeric(lambda actual, value: actual > value),
    "NumericGreaterThanEquals": _numeric(lambda actual, value: actual >= value),
}
