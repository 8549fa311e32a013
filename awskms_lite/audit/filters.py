"""Which keys an audit reports."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast

from attrs import field, frozen

from ..errors import ParameterError
from ..models.keys import KeyManagerType, KeyState
from .records import KeyFacts


def _words(value: Iterable[str]) -> Any:
    """Return the words sorted, each once, since their order makes no other filter; anything else as it is."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    words = tuple(value)
    return tuple(sorted(set(words))) if all(isinstance(word, str) for word in words) else words


@frozen
class KeyFilter:
    """The keys to report: those that match every member that is given, by one of its words.

    `managers` are AWS or CUSTOMER, `states` KMS's key states (Enabled, Disabled, ...); `aliases` are patterns for
    alias names, with or without "alias/" ("prod-*"), and `tags` are tag keys or KEY=VALUE. AWS managed keys cannot
    be tagged, so they match no `tags`. Raise `ParameterError` for a member that is no collection of strings, and
    for managers and states that KMS does not have.
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
        """Return whether a key could match of which only the aliases are known; None if they are unknown too."""
        if aliases is None:
            return True
        names = [name.removeprefix("alias/") for name in aliases]
        patterns = [pattern.removeprefix("alias/") for pattern in self.aliases]
        return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    def matches(self, facts: KeyFacts) -> bool:
        """Return whether a key matches; what is unknown about it does not exclude it, so that no key is lost."""
        return (
            self.may_match(facts.aliases)
            and (not self.managers or facts.manager in (None, *self.managers))
            and (not self.states or facts.state in (None, *self.states))
            and (not self.tags or (facts.manager != "AWS" and _has_any(facts.tags, self.tags)))
        )

    def certainly_matches(self, facts: KeyFacts) -> bool:
        """Return whether a key matches and all is known of it that the filter is about.

        That is not so of the tags of a key that another account shares: only its owner may read them.
        """
        about = (
            (self.aliases, facts.aliases),
            (self.managers, facts.manager),
            (self.states, facts.state),
            (self.tags, facts.tags),
        )
        return self.matches(facts) and all(known is not None for words, known in about if words)


def _check_known(name: str, words: Collection[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise ParameterError(f"{name} of a KeyFilter holds {word!r}: KMS has {', '.join(known)}.")


def _has_any(tags: Mapping[str, str] | None, wanted: Collection[str]) -> bool:
    return tags is None or any(_has_tag(tags, tag) for tag in wanted)


def _has_tag(tags: Mapping[str, str], wanted: str) -> bool:
    """Return whether there is such a tag, by KEY or by KEY=VALUE: a tag key may contain "=" itself."""
    return any(wanted in (key, f"{key}={value}") for key, value in tags.items())
