"""What a key policy says for certain, and whether anything in it could say otherwise. Pure.

Only IAM itself can evaluate a policy. So an answer here is one of three: the policy allows it to everybody who
counts, whatever the circumstances; it does not allow it to any of them; or that depends on conditions, which are
not evaluated. Sources: "Key policies in AWS KMS" in the AWS KMS Developer Guide; "IAM JSON policy elements
reference" and "Policy evaluation logic" in the AWS IAM User Guide.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, cast

from attrs import frozen

WAY_BACK = ("kms:CancelKeyDeletion", "kms:EnableKey")
"""What taking a retirement back needs."""
GUARD_KEY = "kms:TrailingDaysWithoutKeyUsage"
"""The condition key of a guard: whole days since the last use of the key."""

_SESSION = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<role>[^/]+)/.+")
_ROLE = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>[0-9]{12}):role/(?:.+/)?(?P<role>[^/]+)")
_LESS = {"numericlessthan": False, "numericlessthanequals": True}
"""The operators that a guard is written with, and whether the number itself is refused too."""


class Access(StrEnum):
    """Whether a key policy lets the key's account, or the caller, do something."""

    OPEN = "open"
    CONDITIONAL = "conditional"
    CLOSED = "closed"


@frozen
class Parties:
    """Those whose access counts: the key's account, and the caller."""

    account_id: str
    caller_arn: str | None = None

    def includes(self, principal: str) -> bool:
        """Return whether an AWS principal of a policy is everybody, the account, or the caller."""
        return principal in ("*", self.account_id) or self._is_root(principal) or self._is_caller(principal)

    def _is_root(self, principal: str) -> bool:
        parts = principal.split(":")
        return len(parts) == 6 and parts[2] == "iam" and parts[4:] == [self.account_id, "root"]

    def _is_caller(self, principal: str) -> bool:
        if self.caller_arn is None or principal == self.caller_arn:
            return principal == self.caller_arn
        session, role = _SESSION.fullmatch(self.caller_arn), _ROLE.fullmatch(principal)
        return bool(session and role) and session.groupdict() == role.groupdict()  # type: ignore[union-attr]


class Statement:
    """One statement of a policy. The names of its elements are read in any case, as their values are not."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = {name.lower(): value for name, value in members.items()}
        self.denies = self._members.get("effect") != "Allow"

    def __str__(self) -> str:
        """Return it as JSON in one line, its elements in the order of their names."""
        return json.dumps(self._members, sort_keys=True, separators=(",", ":"))

    @property
    def conditions(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield the operator, the condition key and the values of each condition, the first two in lower case."""
        for operator, keys in _items(self._members.get("condition")):
            for key, values in _items(keys):
                yield operator.lower(), key.lower(), _texts(values)

    @property
    def is_conditional(self) -> bool:
        """Return whether it applies under conditions only."""
        return bool(self._members.get("condition"))

    @property
    def principals(self) -> tuple[str, ...]:
        """Return the AWS principals and the services in `Principal`."""
        principal = self._members.get("principal")
        return _aws_principals(principal) + _principals(principal, "service")

    def covers(self, action: str, key_arn: str) -> bool:
        """Return whether it is about an action with a key."""
        return self._covers_action(action) and self._covers_resource(key_arn)

    def _covers_action(self, action: str) -> bool:
        if "notaction" in self._members:
            return not _matches_any(_texts(self._members["notaction"]), action)
        return _matches_any(_texts(self._members.get("action")), action)

    def _covers_resource(self, key_arn: str) -> bool:
        if "notresource" in self._members:
            return not _matches_any(_texts(self._members["notresource"]), key_arn)
        return _matches_any(_texts(self._members.get("resource", "*")), key_arn)

    def concerns(self, parties: Parties) -> bool | None:
        """Return whether it is about any of the parties; None if that cannot be said without IAM.

        `NotPrincipal` is about everybody else, and who that is depends on how IAM resolves sessions and roles.
        """
        if "notprincipal" in self._members:
            return None
        return any(map(parties.includes, _aws_principals(self._members.get("principal"))))


