"""The members of a request, read with the types and constraints of KMS's API reference.

A member that is null counts as absent, and unknown members are ignored. A request is refused for the first rule
that it breaks: SerializationException for a wrong JSON type; ValidationException, in KMS's words,
for a value that is missing, too long or too large.
"""

import base64
import re
from collections.abc import Collection
from typing import NoReturn, TypeVar, cast

from .errors import ApiError

T = TypeVar("T")

_JSON_TYPES = {
    "bool": "Boolean", "int": "number", "float": "number", "str": "string", "list": "array", "dict": "object",
}  # fmt: skip

_AT_LEAST = "Member must have length greater than or equal to {}"
_AT_MOST = "Member must have length less than or equal to {}"


class Members:
    """The members of one request, or of one structure within it, by name; `path` leads to the structure."""

    def __init__(self, members: dict[str, object], path: str = "") -> None:
        self._members = {name: value for name, value in members.items() if value is not None}
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def to_dict(self) -> dict[str, object]:
        """Return the members as they came, by wire name, without those that are null."""
        return dict(self._members)

    def some(self, names: Collection[str]) -> dict[str, object]:
        """Return those of the members that are there, as they came."""
        return {name: value for name, value in self._members.items() if name in names}

    def text(self, name: str, *, shortest: int = 1, longest: int, pattern: str | None = None) -> str | None:
        """Return a string within the bounds of its length that matches the pattern, None if it is absent."""
        value = self._typed(name, str, "String")
        if value is not None:
            _check_length(self._at(name), f"Value '{value}'", len(value), shortest, longest)
            if pattern is not None and not re.fullmatch(pattern, value, re.ASCII):
                constraint = f"Member must satisfy regular expression pattern: {pattern}"
                _refuse(self._at(name), f"Value '{value}'", constraint)
        return value

    def required_text(self, name: str, *, shortest: int = 1, longest: int, pattern: str | None = None) -> str:
        """Return a string within the bounds of its length that matches the pattern."""
        return _required(self._at(name), self.text(name, shortest=shortest, longest=longest, pattern=pattern))

    def choice(self, name: str, values: Collection[str]) -> str | None:
        """Return one of the values, None if the member is absent."""
        value = self._typed(name, str, "String")
        if value is not None and value not in values:
            _refuse(self._at(name), f"Value '{value}'", _enum(values))
        return value

    def required_choice(self, name: str, values: Collection[str]) -> str:
        """Return one of the values."""
        return _required(self._at(name), self.choice(name, values))

    def integer(self, name: str, *, smallest: int, largest: int) -> int | None:
        """Return a whole number within the bounds, None if it is absent."""
        value = self.whole_number(name)
        if value is None:
            return None
        if value < smallest:
            _refuse(
                self._at(name), f"Value '{value}'", f"Member must have value greater than or equal to {smallest}"
            )
        if value > largest:
            _refuse(self._at(name), f"Value '{value}'", f"Member must have value less than or equal to {largest}")
        return value

    def whole_number(self, name: str) -> int | None:
        """Return a whole number, None if it is absent."""
        value = self._typed(name, int, "Integer")
        return _wrong_type(value, "Integer") if isinstance(value, bool) else value

    def time(self, name: str, *, latest: int) -> int | None:
        """Return a time in whole seconds since 1970, from 0 to `latest`, None if it is absent."""
        value = self._members.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= latest:
            raise ApiError("SerializationException", f"The value of '{name}' is not a time.")
        return int(value)

    def flag(self, name: str) -> bool:
        """Return a Boolean, False if it is absent."""
        return self._typed(name, bool, "Boolean") or False

    def blob(self, name: str, *, longest: int) -> bytes:
        """Return a required blob of 1 to `longest` bytes, decoded from base64."""
        encoded = _required(self._at(name), self._typed(name, str, "Blob"))
        try:
            value = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise ApiError("SerializationException", f"The value of '{name}' is not base64.") from error
        _check_length(self._at(name), "Value", len(value), 1, longest)  # without the value: it may be secret
        return value

    def string_map(self, name: str) -> dict[str, str]:
        """Return a map of strings to strings, an empty one if it is absent."""
        values = cast(dict[str, object], self._typed(name, dict, "Map") or {})
        return {key: _expect(value, str, "String") for key, value in values.items()}

    def strings(self, name: str) -> list[str]:
        """Return a list of strings, an empty one if it is absent."""
        values = cast(list[object], self._typed(name, list, "List") or [])
        return [_expect(value, str, "String") for value in values]

    def choices(self, name: str, values: Collection[str], *, longest: int) -> list[str]:
        """Return a list of 1 to `longest` of the values, an empty one if it is absent."""
        given = self.strings(name)
        subject = _listed(given)
        if name in self:
            _check_length(self._at(name), subject, len(given), 1, longest)
        if not all(value in values for value in given):
            _refuse(self._at(name), subject, f"Member must satisfy constraint: [{_enum(values)}]")
        return given

    def required_strings(self, name: str, *, longest: int) -> list[str]:
        """Return a list of strings of 1 to `longest` characters each."""
        _required(self._at(name), self._members.get(name))
        values = self.strings(name)
        if not all(1 <= len(value) <= longest for value in values):
            constraints = f"[{_AT_MOST.format(longest)}, {_AT_LEAST.format(1)}]"
            _refuse(self._at(name), _listed(values), f"Member must satisfy constraint: {constraints}")
        return values

    def structure(self, name: str) -> "Members | None":
        """Return a structure, None if it is absent."""
        value = cast(dict[str, object] | None, self._typed(name, dict, "Structure"))
        return None if value is None else Members(value, f"{self._at(name)}.")

    def structures(self, name: str, *, required: bool = False) -> list["Members"]:
        """Return a list of structures; an absent one is empty, or refused if it is required."""
        values = cast(list[object] | None, self._typed(name, list, "List"))
        values = _required(self._at(name), values) if required else values or []
        structures = [cast(dict[str, object], _expect(value, dict, "Structure")) for value in values]
        return [
            Members(structure, f"{self._at(name)}.{number}.member.")
            for number, structure in enumerate(structures, 1)
        ]

    def _at(self, name: str) -> str:
        """Return the path of a member, as KMS writes it: tags.1.member.tagKey."""
        return f"{self._path}{name[0].lower()}{name[1:]}"

    def _typed(self, name: str, kind: type[T], shape: str) -> T | None:
        value = self._members.get(name)
        return None if value is None else _expect(value, kind, shape)


def _expect(value: object, kind: type[T], shape: str) -> T:
    return value if isinstance(value, kind) else _wrong_type(value, shape)


def _required(path: str, value: T | None) -> T:
    return _refuse(path, "Value null", "Member must not be null") if value is None else value


def _listed(values: Collection[str]) -> str:
    return f"Value '[{', '.join(values)}]'"


def _enum(values: Collection[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _check_length(path: str, subject: str, length: int, shortest: int, longest: int) -> None:
    if length < shortest:
        _refuse(path, subject, _AT_LEAST.format(shortest))
    if length > longest:
        _refuse(path, subject, _AT_MOST.format(longest))


def _refuse(path: str, subject: str, constraint: str) -> NoReturn:
    raise ApiError(
        "ValidationException",
        f"1 validation error detected: {subject} at '{path}' failed to satisfy constraint: {constraint}",
    )


def _wrong_type(value: object, shape: str) -> NoReturn:
    kind = "null" if value is None else _JSON_TYPES[type(value).__name__]
    raise ApiError("SerializationException", f"A JSON {kind} can not be converted to {shape}.")
