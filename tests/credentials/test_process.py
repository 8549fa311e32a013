"""Credentials from a program: what is run, what it may print, and what is said when it goes wrong."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.flow_world import World

from awskms_lite import errors
from awskms_lite.credentials import process
from awskms_lite.errors import ConfigurationError, CredentialsError, KMSLiteError
from awskms_lite.identity import Credentials
from awskms_lite.steps import Output, Run

NOW = 1_790_000_000.0
ARGUMENT = "argument-that-is-secret"
COMMAND = f"/opt/keys --token {ARGUMENT}"
PRINTED: dict[str, Any] = {
    "Version": 1,
    "AccessKeyId": "ASIAPROCESS",
    "SecretAccessKey": "secret-of-the-process",
    "SessionToken": "token-of-the-process",
}
SECRETS = (ARGUMENT, "secret-of-the-process", "token-of-the-process")


def output(printed: object, status: int = 0) -> Output:
    return Output(status, printed if isinstance(printed, bytes) else json.dumps(printed).encode())


def load(printed: object, command: str = COMMAND, **options: Any) -> Credentials:
    outcome = printed if isinstance(printed, Output | KMSLiteError) else output(printed)
    return World(outputs=[outcome]).play(process.load(command, "dev", lambda: NOW, {}, **options))


def refusal(printed: object, command: str = COMMAND, **options: Any) -> str:
    """Return the text of the error that this ends in, which holds no secret."""
    with pytest.raises(CredentialsError) as caught:
        load(printed, command, **options)
    text = str(caught.value)
    assert not any(secret in text for secret in SECRETS)
    assert "'dev'" in text or "profile dev" in text
    return text


def test_the_program_is_run_and_what_it_prints_is_used() -> None:
    """One step runs the command's words, for a minute at most; the printed object becomes credentials."""
    flow = process.load(COMMAND, "dev", lambda: NOW, {})
    assert flow.send(None) == Run(("/opt/keys", "--token", ARGUMENT), 60.0, {})
    with pytest.raises(StopIteration) as caught:
        flow.send(output(PRINTED))
    assert caught.value.value == Credentials(
        "ASIAPROCESS", "secret-of-the-process", "token-of-the-process", source="credential_process, profile dev"
    )