class KeyPolicy:
    """The statements of a key policy; raise `ValueError` for a text that is no policy."""

    def __init__(self, text: str) -> None:
        try:
            document: object = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        members = {name.lower(): value for name, value in _items(document)}
        found = members.get("statement")
        statements = cast("list[object]", found if isinstance(found, list) else [found])
        if not all(isinstance(each, dict) for each in statements):
            raise ValueError("it is not a policy as IAM writes one")
        self._statements = [Statement(cast("dict[str, Any]", each)) for each in statements]

    def way_back(self, key_arn: str, parties: Parties) -> Access:
        """Return whether the account or the caller may cancel a deletion of the key and enable it."""
        found = {self._access(action, key_arn, parties) for action in WAY_BACK}
        return next(access for access in (Access.CLOSED, Access.CONDITIONAL, Access.OPEN) if access in found)

    def way_back_statements(self, key_arn: str, parties: Parties) -> list[str]:
        """Return the statements that decide about that, as JSON, each once and in an order of their own."""
        about = [each for each in self._statements if any(each.covers(action, key_arn) for action in WAY_BACK)]
        return sorted({str(each) for each in about if each.concerns(parties) is not False})

    def _access(self, action: str, key_arn: str, parties: Parties) -> Access:
        about = [(each, each.concerns(parties)) for each in self._statements if each.covers(action, key_arn)]
        about = [(each, concerned) for each, concerned in about if concerned is not False]
        certain = [each for each, concerned in about if concerned and not each.is_conditional]
        if any(each.denies for each in certain) or all(each.denies for each, _ in about):
            return Access.CLOSED
        may_be_denied = any(each.denies for each, _ in about)
        is_allowed = any(not each.denies for each in certain)
        return Access.OPEN if is_allowed and not may_be_denied else Access.CONDITIONAL

    def guard(self, action: str, key_arn: str, parties: Parties, idle_days: int) -> bool | None:
        """Return whether a guard of this policy refuses an action on a key unused for so many days.

        None if it may, because there are other conditions beside that one, or an operator that is not read here.
        """
        denials = [each for each in self._statements if each.denies and each.covers(action, key_arn)]
        found = {_refuses(each, idle_days, certain=each.concerns(parties)) for each in denials}
        return True if True in found else None if None in found else False

    def services(self) -> list[str]:
        """Return the services that the policy names with `kms:ViaService`, each once."""
        values = (
            value
            for statement in self._statements
            for _, key, values in statement.conditions
            if key == "kms:viaservice"
            for value in values
        )
        return list(dict.fromkeys(values))

    def principals(self) -> list[str]:
        """Return the AWS principals and the services that the policy allows something, each once."""
        allowing = (statement for statement in self._statements if not statement.denies)
        return list(dict.fromkeys(name for statement in allowing for name in statement.principals))


def _refuses(statement: Statement, idle_days: int, *, certain: bool | None) -> bool | None:
    """Return whether a denial applies by the days since the last use; None if it may, False if it is no guard."""
    conditions = list(statement.conditions)
    guards = [condition for condition in conditions if condition[1] == GUARD_KEY.lower()]
    if not guards or certain is False:
        return False
    verdicts = [_compare(operator, values, idle_days) for operator, _, values in guards]
    if False in verdicts:  # all conditions of a statement have to hold
        return False
    return True if certain and len(guards) == len(conditions) and None not in verdicts else None


def _compare(operator: str, values: Iterable[str], idle_days: int) -> bool | None:
    """Return whether a condition of a guard holds; None for another operator or a value that is no number."""
    inclusive = _LESS.get(operator.removesuffix("ifexists"))
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        return None
    if inclusive is None:
        return None
    return any(idle_days < number or (inclusive and idle_days == number) for number in numbers)


def _aws_principals(principal: object) -> tuple[str, ...]:
    """Return the AWS principals of a `Principal` element, "*" among them if it is everybody."""
    if isinstance(principal, str):
        return (principal,)
    return _principals(principal, "aws")


def _principals(principal: object, wanted: str) -> tuple[str, ...]:
    return next((_texts(names) for kind, names in _items(principal) if kind.lower() == wanted), ())


def _items(value: object) -> Collection[tuple[str, Any]]:
    return cast("dict[str, Any]", value).items() if isinstance(value, dict) else ()


def _texts(value: object) -> tuple[str, ...]:
    """Return a text, a number, or a list of them, as texts."""
    values = cast("list[object]", value if isinstance(value, list) else [value])
    return tuple(str(each) for each in values if isinstance(each, str | int | float))


def _matches_any(patterns: Iterable[str], text: str) -> bool:
    """Return whether a text matches any pattern, with * and ? as wildcards, in any case."""
    return any(re.fullmatch(_pattern(each), text, re.IGNORECASE) for each in patterns)


def _pattern(text: str) -> str:
    return re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
