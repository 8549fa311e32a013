"""Tags of LocalKMS's keys."""

from collections.abc import Iterator
from typing import Any

import pytest
from local_client import Client, client, listed

from awskms_lite.local import LocalKMS


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def call(kms: LocalKMS) -> Client:
    return client(kms)


def tag(name: str, value: str = "") -> dict[str, str]:
    return {"TagKey": name, "TagValue": value}


def tags(call: Client, key: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = call("ListResourceTags", KeyId=key)["Tags"]
    return found


def test_tags_are_added_changed_and_taken_away(kms: LocalKMS, call: Client) -> None:
    """A tag given again gets the new value, and taking away one that is not there is no error."""
    key = kms.add_key()
    assert call("TagResource", KeyId=key, Tags=[tag("team", "blue"), tag("cost", "1")]) == {}
    call("TagResource", KeyId=key, Tags=[tag("team", "red"), tag("Team")])
    assert tags(call, key) == [tag("Team"), tag("cost", "1"), tag("team", "red")]
    assert call("UntagResource", KeyId=key, TagKeys=["cost", "none"]) == {}
    assert tags(call, key) == [tag("Team"), tag("team", "red")]


def test_a_key_is_made_with_tags(call: Client) -> None:
    """The tags of CreateKey are there from the start."""
    key = call("CreateKey", Tags=[tag("b"), tag("a", "1")])["KeyMetadata"]["KeyId"]
    assert tags(call, key) == [tag("a", "1"), tag("b")]


def test_tags_come_in_pages(kms: LocalKMS, call: Client) -> None:
    """Fifty tags, odd ones among them, come whole, page after page, and fifty is the largest page."""
    odd = ["\u00fc", "\U0001f511" * 128, " ", "\ud800"]
    named = dict.fromkeys([*odd, *(f"{number:02}" for number in range(46))], "")
    key = kms.add_key(tags=named)
    seen = listed(call, "ListResourceTags", "Tags", KeyId=key, Limit=7)
    assert seen == [tag(name) for name in sorted(named)] == tags(call, key)
    assert call.error("ListResourceTags", KeyId=key, Limit=51).error == "ValidationException"
    assert call.error("ListResourceTags", KeyId=key, Marker="x").error == "InvalidMarkerException"


@pytest.mark.parametrize(
    ("members", "error", "words"),
    [
        ({"Tags": [tag("aws:team")]}, "TagException", "aws:team begins with aws:"),
        ({"Tags": [tag("AWS:team")]}, "TagException", "AWS:team begins with aws:"),
        ({"Tags": [tag("a", "1"), tag("a", "2")]}, "TagException", "Duplicate tag keys"),
        (
            {"Tags": [tag(str(number)) for number in range(51)]},
            "LimitExceededException",
            "50 tags at most, not 51",
        ),
        ({"Tags": [tag("")]}, "ValidationException", "length greater than or equal to 1"),
        ({"Tags": [tag("a" * 129)]}, "ValidationException", "length less than or equal to 128"),
        ({"Tags": [tag("a", "v" * 257)]}, "ValidationException", "length less than or equal to 256"),
        ({"Tags": [{"TagKey": "a"}]}, "ValidationException", "Value null at 'tagValue'"),
        ({}, "ValidationException", "Value null at 'tags'"),
    ],
)
def test_tags_keep_to_the_rules_of_kms(
    kms: LocalKMS, call: Client, members: dict[str, Any], error: str, words: str
) -> None:
    """Tags that are reserved, double, too many or too long are refused, and none is added."""
    key = kms.add_key()
    answer = call.error("TagResource", KeyId=key, **members)
    assert (answer.error, words in answer.message) == (error, True)
    assert tags(call, key) == []


def test_a_key_has_fifty_tags_at_most(kms: LocalKMS, call: Client) -> None:
    """A fifty-first tag is refused, and another value for one of the fifty is not."""
    key = kms.add_key(tags={f"{number:02}": "" for number in range(50)})
    assert call.error("TagResource", KeyId=key, Tags=[tag("50")]).error == "LimitExceededException"
    call("TagResource", KeyId=key, Tags=[tag("49", "new")])
    assert tags(call, key)[-1] == tag("49", "new")


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({}, "ValidationException"),
        ({"TagKeys": [""]}, "ValidationException"),
        ({"TagKeys": ["a" * 129]}, "ValidationException"),
        ({"TagKeys": ["aws:a"]}, "TagException"),
        ({"TagKeys": [1]}, "SerializationException"),
    ],
)
def test_what_names_no_tag_takes_none_away(
    kms: LocalKMS, call: Client, members: dict[str, Any], error: str
) -> None:
    """UntagResource wants tag keys that there could be."""
    assert call.error("UntagResource", KeyId=kms.add_key(), **members).error == error
