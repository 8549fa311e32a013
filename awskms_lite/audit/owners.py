"""Who answers for a key: a tag of it says so, or else who created it. Pure."""

from collections.abc import Sequence

from attrs import evolve

from ..errors import ParameterError
from .records import KeyFacts

_MAX_KEY = 128
"""Characters of a tag key (TagResource, AWS KMS API Reference)."""


def check_owner_tags(names: Sequence[str]) -> None:
    """Raise `ParameterError` if these are not the keys of tags."""
    if isinstance(names, str) or not all(isinstance(name, str) and 0 < len(name) <= _MAX_KEY for name in names):
        raise ParameterError(
            f"owner_tags is {names!r:.200}: pass a list of tag keys, of 1 to {_MAX_KEY} characters each."
        )


def with_owner(facts: KeyFacts, owner_tags: Sequence[str]) -> KeyFacts:
    """Return the facts with the key's owner: the first of these tags that it has, else who created it.

    If its tags are unknown, or no tag tells owners, an owner that is known already stays.
    """
    tags = facts.tags or {}
    named = next((tags[name].strip() for name in owner_tags if tags.get(name, "").strip()), None)
    known = None if owner_tags and facts.tags is not None else facts.owner
    owner = named or known or facts.created_by
    return facts if owner == facts.owner else evolve(facts, owner=owner)
