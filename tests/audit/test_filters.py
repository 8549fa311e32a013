"""Which keys an audit is about."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.audit_data import facts

from awskms_lite.audit import KeyFilter
from awskms_lite.errors import ParameterError


@pytest.mark.parametrize(
    ("words", "members", "matches"),
    [
        ({}, {}, True),
        ({"managers": ["AWS"]}, {}, False),
        ({"managers": {"CUSTOMER"}}, {}, True),
        ({"states": ["Disabled", "Enabled"]}, {}, True),
        ({"states": ["Disabled"]}, {}, False),
        ({"aliases": ["prod-*"]}, {"aliases": ("alias/test", "alias/prod-orders")}, True),
        ({"aliases": ["alias/prod-*"]}, {"aliases": ("alias/prod-orders",)}, True),
        ({"aliases": ["Prod-*"]}, {"aliases": ("alias/prod-orders",)}, False),
        ({"aliases": ["*"]}, {"aliases": ()}, False),
        ({"tags": ["team"]}, {"tags": {"team": "shop"}}, True),
        ({"tags": ["team=shop"]}, {"tags": {"team": "shop"}}, True),
        ({"tags": ["team=data"]}, {"tags": {"team": "shop"}}, False),
        ({"tags": ["a=b"]}, {"tags": {"a=b": ""}}, True),
        ({"tags": ["team"]}, {"tags": {}}, False),
        ({"managers": ["CUSTOMER"], "states": ["Disabled"]}, {}, False),
        ({"states": ["Disabled"]}, {"state": None}, True),
        ({"managers": ["AWS"]}, {"manager": None}, True),
        ({"tags": ["team"]}, {"tags": None}, True),
        ({"tags": ["team"]}, {"tags": None, "manager": "AWS"}, False),
        ({"tags": ["team"]}, {"tags": {"team": "shop"}, "manager": "AWS"}, False),
        ({"tags": ["team"]}, {"tags": None, "manager": None}, True),
    ],
)
def test_what_matches(words: Mapping[str, Any], members: Mapping[str, Any], matches: bool) -> None:
    """Every member has to match, by one word at least; a key of which that cannot be told is not lost."""
    assert KeyFilter(**words).matches(facts(**members)) == matches


@pytest.mark.parametrize(
    ("words", "members", "matches"),
    [
        ({}, {"tags": None, "state": None, "manager": None, "aliases": None}, True),
        ({"tags": ["team"]}, {"tags": {"team": "shop"}}, True),
        ({"tags": ["team"]}, {"tags": {}}, False),
        ({"tags": ["team"]}, {"tags": None, "shared": True}, False),
        ({"tags": ["team"]}, {"tags": None, "state": "PendingDeletion"}, False),
        ({"states": ["Enabled"]}, {"tags": None}, True),
        ({"states": ["Enabled"]}, {"state": None, "shared": True}, False),
        ({"managers": ["AWS"]}, {"manager": None}, False),
        ({"aliases": ["prod-*"]}, {"aliases": None}, False),
    ],
)
def test_what_matches_for_certain(words: Mapping[str, Any], members: Mapping[str, Any], matches: bool) -> None:
    """What is unknown counts if the filter is about it, and not otherwise."""
    assert KeyFilter(**words).certainly_matches(facts(**members)) == matches


@pytest.mark.parametrize(
    "words",
    [{"managers": ["me"]}, {"states": ["enabled"]}, {"tags": [""]}, {"aliases": [7]}, {"tags": ("a", None)}],
)
def test_what_is_no_filter(words: Mapping[str, Any]) -> None:
    """A word that could match nothing is refused, and the error says what there is."""
    with pytest.raises(ParameterError, match=next(iter(words))):
        KeyFilter(**words)


@pytest.mark.parametrize("name", ["managers", "states", "aliases", "tags"])
@pytest.mark.parametrize(
    ("words", "remedy"), [("CUSTOMER", "=['CUSTOMER']"), (b"CUSTOMER", "strings"), (None, "=["), (7, "=[")]
)
def test_what_is_no_collection(name: str, words: Any, remedy: str) -> None:
    """A text would be taken for its letters: it is refused, and the error shows what to write."""
    with pytest.raises(ParameterError, match=name) as caught:
        KeyFilter(**{name: words})
    assert remedy in str(caught.value)