def test_keys_without_token_and_expiry_are_for_good() -> None:
    """Without a token and an expiry the keys are used as they are, and never renewed."""
    found = load({"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "secret", "SessionToken": None})
    assert (found.session_token, found.expires_at, found.account_id) == (None, None, None)


@pytest.mark.parametrize("text", ["2030-01-02T03:04:05Z", "2030-01-02T04:04:05+01:00", "2030-01-02T03:04:05"])
def test_the_expiry_is_read(text: str) -> None:
    """An expiry in ISO 8601 becomes an aware time in UTC, which it is also without an offset."""
    assert load({**PRINTED, "Expiration": text}).expires_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("printed", "account"),
    [({"AccountId": "111122223333"}, "111122223333"), ({}, "444455556666"), ({"AccountId": " "}, "444455556666")],
)
def test_the_account_is_the_programs_or_else_the_profiles(printed: dict[str, str], account: str) -> None:
    """The account that the program names goes before the one of the profile."""
    assert load({**PRINTED, **printed}, account_id="444455556666").account_id == account


def test_a_failure_is_named_by_its_status() -> None:
    """A program that fails is an error with its name and status, whatever it printed."""
    text = refusal(output(PRINTED, status=7))
    assert "(/opt/keys) failed with status 7" in text
    assert "standard error" in text


@pytest.mark.parametrize(
    "error",
    [errors.TimeoutError("/opt/keys did not end"), ConfigurationError("/opt/keys cannot be started")],
)
def test_a_program_that_hangs_or_cannot_be_started_is_an_error(error: KMSLiteError) -> None:
    """What the machine says about the program is passed on, with the profile's name and the cause."""
    with pytest.raises(CredentialsError, match=f"profile 'dev' .* returned no credentials: {error}") as caught:
        load(error)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("printed", [b"", b" \r\n"])
def test_nothing_printed_is_an_error(printed: bytes) -> None:
    """A program that prints nothing is told what it should print."""
    assert "printed nothing. Have it print the JSON" in refusal(printed)


@pytest.mark.parametrize(
    "printed",
    [
        b"Welcome, token-of-the-process!\n" + json.dumps(PRINTED).encode(),
        json.dumps(PRINTED).encode() + b"\nsecret-of-the-process",
        b"\xff\xfesecret-of-the-process",
        b'["secret-of-the-process"]',
        b"[" * 100_000,
    ],
)
def test_a_banner_is_an_error_that_does_not_repeat_it(printed: bytes) -> None:
    """Anything beside one JSON object is refused; the text gives its kind and not its content."""
    text = refusal(printed)
    assert "/opt/keys" in text
    assert text.endswith("Have it print the JSON of the credentials to standard output, and nothing else.")


@pytest.mark.parametrize("version", [2, "1", True, None, 1.5, [1]])
def test_another_version_is_refused(version: object) -> None:
    """The version has to be the number 1."""
    assert "Version other than the number 1" in refusal({**PRINTED, "Version": version})
    assert load({**PRINTED, "Version": 1.0}).access_key_id == "ASIAPROCESS"


def test_a_missing_version_is_refused() -> None:
    """An object without a version is refused too."""
    assert "Version" in refusal({name: value for name, value in PRINTED.items() if name != "Version"})


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize("member", ["AccessKeyId", "SecretAccessKey"])
def test_a_missing_key_is_named(member: str, blank: str | None) -> None:
    """The text names the member that is missing."""
    assert f"printed no {member}." in refusal({**PRINTED, member: blank})


@pytest.mark.parametrize("value", [17, ["secret-of-the-process"], "token-of-the-process\r\nX: 1"])
@pytest.mark.parametrize("member", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
def test_a_part_that_could_not_stand_in_a_header_is_refused(member: str, value: object) -> None:
    """A key of a wrong kind or with a line end is refused, and not repeated."""
    assert "profile dev" in refusal({**PRINTED, member: value})


@pytest.mark.parametrize("expiry", ["tomorrow", 1_890_000_000, "", {}])
def test_an_expiry_of_another_kind_is_refused(expiry: object) -> None:
    """An expiry has to be an ISO 8601 time."""
    assert "ISO 8601" in refusal({**PRINTED, "Expiration": expiry})


def test_expired_credentials_are_refused() -> None:
    """Credentials that have ended before they came are an error, with a hint at the clock."""
    assert "expired already" in refusal({**PRINTED, "Expiration": "2020-01-01T00:00:00Z"})


@pytest.mark.parametrize(
    ("variable", "value"), [("X", "a\0b"), ("X", "\ud800"), ("\0", "x"), ("\udfff", "x"), ("A=B", "x"), ("", "x")]
)
def test_a_variable_that_no_program_can_be_handed_is_named(variable: str, value: str) -> None:
    """An environ of the caller's own may hold what no process has; the program is not started."""
    flow = process.load(COMMAND, "dev", lambda: NOW, {"GOOD": "\udcff", variable: value})
    with pytest.raises(CredentialsError, match=r"'dev' .* cannot be started with the variable") as caught:
        flow.send(None)
    assert repr(variable) in str(caught.value)
    assert ARGUMENT not in str(caught.value)


@pytest.mark.parametrize("command", ["", "  ", '"" --flag', "/opt/\0keys"])
@pytest.mark.parametrize("windows", [True, False])
def test_a_blank_command_is_refused(command: str, windows: bool) -> None:
    """A command without a program in it is refused before anything is run."""
    assert "blank" in refusal(PRINTED, command, windows=windows)


@pytest.mark.parametrize("windows", [True, False])
def test_an_open_quote_is_refused(windows: bool) -> None:
    """A quote that is left open is refused, and the command not repeated."""
    assert "quotes" in refusal(PRINTED, f'/opt/keys "{ARGUMENT}', windows=windows)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("keys 'a b' \"c d\" e\\ f ''", ["keys", "a b", "c d", "e f", ""]),
        ("keys | grep $HOME #no comment", ["keys", "|", "grep", "$HOME", "#no", "comment"]),
    ],
)
def test_a_command_is_split_as_a_shell_would(command: str, words: list[str]) -> None:
    """Quotes and backslashes hold words together; pipes, variables and comments mean nothing."""
    assert process.load(command, "dev", lambda: NOW, {}, windows=False).send(None) == Run(tuple(words), 60.0, {})


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (r"C:\bin\keys.exe --dir C:\a\\b", [r"C:\bin\keys.exe", "--dir", r"C:\a\\b"]),
        (r'"C:\Program Files\keys.exe" ""', [r"C:\Program Files\keys.exe", ""]),
        (r'k a\"b "c \"d\" e" \\"f g" h\\\"', ["k", 'a"b', 'c "d" e', r"\f g", r"h\""]),
        (" k\t'a b' ", ["k", "'a", "b'"]),
        ("k trailing\\\\", ["k", "trailing\\\\"]),
        ("k a\\ b", ["k", "a\\", "b"]),
        ('k a""b', ["k", "ab"]),
    ],
)
def test_a_command_is_split_as_windows_does(command: str, words: list[str]) -> None:
    """Only double quotes hold words together there, and backslashes are plain but before one."""
    assert process.load(command, "dev", lambda: NOW, {}, windows=True).send(None) == Run(tuple(words), 60.0, {})


@given(st.binary() | st.from_regex(rb'\{"Version": 1, "(AccessKeyId|SecretAccessKey)": .*\}'), st.text())
def test_whatever_is_printed_gives_credentials_or_one_of_our_errors(printed: bytes, command: str) -> None:
    """No output and no command gets anything but credentials or a `KMSLiteError` out of the source."""
    for windows in (True, False):
        try:
            found = load(printed, command, windows=windows)
        except KMSLiteError:
            continue
        assert isinstance(found, Credentials)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2099-01-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*PRINTED, "Expiration", "AccountId"]), JSON))
def test_members_of_any_kind_give_credentials_or_one_of_our_errors(members: dict[str, Any]) -> None:
    """Whatever stands in the members, there are credentials or a `KMSLiteError`."""
    try:
        found = load({**PRINTED, **members})
    except KMSLiteError:
        return
    assert isinstance(found, Credentials)
