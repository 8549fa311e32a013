"""What an error holds: nothing of a file, a token or an answer, whichever exception it is chained to.

`raise ... from None` hides what was being handled from tracebacks, and keeps it: a UnicodeDecodeError has the
whole file as its `object`, a JSONDecodeError the whole answer as its `doc`, the ValueError of a time the text. So
each reader of what is foreign is fed what it cannot read, with a word in it, and the whole chain is searched.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.shown import chain

from awskms_lite import AsyncKMSClient, KMSClient
from awskms_lite.audit import audit
from awskms_lite.config import parse_config
from awskms_lite.credentials import container, instance, login, process, sso, web_identity
from awskms_lite.errors import KMSLiteError
from awskms_lite.identity import Credentials
from awskms_lite.operations.encryption import DECRYPT
from awskms_lite.operations.usage import GET_KEY_LAST_USAGE
from awskms_lite.protocol import decode, decode_error
from awskms_lite.service_clock import ServiceClock
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Flow, Output, Read, Response, Run, Send

WORD = "opensesame"
NOW = 1_790_000_000.0
SOON = "2030-01-02T03:04:05Z"
HOME = {"HOME": "/home/me"}


def held(error: BaseException) -> str:
    """Return all that can be got out of an exception and its chain, but for the frames that it went through."""
    return "\n".join(
        f"{type(found).__name__}.{name} = {getattr(found, name)!r}"
        for found in chain(error)
        for name in dir(found)
        if name == "__dict__" or not name.startswith("__")
    )


def shows(text: str) -> bool:
    spelled = {text, text.encode().decode("unicode_escape", "replace"), text.replace("\\x00", "")}
    return any(WORD in form for form in spelled)


def assert_silent(error: BaseException) -> None:
    assert not shows(held(error)), held(error)


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "one byte that is not UTF-8": lambda text: text + b"# \xff\n",
    "Latin-1": lambda text: text + "é".encode("latin-1"),
    "UTF-16": lambda text: b"\xff\xfe" + text.decode().encode("utf-16-le"),
    "UTF-16, the other way": lambda text: b"\xfe\xff" + text.decode().encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.decode().encode("utf-16-le"),
    "a mark of UTF-8 twice": lambda text: 2 * b"\xef\xbb\xbf" + text,
    "cut off": lambda text: text[: text.index(WORD.encode()) + len(WORD)],
    "the word alone": lambda text: WORD.encode(),
    "a page": lambda text: b"<html>&" + WORD.encode() + b";</html>",
    "a page of another type": lambda text: b"<!DOCTYPE x><html>" + WORD.encode() + b"</html>",
    "nested too deeply": lambda text: b'{"' + WORD.encode() + b'":' + b"[" * 200_000,
    "a long number": lambda text: b'{"' + WORD.encode() + b'":' + b"9" * 5000 + b"}",
    "a number that is none": lambda text: b'{"' + WORD.encode() + b'": NaN}',
    "a list": lambda text: b'["' + WORD.encode() + b'"]',
    "a text": lambda text: b'"' + WORD.encode() + b'"',
    "a lone surrogate": lambda text: b'{"' + WORD.encode() + b'": "\\ud800"',
    "twice": lambda text: text + text,
    "nothing": lambda text: b"",
}
spoiled = pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)


def play(flow: Flow[Any], *outcomes: bytes | Response) -> None:
    """Answer each step with the next of these, the rest with the last; an error in the end is searched."""
    left = list(outcomes)
    outcome: object = None
    try:
        while True:
            step = flow.send(outcome)
            outcome = None
            if isinstance(step, Read | Send | Run):
                found = left.pop(0) if len(left) > 1 else left[0]
                body = found.body if isinstance(found, Response) else found
                status = found.status if isinstance(found, Response) else 200
                kinds = {Read: body, Send: Response(status, {}, body), Run: Output(0, body)}
                outcome = kinds[type(step)]
    except StopIteration:
        pass
    except KMSLiteError as error:
        assert_silent(error)


def each_value_replaced(members: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the members with one of them turned into the word, a list of it, an object, a number, or left out."""
    for name in members:
        for value in (WORD, [WORD], {WORD: WORD}, 10**400, -1, None, f"{WORD}\n", f"\ud800{WORD}"):
            yield {**members, name: value}
        yield {other: value for other, value in members.items() if other != name}


