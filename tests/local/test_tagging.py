"""Tags of LocalKMS's keys."""

from typing import Any

import pytest
from support.local_client import Client, listed

from awskms_lite.local import LocalKMS


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
        ({"Tags": [tag("aws:team")]}, "TagException", "Tags beginning with aws: are reserved"),
        ({"Tags": [tag("AWS:team")]}, "TagException", "Tags beginning with aws: are reserved"),
        ({"Tags": [tag("a", "1"), tag("a", "2")]}, "TagException", "Duplicate tag keys"),
        ({"Tags": [tag(str(number)) for number in range(51)]}, "TagException", "Too many tags"),
        ({"Tags": [tag("")]}, "ValidationException", "'tags.1.member.tagKey' failed to satisfy constraint: "),
        ({"Tags": [tag("")]}, "ValidationException", "length greater than or equal to 1"),
        ({"Tags": [tag("a" * 129)]}, "ValidationException", "length less than or equal to 128"),
        ({"Tags": [tag("a"), tag("b", "v" * 257)]}, "ValidationException", "'tags.2.member.tagValue' failed"),
        ({"Tags": [tag("a", "v" * 257)]}, "ValidationException", "length less than or equal to 256"),
        ({"Tags": [{"TagKey": "a"}]}, "ValidationException", "Value null at 'tags.1.member.tagValue'"),
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


@pytest.mark.parametrize(
    "text", ["Red & Blue", "a;b", "a,b", "a\tb", "a\n", "{a}", "\U0001f511", "a\u0301", "\ud800"]
)
@pytest.mark.parametrize("part", ["TagKey", "TagValue"])
def test_a_tag_has_the_characters_of_aws_tags(kms: LocalKMS, call: Client, part: str, text: str) -> None:
    """Any other in its key or value is TagException, for a new key as for one that is there."""
    for operation in ("CreateKey", "TagResource"):
        answer = call.error(operation, KeyId=kms.add_key(), Tags=[tag("fine"), tag("a", "b") | {part: text}])
        assert (answer.error, answer.message) == ("TagException", "Invalid tag")


def test_a_tag_may_be_of_any_script(kms: LocalKMS, call: Client) -> None:
    """Letters, digits and spaces of every script, and eight marks, stand in keys and values."""
    given = [
        tag("\u00dcnit:a/b+c=d@e_f-g.h", "Gr\u00f6\u00dfe 3 + 4 = 7 @ x"),
        tag("\u9375", "\u0663\u00a0\u3000"),
        tag("a"),
    ]
    key = call("CreateKey", Tags=given)["KeyMetadata"]["KeyId"]
    assert sorted(tags(call, key), key=lambda each: each["TagKey"]) == sorted(
        given, key=lambda each: each["TagKey"]
    )


def test_a_key_is_not_made_with_too_many_tags(call: Client) -> None:
    """Fifty-one tags are TagException, and no key is made; fifty are as many as there may be."""
    answer = call.error("CreateKey", Tags=[tag(str(number)) for number in range(51)])
    assert (answer.error, answer.message) == ("TagException", "Too many tags")
    assert call("ListKeys")["Keys"] == []
    call("CreateKey", Tags=[tag(str(number)) for number in range(50)])


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
