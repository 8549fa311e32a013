"""What a request refuses, whichever it is: shown on a made-up one that has a member of each kind."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import pytest
from attrs import evolve, field, fields, frozen
from hypothesis import given, strategies as st

from awskms_lite.errors import ParameterError
from awskms_lite.models.requests import Bounds, KMSRequest

NOON = datetime(2026, 4, 27, 12, tzinfo=UTC)


class Colour(StrEnum):
    RED = "RED"


@frozen(kw_only=True)
class Part:
    """A structure within a request; it checks nothing by itself."""

    name: Annotated[str, Bounds(1, 3)]
    secret: Annotated[bytes, Bounds(2, 4)] | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Everything(KMSRequest):
    """A request with a member of each kind."""

    text: Annotated[str, Bounds(2, 4)]
    exact: Annotated[str, Bounds(3, 3)] | None = None
    number: Annotated[int, Bounds(-1, 5)] | None = None
    blob: Annotated[bytes, Bounds(2, 4)] | None = field(default=None, repr=False)
    flag: bool | None = None
    moment: datetime | None = None
    colour: Colour | str | None = None
    texts: Annotated[Sequence[Annotated[str, Bounds(1, 2)]], Bounds(1, 2)] | None = None
    colours: Sequence[Colour | str] | None = None
    pairs: Mapping[str, str] | None = None
    part: Part | None = None
    parts: Sequence[Part] | None = None


def made(**members: Any) -> Everything:
    return Everything(**{"text": "text", **members})


GOOD: list[dict[str, Any]] = [
    {"text": "ab"},
    {"text": "äöüß"},
    {"exact": "abc"},
    {"number": -1},
    {"number": 0},
    {"number": 5},
    {"blob": b"ab"},
    {"blob": b"\x00\xff\x00\xff"},
    {"flag": True},
    {"flag": False},
    {"moment": NOON},
    {"colour": Colour.RED},
    {"colour": "GREEN"},
    {"colour": ""},
    {"texts": ("a", "bb")},
    {"colours": (Colour.RED, "GREEN")},
    {"colours": ()},
    {"pairs": {}},
    {"pairs": {"": "", "ä": "\n"}},
    {"part": Part(name="a")},
    {"parts": (Part(name="abc", secret=b"ab"),)},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"text": None}, "text is required: pass something other than None."),
    ({"text": 12}, "text must be a str, not int."),
    ({"text": b"ab"}, "text must be a str, not bytes."),
    ({"text": "a"}, "text has a length of 1: pass 2 to 4 characters."),
    ({"text": "abcde"}, "text has a length of 5: pass 2 to 4 characters."),
    ({"exact": "ab"}, "exact has a length of 2: pass 3 characters."),
    ({"number": -2}, "number is -2: pass -1 to 5."),
    ({"number": 6}, "number is 6: pass -1 to 5."),
    ({"number": 1.0}, "number must be an int, not float."),
    ({"number": True}, "number must be an int, not bool."),
    ({"number": "1"}, "number must be an int, not str."),
    ({"blob": b"a"}, "blob has a length of 1: pass 2 to 4 bytes."),
    ({"blob": b"abcde"}, "blob has a length of 5: pass 2 to 4 bytes."),
    (
        {"blob": "abc"},
        (
            "blob must be bytes, a bytearray or a memoryview (text.encode(), or base64.b64decode(text) if it is "
            "base64), not str."
        ),
    ),
    ({"blob": list(b"abc")}, "blob must be bytes"),
    ({"blob": bytearray(b"a")}, "blob has a length of 1: pass 2 to 4 bytes."),
    ({"flag": 1}, "flag must be True or False, not int."),
    ({"flag": "true"}, "flag must be True or False, not str."),
    (
        {"moment": NOON.replace(tzinfo=None)},
        "moment has no time zone: pass an aware datetime, as in datetime.now(UTC).",
    ),
    ({"moment": NOON.timestamp()}, "moment must be an aware datetime, not float."),
    ({"colour": 1}, "colour must be a str, not int."),
    ({"texts": "ab"}, "texts must be a list, a tuple or a set, not str."),
    ({"texts": {"a": "b"}}, "texts must be a list, a tuple or a set, not dict."),
    ({"texts": iter("ab")}, "texts must be a list, a tuple or a set, not "),
    ({"texts": []}, "texts has a length of 0: pass 1 to 2 items."),
    ({"texts": ["a", "b", "c"]}, "texts has a length of 3: pass 1 to 2 items."),
    ({"texts": ["a", None]}, "texts[1] is None: leave it out."),
    ({"texts": ["a", 1]}, "texts[1] must be a str, not int."),
    ({"texts": ["", "b"]}, "texts[0] has a length of 0: pass 1 to 2 characters."),
    ({"colours": [Colour.RED, 2]}, "colours[1] must be a str, not int."),
    ({"pairs": [("a", "b")]}, "pairs must be a mapping of str to str, not list."),
    ({"pairs": {"a": 1}}, "A key or a value of pairs must be a str, not int."),
    ({"pairs": {b"a": "b"}}, "A key or a value of pairs must be a str, not bytes."),
    ({"part": {"Name": "a"}}, "part must be a Part, not dict."),
    ({"part": Part(name="abcd")}, "part.name has a length of 4: pass 1 to 3 characters."),
    ({"part": Part(name=None)}, "part.name is required: pass something other than None."),  # type: ignore[arg-type]
    ({"parts": [Part(name="a"), Part(name="")]}, "parts[1].name has a length of 0: pass 1 to 3 characters."),
    ({"parts": [Part(name="a", secret=b"a")]}, "parts[0].secret has a length of 1: pass 2 to 4 bytes."),
]


@pytest.mark.parametrize("members", GOOD, ids=repr)
def test_what_keeps_to_the_bounds_is_taken(members: dict[str, Any]) -> None:
    """A member within its bounds, their ends included, stays as it is given; an enum takes any string."""
    request = made(**members)
    for name, value in members.items():
        assert getattr(request, name) == value
        assert type(getattr(request, name)) is type(value)


@pytest.mark.parametrize(("members", "text"), BAD, ids=[text for _, text in BAD])
def test_what_does_not_is_refused_by_name(members: dict[str, Any], text: str) -> None:
    """A wrong member is refused when the request is made, by its name, with its size or type and what to pass."""
    with pytest.raises(ParameterError) as caught:
        made(**members)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("name", sorted({"exact", "number", "blob", "flag", "moment", "colour", "texts", "part"}))
def test_none_is_as_good_as_nothing(name: str) -> None:
    """An optional member may be None, which is the same as leaving it out."""
    assert made(**{name: None}) == made()


@pytest.mark.parametrize("kind", [bytearray, memoryview, lambda blob: memoryview(bytearray(blob * 2))[::2]])
def test_a_blob_may_be_any_bytes(kind: Callable[[bytes], Any]) -> None:
    """A blob is kept as bytes, a copy that its owner cannot change any more."""
    given = kind(b"aaa")
    kept = made(blob=given).blob
    assert type(kept) is bytes
    assert kept == bytes(given)
    if isinstance(given, bytearray):
        given[0] = 0
        assert kept == b"aaa"


def test_a_list_may_be_a_set() -> None:
    """A set is kept as a tuple, in an order that is always the same."""
    for colours in (
        {"RED", "GREEN", "BLUE"},
        frozenset(["RED", "BLUE", "GREEN"]),
        dict.fromkeys(["RED", "GREEN", "BLUE"]).keys(),
    ):
        assert made(colours=colours).colours == ("BLUE", "GREEN", "RED")
    with pytest.raises(ParameterError, match=r"^texts\[0\] must be a str, not int"):
        made(texts={1})


def test_lists_and_mappings_are_kept_as_they_were() -> None:
    """What the caller does to a list or a mapping afterwards does not reach the request."""
    texts, pairs = ["a"], {"a": "b"}
    request = made(texts=texts, pairs=pairs)
    texts.append("much too long")
    pairs["c"] = "d"
    assert (request.texts, request.pairs) == (("a",), {"a": "b"})
    assert made(texts=["a"]) == made(texts=("a",))


def test_a_request_checks_itself_when_it_is_changed() -> None:
    """There is no way to a wrong request, not by way of a right one either."""
    with pytest.raises(ParameterError, match="number is 6"):
        evolve(made(number=5), number=6)


FORMS: dict[str, Callable[[str], object]] = {
    "itself": str,
    "bytes": str.encode,
    "in a list": lambda text: [text],
    "a key of a dict": lambda text: {text: 1},
    "in a dict": lambda text: {1: text},
}


@given(
    secret=st.text("\u0394\u03a9", min_size=5, max_size=9),
    form=st.sampled_from(sorted(FORMS)),
    name=st.sampled_from([attribute.name for attribute in fields(Everything)]),
)
def test_no_error_repeats_a_value(secret: str, form: str, name: str) -> None:
    """Whatever is wrong with whatever member, the error says its size or its type and never what it holds."""
    error: ParameterError | None = None
    try:
        made(**{name: FORMS[form](secret)})
    except ParameterError as raised:
        error = raised
    assert (error is None) is ((name, form) in {("colour", "itself"), ("colours", "in a list")})
    shown = f"{error}{error!r}{vars(error) if error else ''}"
    assert not {"\u0394", "\u03a9", "\\"} & set(shown)
    assert error is None or error.__context__ is None


def test_what_is_sensitive_does_not_show() -> None:
    """A sensitive member shows neither in its own model nor in the one around it."""
    shown = repr(made(blob=b"gold", part=Part(name="abc", secret=b"gold")))
    assert "abc" in shown
    assert "gold" not in shown
