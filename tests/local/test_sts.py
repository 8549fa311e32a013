"""The STS of LocalKMS: AssumeRole over the Query protocol, its answers and its errors."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from support.local_client import OTHER_ACCOUNT, Client, client, records, trail
from support.local_sts import FORM, FORM_TYPE, ROLE, SESSION, ask, send

from awskms_lite import Credentials, CredentialsError, KMSClient
from awskms_lite.local import Error, HangUp, LocalKMS, Reset, Unavailable

OWN_ROLE = "arn:aws:iam::111122223333:role/Own"


@pytest.fixture(scope="module")
def lasting() -> Iterator[LocalKMS]:
    """One server for what hypothesis makes up."""
    with LocalKMS() as kms:
        yield kms


# The answer


def test_a_role_is_assumed(kms: LocalKMS) -> None:
    """The answer names the role's session, and has credentials of the role's account for an hour."""
    answer = ask(kms)
    texts, part = answer.texts, "AssumeRoleResponse/AssumeRoleResult/"
    assert texts[f"{part}AssumedRoleUser/Arn"] == SESSION
    role_id, _, name = texts[f"{part}AssumedRoleUser/AssumedRoleId"].partition(":")
    assert (len(role_id), role_id[:4], name) == (21, "AROA", "nightly")
    assert answer.credentials.access_key_id == f"ASIA{OTHER_ACCOUNT}LITE"
    assert len(answer.credentials.secret_access_key) == 40
    assert answer.headers["Content-Type"] == "text/xml"
    request_id = texts["AssumeRoleResponse/ResponseMetadata/RequestId"]
    assert str(UUID(request_id)) == answer.headers["x-amzn-RequestId"] == request_id


@pytest.mark.parametrize(
    ("duration", "seconds"), [({}, 3600), ({"DurationSeconds": "900"}, 900), ({"DurationSeconds": "43200"}, 43200)]
)
def test_a_session_lasts_as_long_as_was_asked(kms: LocalKMS, duration: dict[str, str], seconds: int) -> None:
    """Expiration is so many seconds after the server's now, whole seconds in UTC."""
    before = datetime.now(UTC).replace(microsecond=0)
    expires_at = ask(kms, FORM | duration).credentials.expires_at
    assert expires_at is not None
    assert before <= expires_at - timedelta(seconds=seconds) <= datetime.now(UTC)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "aws-global"])
def test_every_region_answers(kms: LocalKMS, region: str) -> None:
    """The scope's region is the client's choice."""
    assert ask(kms, region=region).status == 200


@pytest.mark.parametrize(
    ("arn", "session"),
    [
        (OWN_ROLE, "arn:aws:sts::111122223333:assumed-role/Own/nightly"),
        ("arn:aws-cn:iam::444455556666:role/R", "arn:aws-cn:sts::444455556666:assumed-role/R/nightly"),
        ("arn:aws-us-gov:iam::444455556666:role/a/b/c/R+=,.@-_9", "R+=,.@-_9/nightly"),
    ],
)
def test_any_role_of_any_account_can_be_assumed(kms: LocalKMS, arn: str, session: str) -> None:
    """Whatever is the ARN of a role will do; the session's ARN leaves out the role's path."""
    answer = ask(kms, FORM | {"RoleArn": arn})
    assert answer.texts["AssumeRoleResponse/AssumeRoleResult/AssumedRoleUser/Arn"].endswith(session)


def test_other_parameters_do_no_harm(kms: LocalKMS) -> None:
    """ExternalId and what else a client may send is taken and not looked at."""
    form = {"ExternalId": "x", "Tags.member.1.Key": "team", "SerialNumber": "mfa", "TokenCode": "123456", "Q": ""}
    assert ask(kms, FORM | form).status == 200


def test_role_chaining(kms: LocalKMS) -> None:
    """A session can assume a role, for an hour at most."""
    first = ask(kms, FORM | {"DurationSeconds": "43200"}).credentials
    second = ask(kms, FORM | {"RoleArn": OWN_ROLE, "RoleSessionName": "next"}, credentials=first)
    assert second.credentials.access_key_id == kms.credentials.access_key_id.replace("AKIA", "ASIA")
    assert ask(kms, FORM | {"DurationSeconds": "3601"}, credentials=first).error == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )


