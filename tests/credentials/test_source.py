"""What the sources share: JSON and times as they come from anywhere, and asking until there is an answer."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.flow_world import World

from awskms_lite.credentials.source import ATTEMPTS, NotConfigured, fetch, read_object, read_time, validated
from awskms_lite.errors import (
    ClosedError,
    ConfigurationError,
    ConnectError,
    CredentialsError,
    KMSLiteError,
    ProtocolError,
    TimeoutError,
    TransportError,
)
from awskms_lite.identity import Credentials
from awskms_lite.steps import Request, Response, Send, Sleep

URL = "http://metadata.test/keys"
REQUEST = Request("GET", URL, [("Accept", "application/json")])
FOUND = Response(200, {}, b"{}")


def world(*answers: Response | KMSLiteError) -> World:
    return World(answers={("GET", URL): answers})


def ask(there: World, **options: Any) -> Response:
    return there.play(fetch(REQUEST, "The test", lambda: 1.0, **options))


def waits(there: World) -> list[float]:
    return [step.seconds for step in there.steps if isinstance(step, Sleep)]


class TestFetch:
    """Asking a source's endpoint."""

    def test_an_answer_is_given_as_it_came(self) -> None:
        """One request, as it was handed in, and no wait."""
        there = world(FOUND)
        assert ask(there) is FOUND
        assert there.steps == [Send(REQUEST, None, direct=False)]

    def test_time_and_way_are_passed_on(self) -> None:
        """The timeout is each attempt's, and `direct` keeps each of them off a proxy."""
        there = world(Response(500, {}, b""), FOUND)
        ask(there, timeout=1.5, direct=True)
        sends = [step for step in there.steps if isinstance(step, Send)]
        assert sends == [Send(REQUEST, 1.5, direct=True)] * 2

    @pytest.mark.parametrize(
        "trouble",
        [
            Response(500, {}, b""),
            Response(503, {}, b""),
            Response(429, {}, b""),
            ConnectError("refused"),
            TimeoutError("late"),
            TransportError("reset"),
            ProtocolError("too long"),
        ],
    )
    def test_trouble_that_passes_is_waited_out(self, trouble: Response | KMSLiteError) -> None:
        """A server's error, and no answer at all, are asked again, twice at most, each wait twice the last."""
        there = world(trouble, trouble, FOUND)
        assert ask(there) is FOUND
        assert waits(there) == [0.05, 0.1]

    @pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404])
    def test_any_other_answer_is_final(self, status: int) -> None:
        """A refusal is not asked twice."""
        there = world(Response(status, {}, b"x"), FOUND)
        assert ask(there).status == status
        assert waits(there) == []

    def test_the_last_answer_is_given_even_if_it_is_trouble(self) -> None:
        """What to make of a third error of the server is the source's to say."""
        there = world(Response(500, {}, b""))
        assert ask(there).status == 500
        assert len(there.requests) == ATTEMPTS
        assert len(waits(there)) == ATTEMPTS - 1

    def test_without_any_answer_it_is_an_error(self) -> None:
        """The text names the source and why, and the last failure is chained."""
        last = TimeoutError("too late for the test")
        there = world(ConnectError("refused"), ConnectError("refused"), last)
        with pytest.raises(CredentialsError, match="The test cannot be reached: too late for the test") as caught:
            ask(there)
        assert caught.value.__cause__ is last
        assert len(there.requests) == ATTEMPTS

    @pytest.mark.parametrize("error", [ClosedError("closed"), ConfigurationError("proxy")])
    def test_what_no_attempt_can_mend_goes_up(self, error: KMSLiteError) -> None:
        """A closed client and a wrong set-up are told as they are, at once."""
        there = world(error)
        with pytest.raises(type(error)) as caught:
            ask(there)
        assert caught.value is error
        assert waits(there) == []

    def test_a_source_may_say_what_is_asked_again(self) -> None:
        """Its own rule replaces the common one."""
        there = world(Response(404, {}, b""), Response(500, {}, b""))
        assert ask(there, is_retryable=lambda response: response.status == 404).status == 500


