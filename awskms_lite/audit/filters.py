"""Which keys an audit is about."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast

from attrs import field, frozen

from ..errors import ParameterError
from ..models.keys import KeyManagerType, KeyState
from .records import KeyFacts


def _words(value: Iterable[str]) -> Any:
    """Return the words without regard to their order, which makes no other filter; what cannot be, as it is."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    words = tuple(value)
    return tuple(sorted(set(words))) if all(isinstance(word, str) for word in words) else words


@frozen
class KeyFilter:
    """The keys to report: those that match each of the members that is given, by one of its words.

    `managers` are AWS or CUSTOMER, `states` KMS's key states (Enabled, Disabled, ...); `aliases` are patterns for
    alias names, with or without their "alias/" ("prod-*"), and `tags` are tag keys, or KEY=VALUE, which no key of
    AWS's own has: nobody can tag those. Each is a collection of words, so that no text is taken for its letters.
    Raises `ParameterError` for anything else, and for managers and states that KMS does not have.
    """

    managers: tuple[str, ...] = field(default=(), converter=_words)
    states: tuple[str, ...] = field(default=(), converter=_words)
    aliases: tuple[str, ...] = field(default=(), converter=_words)
    tags: tuple[str, ...] = field(default=(), converter=_words)

    def __attrs_post_init__(self) -> None:
        for name in ("managers", "states", "aliases", "tags"):
            words = getattr(self, name)
            if not isinstance(words, tuple):
                example = [words] if isinstance(words, str) else ["..."]
                raise ParameterError(
                    f"{name} of a KeyFilter must be a collection of strings, not {words!r}: pass "
                    f"{name}={example!r}."
                )
            if not all(isinstance(word, str) and word for word in cast("tuple[object, ...]", words)):
                raise ParameterError(f"{name} of a KeyFilter must be strings, none of them empty.")
        _check_known("managers", self.managers, list(KeyManagerType))
        _check_known("states", self.states, list(KeyState))

    def may_match(self, aliases: Sequence[str] | None) -> bool:
        """Say, before anything but its aliases is known of a key, whether it could match; None are not known."""
        if aliases is None:
            return True
        names = [name.removeprefix("alias/") for name in aliases]
        patterns = [pattern.removeprefix("alias/") for pattern in self.aliases]
        return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    def matches(self, facts: KeyFacts) -> bool:
        """Say whether a key is one of these; one of which that cannot be told is, lest it be lost."""
        return (
            self.may_match(facts.aliases)
            and (not self.managers or facts.manager in (None, *self.managers))
            and (not self.states or facts.state in (None, *self.states))
            and (not self.tags or (facts.manager != "AWS" and _has_any(facts.tags, self.tags)))
        )


def _check_known(name: str, words: Collection[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise ParameterError(f"{name} of a KeyFilter holds {word!r}: KMS has {', '.join(known)}.")


def _has_any(tags: Mapping[str, str] | None, wanted: Collection[str]) -> bool:
    return tags is None or any(_has_tag(tags, tag) for tag in wanted)


def _has_tag(tags: Mapping[str, str], wanted: str) -> bool:
    """Say whether a tag is there; try KEY and KEY=VALUE on each, since a tag key may hold "=" itself."""
    return any(wanted in (key, f"{key}={value}") for key, value in tags.items())