# Errors


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"RoleArn": "arn:aws:iam::444455556666:user/somebody"}, "Request ARN is invalid"),
        ({"RoleArn": "arn:aws:iam::4444:role/KeyReader-of-nobody"}, "Request ARN is invalid"),
        ({"RoleArn": "arn:aws:iam::444455556666:role/Kéy"}, "Request ARN is invalid"),
        ({"RoleArn": f"arn:aws:iam::444455556666:role/{'x' * 65}"}, "Request ARN is invalid"),
        ({"RoleArn": "KeyReader"}, "'roleArn' failed to satisfy constraint: Member must have length greater than"),
        ({"RoleArn": ROLE + "x" * 2048}, "Member must have length less than or equal to 2048"),
        ({"RoleArn": None}, "Value null at 'roleArn'"),
        ({"RoleSessionName": "x"}, "'roleSessionName' failed to satisfy constraint: Member must have length"),
        ({"RoleSessionName": "x" * 65}, "Member must have length less than or equal to 64"),
        ({"RoleSessionName": "a b"}, r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
        ({"RoleSessionName": None}, "Value null at 'roleSessionName'"),
        ({"DurationSeconds": "899"}, "'durationSeconds' failed to satisfy constraint: Member must have value"),
        ({"DurationSeconds": "43201"}, "Member must have value less than or equal to 43200"),
        ({"DurationSeconds": "-900"}, "greater than or equal to 900"),
        ({"DurationSeconds": "an hour"}, "'an hour'"),
        ({"DurationSeconds": ""}, "''"),
        ({"DurationSeconds": "9" * 5000}, "999"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_a_validation_error(kms: LocalKMS, members: dict[str, str | None], text: str) -> None:
    """A role, a session name or a duration that cannot be is named."""
    form = {name: value for name, value in (FORM | members).items() if value is not None}
    status, code, message = ask(kms, form).error
    assert (status, code) == (400, "ValidationError")
    assert text in message


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Action": "GetSessionToken", "Version": "2011-06-15"}, "InvalidAction"),
        ({"Action": "AssumeRole", "Version": "2010-05-08"}, "InvalidAction"),
        ({"Action": "AssumeRole"}, "InvalidAction"),
        ({}, "MissingAction"),
    ],
)
def test_another_action_is_invalid(kms: LocalKMS, form: dict[str, str], code: str) -> None:
    """There are AssumeRole and GetCallerIdentity and nothing else, in one version."""
    answer = ask(kms, form)
    assert answer.error[:2] == (400, code)
    assert answer.texts["ErrorResponse/Error/Type"] == "Sender"
    assert answer.texts["ErrorResponse/RequestId"] == answer.headers["x-amzn-RequestId"]
    assert kms.stats.asked == {}


@pytest.mark.parametrize(("method", "path"), [("PUT", "/"), ("POST", "/sts")])
def test_sts_has_one_path_and_method(kms: LocalKMS, method: str, path: str) -> None:
    """Only POST / is spoken; anything else is 404."""
    assert ask(kms, method=method, path=path).error[:2] == (404, "UnknownOperationException")


def test_sts_has_its_own_error_codes(kms: LocalKMS) -> None:
    """A wrong secret, an unknown key, another service's scope and a missing signature have STS's errors."""
    wrong = Credentials(kms.credentials.access_key_id, "wrong")
    assert ask(kms, credentials=wrong).error[:2] == (403, "SignatureDoesNotMatch")
    stranger = Credentials("AKIAIOSFODNN7EXAMPLE", "secret")
    assert ask(kms, credentials=stranger).error == (
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )
    assert ask(kms, service="kms").error == (
        403,
        "SignatureDoesNotMatch",
        "Credential should be scoped to correct service: 'sts'.",
    )
    body = b"Action=AssumeRole&Version=2011-06-15"
    unsigned = send(kms, [("Content-Type", FORM_TYPE)], body)
    assert unsigned.error[:2] == (403, "MissingAuthenticationToken")
    half = send(kms, [("Content-Type", FORM_TYPE), ("Authorization", "AWS4-HMAC-SHA256 Credential=x")], body)
    assert half.error[:2] == (400, "IncompleteSignature")


def test_a_late_signature_is_refused(kms: LocalKMS) -> None:
    """A form signed an hour ago is SignatureDoesNotMatch, with the text by which clients correct their clocks."""
    status, code, message = ask(kms, now=datetime.now(UTC) - timedelta(hours=1)).error
    assert (status, code) == (403, "SignatureDoesNotMatch")
    assert message.startswith("Signature expired: ")


def test_a_key_of_kms_is_not_asked_for_by_a_form(kms: LocalKMS) -> None:
    """Whoever names an X-Amz-Target speaks to KMS, whatever the type of the body."""
    answer = client(kms).send("ListKeys", b"Action=AssumeRole")
    assert answer.error == "SerializationException"


texts = st.text(max_size=30) | st.sampled_from([*FORM.values(), "900", "1e3", "\0", "\ud800", "]]>", "<&>", "٣"])
forms = st.dictionaries(st.sampled_from([*FORM, "DurationSeconds", "Version", "é"]), texts)