CONTAINER = {"AccessKeyId": "AKIA", "SecretAccessKey": WORD, "Token": WORD, "Expiration": SOON}
PRINTED = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": WORD, "SessionToken": WORD, "Expiration": SOON}
KEYS = {"accessKeyId": "AKIA", "secretAccessKey": WORD, "sessionToken": WORD}
LOGIN = {"accessToken": {**KEYS, "expiresAt": SOON}, "dpopKey": WORD}
CACHED = {
    "accessToken": WORD,
    "expiresAt": "2020-01-02T03:04:05Z",
    "clientId": WORD,
    "clientSecret": WORD,
    "refreshToken": WORD,
    "registrationExpiresAt": SOON,
}
FRESH = json.dumps({**CACHED, "expiresAt": "2100-01-01T00:00:00Z"}).encode()
RENEWED = {"accessToken": WORD, "expiresIn": 3600, "refreshToken": WORD}
PORTAL = {"roleCredentials": {**KEYS, "expiration": 4_000_000_000_000}}
STS = (
    f"<A><Credentials><AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>{WORD}</SecretAccessKey><SessionToken>{WORD}"
    f"</SessionToken><Expiration>{SOON}</Expiration></Credentials></A>"
)
PROFILE = parse_config(
    "[default]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = R\n"
    "[sso-session s]\nsso_start_url = https://d.awsapps.com/start\nsso_region = us-east-1\n",
    "config",
)
WEB_IDENTITY = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/R"}
BY_URL = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/keys"}
BY_FILE = {**BY_URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token"}


def of_web_identity(*outcomes: bytes | Response) -> None:
    settings = resolve_settings(WEB_IDENTITY, {}, region="us-east-1")
    play(web_identity.load(settings, ServiceClock(lambda: NOW), lambda: 1.0), *outcomes)


def of_sso(*outcomes: bytes | Response) -> None:
    settings = resolve_settings(HOME, PROFILE, region="us-east-1")
    play(sso.load(settings, "default", lambda: NOW, lambda: 1.0), *outcomes)


def of_instance(*outcomes: bytes | Response) -> None:
    play(instance.load(resolve_settings({}, {}, region="us-east-1"), lambda: 1.0), *outcomes)


def of_instance_token(*outcomes: bytes | Response) -> None:
    of_instance(*outcomes, Response(404, {}, b""))


def of_login(*outcomes: bytes | Response) -> None:
    play(login.load(resolve_settings(HOME, {}, region="us-east-1"), "session", "dev", lambda: NOW), *outcomes)


def of_process(*outcomes: bytes | Response) -> None:
    play(process.load(f"/opt/keys {WORD}", "dev", lambda: NOW, {}), *outcomes)


def of_container(*outcomes: bytes | Response) -> None:
    play(container.load(BY_URL, lambda: 1.0), *outcomes)


def of_container_token(*outcomes: bytes | Response) -> None:
    play(container.load(BY_FILE, lambda: 1.0), *outcomes)


# Who reads, what it is answered with before, and the members or the text that it should have been answered with.
# An error's code and the name of an instance's role are no secrets, and shown.
READERS: dict[str, tuple[Callable[..., None], list[bytes], dict[str, Any] | str]] = {
    "web identity's token": (of_web_identity, [], WORD),
    "container's token": (of_container_token, [], WORD),
    "container": (of_container, [], CONTAINER),
    "instance metadata's token": (of_instance_token, [], WORD),
    "instance metadata": (of_instance, [b"token", b"role"], CONTAINER),
    "login": (of_login, [], LOGIN),
    "process": (of_process, [], PRINTED),
    "the login to SSO": (of_sso, [], CACHED),
    "the renewal of the login to SSO": (of_sso, [json.dumps(CACHED).encode()], RENEWED),
    "SSO": (of_sso, [FRESH], PORTAL),
    "STS": (of_web_identity, [b"token"], STS),
}
readers = pytest.mark.parametrize(("reader", "before", "right"), READERS.values(), ids=READERS)


def written(right: dict[str, Any] | str) -> bytes:
    return (right if isinstance(right, str) else json.dumps(right)).encode()


@spoiled
@readers
@pytest.mark.parametrize("status", [200, 400, 403])
def test_what_a_source_cannot_read_is_in_no_error(
    reader: Callable[..., None],
    before: list[bytes],
    right: dict[str, Any] | str,
    spoil: Callable[[bytes], bytes],
    status: int,
) -> None:
    """Whatever a file, a program or a server gives in place of what is wanted: no error holds any of it."""
    reader(*before, Response(status, {}, spoil(written(right))))


@readers
def test_a_member_of_a_wrong_kind_is_in_no_error(
    reader: Callable[..., None], before: list[bytes], right: dict[str, Any] | str
) -> None:
    """What can be read and has one member that is of no use is refused without showing it, the others neither."""
    if isinstance(right, dict):
        inner = next((name for name, value in right.items() if isinstance(value, dict)), None)
        wrong = list(each_value_replaced(right))
        if inner is not None:
            wrong += [{**right, inner: value} for value in each_value_replaced(right[inner])]
        answers = [json.dumps(members).encode() for members in wrong]
    else:
        answers = [
            written(right).replace(SOON.encode(), text.encode()) for text in (WORD, f"{WORD}T00:00:00Z", "")
        ]
    for answer in answers:
        reader(*before, answer)


@spoiled
@pytest.mark.parametrize("name", ["config", "credentials"])
def test_what_a_client_cannot_read_of_the_shared_files_is_in_no_error(
    tmp_path: Path, name: str, spoil: Callable[[bytes], bytes]
) -> None:
    """Both clients and an audit read the shared files as they are made, and end in an error without content."""
    text = f"[default]\nregion = us-east-1\naws_access_key_id = AKIA\naws_secret_access_key = {WORD}\n"
    (tmp_path / name).write_bytes(spoil(text.encode()))
    environ = {
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    async def ask() -> Credentials:
        async with AsyncKMSClient(environ=environ) as kms:
            return await kms.resolve_credentials()

    ways: list[Callable[[], object]] = [
        lambda: KMSClient(environ=environ).resolve_credentials(),
        lambda: anyio.run(ask),
        lambda: audit(environ=environ, regions=["us-east-1"]),
    ]
    for way in ways:
        try:
            way()
        except KMSLiteError as error:
            assert_silent(error)


ANSWERS: dict[Any, dict[str, Any]] = {
    DECRYPT: {"KeyId": "k", "Plaintext": WORD, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    GET_KEY_LAST_USAGE: {
        "KeyId": WORD,
        "KeyCreationDate": 1.7e9,
        "TrackingStartDate": 1.7e9,
        "KeyLastUsage": {"Operation": WORD, "Timestamp": 1.7e9, "KmsRequestId": WORD},
    },
}


@pytest.mark.parametrize("operation", ANSWERS)
def test_what_cannot_be_read_of_an_answer_is_in_no_error(operation: Any) -> None:
    """An answer of KMS that is malformed as a whole or in a member, plaintext and all, is in no error."""
    right = ANSWERS[operation]
    bodies = [spoil(json.dumps(right).encode()) for spoil in SPOILED.values()]
    bodies += [json.dumps(members).encode() for members in each_value_replaced(right)]
    failures = 0
    for body in bodies:
        try:
            decode(operation, Response(200, {}, body), attempts=1)
        except KMSLiteError as error:
            assert_silent(error)
            failures += 1
    assert failures > len(SPOILED)


@spoiled
def test_what_cannot_be_read_of_a_refusal_is_in_no_error(spoil: Callable[[bytes], bytes]) -> None:
    """A refusal whose body is no object is an error by its status, and holds nothing of the body."""
    assert_silent(decode_error(400, {}, spoil(json.dumps([WORD]).encode())))


def test_the_search_finds_what_is_hidden() -> None:
    """A word in an exception that `from None` hides is found: the search itself can fail."""
    found = []
    for spoil in (b"\xff" + WORD.encode(), (b"\xff\xfe" + WORD.encode("utf-16-le"))):
        try:
            try:
                spoil.decode()
            except UnicodeDecodeError:
                raise KMSLiteError("unreadable") from None
        except KMSLiteError as error:
            found.append(shows(held(error)))
    assert found == [True, True]