class TestObject:
    """A JSON object, or an error that repeats none of it."""

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", r"not JSON \(0 bytes\)"),
            (b"secret-page", r"not JSON \(11 bytes\)"),
            (b'{"secret": ', "not JSON"),
            (b"\xff\xfe", "not JSON"),
            (b"[" * 100_000, "not JSON"),
            (b'["secret"]', "a JSON list, not an object"),
            (b'"secret"', "a JSON str, not an object"),
            (b"null", "a JSON NoneType, not an object"),
        ],
    )
    def test_what_is_none_is_told_without_its_content(self, content: bytes, why: str) -> None:
        """The text names the source and the kind of content."""
        with pytest.raises(CredentialsError, match=f"^The test: .*{why}") as caught:
            read_object(content, "The test")
        assert "secret" not in str(caught.value)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None

    @given(st.dictionaries(st.text("ab", max_size=3), st.integers() | st.text("é\n", max_size=3) | st.none()))
    def test_an_object_is_given_whole(self, value: dict[str, Any]) -> None:
        """Every object comes back as it was written."""
        assert read_object(json.dumps(value).encode(), "x") == value

    @given(st.binary(max_size=20))
    def test_any_bytes_are_an_object_or_an_error_of_ours(self, content: bytes) -> None:
        """No foreign exception comes out, whatever a source printed."""
        with suppress(CredentialsError):
            assert isinstance(read_object(content, "x"), dict)


class TestTime:
    """An expiry, in UTC and aware."""

    @pytest.mark.parametrize(
        ("text", "hour"),
        [
            ("2030-01-02T03:04:05Z", 3),
            ("2030-01-02T03:04:05z", 3),
            ("2030-01-02t03:04:05z", 3),
            ("2030-01-02T03:04:05+00:00", 3),
            ("2030-01-02T05:04:05+02:00", 3),
            ("2030-01-02T03:04:05", 3),
            ("20300102T030405Z", 3),
        ],
    )
    def test_an_iso_time_is_read(self, text: str, hour: int) -> None:
        """With an offset or without, which means UTC."""
        moment = read_time(text, "x")
        assert moment == datetime(2030, 1, 2, hour, 4, 5, tzinfo=UTC)
        assert moment.utcoffset() == timedelta(0)

    @pytest.mark.parametrize(
        "text", [None, "", 1_900_000_000, "soon", "2030-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", b"2030", []]
    )
    def test_anything_else_is_an_error(self, text: object) -> None:
        """What is no time names its source."""
        with pytest.raises(CredentialsError, match=r"^The test: the expiry is not an ISO 8601 time"):
            read_time(text, "The test")


def test_fit_credentials_are_given_back() -> None:
    """What can stand in a header passes untouched, with a token and without."""
    for token in (None, "token/+="):
        credentials = Credentials("AKIA!~", "s", token)
        assert validated(credentials) is credentials


@pytest.mark.parametrize("key_id", ["AKIA,", "AKIA/x", "AKIA x", "AKIA\n", ""])
def test_a_key_id_that_would_end_its_scope_is_refused(key_id: str) -> None:
    """What would part the access key id from the rest of a signature is none of one; the secret may hold it."""
    with pytest.raises(CredentialsError, match=r"access key id \(somewhere\)"):
        validated(Credentials(key_id, "s", source="somewhere"))
    validated(Credentials("AKIA", "s,/"))


@pytest.mark.parametrize("quoted", ['"{}"', "'{}'", '"{}', "{}'"])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_keys_in_quotation_marks_are_named_as_such(quoted: str, part: int) -> None:
    """Nothing strips them from a file for Docker's --env-file; the value itself is not shown."""
    parts = ["AKIAEXAMPLE", "secretEXAMPLE", "tokenEXAMPLE"]
    parts[part] = quoted.format(parts[part])
    names = ("access key id", "secret access key", "session token")
    with pytest.raises(CredentialsError, match=rf"{names[part]} \(somewhere\) is in quotation marks") as caught:
        validated(Credentials(parts[0], parts[1], parts[2], source="somewhere"))
    assert "EXAMPLE" not in str(caught.value)


def test_an_end_without_a_time_zone_is_refused() -> None:
    """Nobody could say when that is."""
    text: Any = "2030-01-01T00:00:00Z"
    with pytest.raises(CredentialsError, match=r"\(somewhere\) expire at a str: make it a datetime"):
        validated(Credentials("AKIA", "secret", expires_at=text, source="somewhere"))
    with pytest.raises(CredentialsError, match=r"\(somewhere\) expire at a time without a time zone"):
        validated(Credentials("AKIA", "s", source="somewhere", expires_at=datetime(2030, 1, 1)))  # noqa: DTZ001


def test_an_empty_token_is_refused() -> None:
    """A token that is there and empty is a mistake; None is none."""
    with pytest.raises(CredentialsError, match=r"session token \(somewhere\)"):
        validated(Credentials("AKIA", "s", "", source="somewhere"))


def test_a_source_passes_with_a_reason() -> None:
    """The reason is for people to read."""
    assert NotConfigured("nothing set").reason == "nothing set"