def spelled(form: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={quote_plus(value, errors='replace')}" for name, value in form.items()).encode()


@settings(max_examples=50)
@given(changes=forms)
def test_a_form_is_answered_or_refused(lasting: LocalKMS, changes: dict[str, str]) -> None:
    """Whatever a form contains, the answer is valid XML: credentials, or an error of the caller."""
    answer = ask(lasting, spelled(FORM | changes))
    if answer.status != 200:
        assert answer.error[:2] in [(400, "ValidationError"), (400, "InvalidAction")]


@settings(max_examples=50)
@given(body=st.binary(max_size=60) | st.binary(max_size=40).map(lambda end: spelled(FORM) + b"&" + end))
def test_bytes_are_answered_or_refused(lasting: LocalKMS, body: bytes) -> None:
    """Not even bytes that are no form are too much."""
    assert ask(lasting, body).status in (200, 400)


# Who signs

IDENTITY = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}


def identity(kms: LocalKMS, **options: Any) -> tuple[str, str, str]:
    """Return the account, the ARN and the user id that GetCallerIdentity answers."""
    answer = ask(kms, IDENTITY, **options)
    assert answer.status == 200, answer
    part = "GetCallerIdentityResponse/GetCallerIdentityResult/"
    assert (
        answer.texts["GetCallerIdentityResponse/ResponseMetadata/RequestId"] == answer.headers["x-amzn-RequestId"]
    )
    return answer.texts[part + "Account"], answer.texts[part + "Arn"], answer.texts[part + "UserId"]


def test_a_caller_gets_its_identity(kms: LocalKMS) -> None:
    """Lasting keys are a user's of their account, in the region's partition; a session is the assumed role."""
    account, arn, user = identity(kms)
    assert (account, arn) == ("111122223333", "arn:aws:iam::111122223333:user/local")
    assert re.fullmatch("AIDA[A-Z2-7]{17}", user)
    assert identity(kms) == (account, arn, user)
    other = identity(kms, credentials=kms.credentials_for(OTHER_ACCOUNT), region="cn-north-1")
    assert other[:2] == (OTHER_ACCOUNT, f"arn:aws-cn:iam::{OTHER_ACCOUNT}:user/local")
    assert other[2] != user
    assumed = ask(kms)
    account, arn, user = identity(kms, credentials=assumed.credentials)
    assert (account, arn) == (OTHER_ACCOUNT, SESSION)
    assert user == assumed.texts["AssumeRoleResponse/AssumeRoleResult/AssumedRoleUser/AssumedRoleId"]


def test_the_root_of_an_account_is_a_caller(kms: LocalKMS) -> None:
    """With keys of its own; its id is the account's, a policy finds it by its ARN, and it can assume no role."""
    root = kms.credentials_for(OTHER_ACCOUNT, root=True)
    arn = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
    assert identity(kms, credentials=root) == (OTHER_ACCOUNT, arn, OTHER_ACCOUNT)
    assert ask(kms, credentials=root).error == (403, "AccessDenied", "Roles may not be assumed by root accounts.")
    Client(kms, "us-east-1", root)("ListKeys")
    (record,) = records(trail(kms, account_id=OTHER_ACCOUNT), "Username", "root")
    caller = record["userIdentity"]
    assert (caller["type"], caller["arn"], caller["accessKeyId"]) == ("Root", arn, root.access_key_id)
    session = ask(kms).credentials
    forged = evolve(session, access_key_id=session.access_key_id.replace("LITE", "ROOT"))
    assert ask(kms, IDENTITY, credentials=forged).error[1] == "InvalidClientTokenId"


def test_nothing_denies_a_caller_its_identity(kms: LocalKMS) -> None:
    """As at AWS: a denial of everything does not apply to it, while a wrong secret and a quota do."""
    kms.deny(None)
    identity(kms)
    wrong = evolve(kms.credentials, secret_access_key="wrong")
    assert ask(kms, IDENTITY, credentials=wrong).error[:2] == (403, "SignatureDoesNotMatch")
    kms.set_quota("GetCallerIdentity", 0.001)
    identity(kms)
    assert ask(kms, IDENTITY).error == (400, "Throttling", "Rate exceeded")
    assert kms.stats.answered == {"GetCallerIdentity": 3}


# Faults, quotas and stats


def test_assume_role_is_counted_like_an_operation_of_kms(kms: LocalKMS) -> None:
    """It is asked, and then answered, if with an error, or counted as a fault."""
    kms.inject_fault(Reset("before"), operation="AssumeRole", times=1)
    with pytest.raises(ConnectionResetError):
        ask(kms)
    client(kms)("ListKeys")
    assert ask(kms).status == 200
    assert ask(kms, FORM | {"RoleArn": "x" * 20}).status == 400
    assert kms.stats.asked == {"AssumeRole": 3, "ListKeys": 1}
    assert kms.stats.answered == {"AssumeRole": 2, "ListKeys": 1}
    assert kms.stats.faults == {"Reset": 1}


def test_an_error_comes_as_the_service_would_send_it(kms: LocalKMS) -> None:
    """The same fault is XML to who asks STS and JSON to who asks KMS, code, status and wait as they were given."""
    kms.inject_fault(Error("InternalFailure", "<Oops & co>", status=500, retry_after=2))
    answer = ask(kms)
    assert answer.error == (500, "InternalFailure", "<Oops & co>")
    assert answer.texts["ErrorResponse/Error/Type"] == "Receiver"
    assert answer.headers["x-amz-retry-after"] == "2000"
    assert client(kms).send("ListKeys", b"{}").body == {"__type": "InternalFailure", "message": "<Oops & co>"}
    kms.clear_faults()
    kms.inject_fault(Error("ExpiredTokenException"))
    assert ask(kms).error == (400, "ExpiredTokenException", "")


def test_a_fault_of_the_answer_spoils_xml_too(kms: LocalKMS) -> None:
    """A disturbance is one of the bytes, whatever they say."""
    kms.inject_fault(HangUp(), operation="AssumeRole", times=1)
    assert ask(kms).status == 200
    assert kms.stats.faults == {"HangUp": 1}


def test_a_throttled_role_has_the_error_of_sts(kms: LocalKMS) -> None:
    """A quota is the caller's account's, and what is beyond it is Throttling with HTTP 400."""
    kms.set_quota("AssumeRole", 0.001, burst=2)
    assert [ask(kms).status for _ in range(3)] == [200, 200, 400]
    assert ask(kms).error == (400, "Throttling", "Rate exceeded")
    assert ask(kms, credentials=kms.credentials_for(OTHER_ACCOUNT)).status == 200
    assert (kms.stats.answered["AssumeRole"], kms.stats.faults) == (3, {"Throttled": 2})


# Our own client


def profile(kms: LocalKMS, folder: Path, **more: str) -> Mapping[str, str]:
    """Return an environment in which the profile `audit` assumes the role with the keys of the profile `base`."""
    lines = "".join(f"{name} = {value}\n" for name, value in more.items())
    config = folder / "config"
    config.write_text(
        f"[profile audit]\nrole_arn = {ROLE}\nsource_profile = base\nrole_session_name = nightly\n{lines}"
        f"[profile base]\naws_access_key_id = {kms.credentials.access_key_id}\n"
        f"aws_secret_access_key = {kms.credentials.secret_access_key}\n",
        encoding="utf-8",
    )
    return {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_PROFILE": "audit",
        "AWS_REGION": kms.region,
        "AWS_ENDPOINT_URL": kms.endpoint_url,
    }


def test_a_profile_with_a_role_works_for_kms(kms: LocalKMS, tmp_path: Path) -> None:
    """Our client assumes the role of a profile once, and finds the keys of the role's account."""
    arn = kms.add_key(account_id=OTHER_ACCOUNT)
    with KMSClient(environ=profile(kms, tmp_path, external_id="12345", duration_seconds="900")) as client:
        assert client.get_key_last_usage(arn).verdict == "never_used"
        assert [entry.key_arn for entry in client.iter_list_keys()] == [arn]
    assert kms.stats.answered == {"AssumeRole": 1, "GetKeyLastUsage": 1, "ListKeys": 1}


def test_a_session_is_renewed_when_the_server_says_it_expired(kms: LocalKMS, tmp_path: Path) -> None:
    """Once the server's clock has passed the expiry, the client assumes the role anew and goes on."""
    arn = kms.add_key(account_id=OTHER_ACCOUNT)
    with KMSClient(environ=profile(kms, tmp_path), sleep=lambda seconds: None) as client:
        assert client.get_key_last_usage(arn).verdict == "never_used"
        kms.skew(timedelta(hours=2))
        assert client.get_key_last_usage(arn).verdict == "never_used"
    assert kms.stats.answered["AssumeRole"] >= 2


@pytest.mark.parametrize(
    ("fault", "words"), [(Error("AccessDenied", "No.", status=403), "AccessDenied: No."), (Unavailable(), "503")]
)
def test_our_client_shows_the_message_of_sts(kms: LocalKMS, tmp_path: Path, fault: Any, words: str) -> None:
    """A role that cannot be assumed is a CredentialsError with the message of the answer."""
    kms.inject_fault(fault, operation="AssumeRole")
    client = KMSClient(environ=profile(kms, tmp_path), sleep=lambda seconds: None)
    with client, pytest.raises(CredentialsError) as caught:
        client.list_keys()
    assert words in str(caught.value)
