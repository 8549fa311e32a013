"""The exchanges with STS, driven by hand: what is asked, how often, and what each answer comes to."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import example, given, strategies as st
from support.flow_world import Answer, World
from support.servers import Way

from awskms_lite import AssumeRole, sigv4, sts
from awskms_lite._version import __version__
from awskms_lite.call import caller_identity
from awskms_lite.config import Sections
from awskms_lite.errors import (
    AccessDenied,
    ConfigurationError,
    ConnectError,
    CredentialsError,
    ExpiredToken,
    IDPCommunicationError,
    KMSLiteError,
    ParameterError,
    ProtocolError,
    ServiceError,
    Throttling,
    TransportError,
    UnrecognizedClientException,
)
from awskms_lite.identity import Credentials
from awskms_lite.local import LocalKMS
from awskms_lite.service_clock import ServiceClock
from awskms_lite.settings import Settings, resolve_settings
from awskms_lite.steps import Request, Response, Send, Sleep
from awskms_lite.sts import CallerIdentity

NOW = 1_790_000_000.25
ROLE = "arn:aws:iam::111122223333:role/Auditor"
URL = "https://sts.us-east-2.amazonaws.com"
CALLER = Credentials("AKIACALLER", "secret/of+the/caller", "token/of+the/caller")
WEB_TOKEN = "web.token-of.the_pod"
SECRETS = (CALLER.secret_access_key, "token/of+the/caller", WEB_TOKEN, "secret-of-the-role", "token-of-the-role")
NAMESPACE = ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def answer(namespace: str = NAMESPACE, **changes: str) -> Response:
    """Return a success; a member given as "" is left out."""
    members = {
        "AccessKeyId": "ASIAROLE",
        "SecretAccessKey": "secret-of-the-role",
        "SessionToken": "token-of-the-role",
        "Expiration": "2030-01-02T03:04:05Z",
        "Arn": "arn:aws:sts::444455556666:assumed-role/Auditor/me",
        **changes,
    }
    xml = {name: f"<{name}>\n  {text}</{name}>" for name, text in members.items() if text}
    arn = xml.pop("Arn", "")
    body = (
        f"<AssumeRoleResponse{namespace}><AssumeRoleResult><AssumedRoleUser>{arn}</AssumedRoleUser>"
        f"<Credentials>{''.join(xml.values())}</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )
    return Response(200, {"content-type": "text/xml"}, body.encode())


def refusal(status: int, code: str = "", message: str = "", date: float = NOW) -> Response:
    body = (
        f"<ErrorResponse{NAMESPACE}><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
    headers = {"x-amzn-requestid": "id-1", "date": formatdate(date, usegmt=True)}
    return Response(status, headers, body.encode() if code else b"")


def settled(environ: dict[str, str] | None = None, sections: Sections | None = None, **options: Any) -> Settings:
    return resolve_settings(environ or {}, sections or {}, **{"region": "us-east-2", **options})


def assume(
    world: World,
    *,
    credentials: Credentials = CALLER,
    settings: Settings | None = None,
    clock: ServiceClock | None = None,
    **options: Any,
) -> Credentials:
    flow = sts.assume_role(
        options.pop("role_arn", ROLE),
        settings=settings or settled(),
        credentials=credentials,
        clock=clock or ServiceClock(lambda: NOW),
        random=lambda: 1.0,
        source="profile audit",
        **options,
    )
    return world.play(flow)


def assume_with_token(world: World, *, settings: Settings | None = None, **options: Any) -> Credentials:
    flow = sts.assume_role_with_web_identity(
        ROLE,
        token=options.pop("token", WEB_TOKEN),
        settings=settings or settled(),
        clock=ServiceClock(lambda: NOW),
        random=lambda: 1.0,
        source="web identity",
        **options,
    )
    return world.play(flow)


def answering(*answers: Answer, url: str = URL) -> World:
    return World(answers={("POST", url): answers})


def form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def failure(*answers: Answer, **options: Any) -> CredentialsError:
    """Return the error that these answers end in; it names the source and the role and holds no secret."""
    with pytest.raises(CredentialsError) as caught:
        assume(answering(*answers), **options)
    for error in (caught.value, caught.value.__cause__):
        shown = f"{error}{error!r}{error.args if error else ''}"
        assert not any(secret in shown or quote(secret, safe="") in shown for secret in SECRETS)
    assert str(caught.value).startswith(
        f"profile audit: the role {ROLE} cannot be assumed (AssumeRole at {URL}). "
    )
    return caught.value


def test_a_role_gives_credentials() -> None:
    """Keys, expiry and the account of the role come out of the answer, and the source out of the caller's hand."""
    assert assume(answering(answer())) == Credentials(
        "ASIAROLE",
        "secret-of-the-role",
        "token-of-the-role",
        account_id="444455556666",
        expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        source="profile audit",
    )


def test_the_request_is_signed_for_sts() -> None:
    """The first step is a form, signed with the caller's credentials for the service "sts" in the region."""
    world = answering(answer())
    assume(world)
    (request,) = world.requests
    assert form(request) == {
        "Version": "2011-06-15",
        "Action": "AssumeRole",
        "RoleArn": ROLE,
        "RoleSessionName": "awskms-lite-1790000000",
    }
    content_type = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    signed = sigv4.sign(
        Request("POST", URL, [content_type], request.body),
        credentials=CALLER,
        region="us-east-2",
        service="sts",
        now=datetime.fromtimestamp(NOW, UTC),
    )
    assert list(request.headers)[: len(signed.headers)] == signed.headers
    assert [name for name, _ in request.headers][len(signed.headers) :] == [
        "Accept-Encoding",
        "User-Agent",
        "Connection",
    ]


def test_the_options_of_a_role_are_sent() -> None:
    """Session name, duration, external id and the MFA device's number and code are sent as they are given."""
    world = answering(answer())
    assume(
        world,
        session_name="me@example",
        duration=3600,
        external_id="a b&c",
        serial_number="arn:aws:iam::111122223333:mfa/me",
        token_code="123456",
    )
    assert form(world.requests[0]) == {
        "Version": "2011-06-15",
        "Action": "AssumeRole",
        "RoleArn": ROLE,
        "RoleSessionName": "me@example",
        "DurationSeconds": "3600",
        "ExternalId": "a b&c",
        "SerialNumber": "arn:aws:iam::111122223333:mfa/me",
        "TokenCode": "123456",
    }


def test_a_program_is_named_to_sts_too() -> None:
    """The User-Agent is that of every other request."""
    world = answering(answer())
    assume(world, settings=settled({"AWS_SDK_UA_APP_ID": "key sweep"}))
    assert dict(world.requests[0].headers)["User-Agent"] == f"awskms-lite/{__version__} app/key-sweep"


def test_a_web_identity_is_not_signed() -> None:
    """The token of an identity provider stands in the form, and there is no signature."""
    world = answering(answer())
    assert assume_with_token(world, session_name="pod").access_key_id == "ASIAROLE"
    (request,) = world.requests
    assert form(request) == {
        "Version": "2011-06-15",
        "Action": "AssumeRoleWithWebIdentity",
        "RoleArn": ROLE,
        "RoleSessionName": "pod",
        "WebIdentityToken": WEB_TOKEN,
    }
    assert [name for name, _ in request.headers] == ["Content-Type", "Accept-Encoding", "User-Agent", "Connection"]


def test_the_traffic_may_go_through_a_proxy() -> None:
    """STS is a service like KMS: the step has no timeout of its own and does not avoid a proxy."""
    world = answering(answer())
    assume(world)
    assert world.steps == [Send(world.requests[0], None, False)]


@pytest.mark.parametrize(
    ("given_name", "environ", "expected"),
    [
        ("given", {"AWS_ROLE_SESSION_NAME": "from-environment"}, "given"),
        (None, {"AWS_ROLE_SESSION_NAME": " from-environment "}, "from-environment"),
        (None, {"AWS_ROLE_SESSION_NAME": " "}, "awskms-lite-1790000000"),
        (None, {}, "awskms-lite-1790000000"),
    ],
)
def test_the_session_has_a_name(given_name: str | None, environ: dict[str, str], expected: str) -> None:
    """A given name goes before the variable's, that before one made of the time; blank counts as missing."""
    world = answering(answer())
    assume(world, session_name=given_name, settings=settled(environ))
    assert form(world.requests[0])["RoleSessionName"] == expected


@pytest.mark.parametrize("name", ["x", "y" * 65, "two words", "naïve", "line\n", "a/b", "a:b"])
def test_a_name_that_sts_refuses_is_refused_before(name: str) -> None:
    """A session name has 2 to 64 letters, digits and a few signs: another is not sent."""
    world = answering(answer())
    with pytest.raises(CredentialsError, match=r"is not a valid session name.*role_session_name"):
        assume(world, session_name=name)
    assert world.steps == []


@pytest.mark.parametrize(
    ("environ", "options", "url"),
    [
        ({}, {}, "https://sts.us-east-2.amazonaws.com"),
        ({}, {"region": "cn-north-1"}, "https://sts.cn-north-1.amazonaws.com.cn"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, {}, "https://sts-fips.us-east-2.amazonaws.com"),
        (
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            {"use_fips_endpoint": False},
            "https://sts-fips.us-east-2.amazonaws.com",
        ),
        ({}, {"use_fips_endpoint": True}, "https://sts.us-east-2.amazonaws.com"),
        ({}, {"region": "fips-us-east-1"}, "https://sts-fips.us-east-1.amazonaws.com"),
        (
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            {"region": "us-gov-west-1"},
            "https://sts.us-gov-west-1.amazonaws.com",
        ),
        ({}, {"use_dualstack_endpoint": True}, "https://sts.us-east-2.api.aws"),
        ({"AWS_ENDPOINT_URL_STS": "http://localhost:8080/sts/"}, {}, "http://localhost:8080/sts"),
        ({"AWS_ENDPOINT_URL": "http://localhost:1"}, {"endpoint_url": "http://localhost:2"}, "http://localhost:1"),
    ],
)
def test_the_endpoint_follows_the_settings(environ: dict[str, str], options: dict[str, Any], url: str) -> None:
    """Region, dual-stack, and FIPS and endpoints of the configuration move STS; KMS's own arguments do not."""
    settings = settled(environ, **options)
    assert settings.service_endpoint("sts", "sts")[0] == url
    assert assume(answering(answer(), url=url), settings=settings).access_key_id == "ASIAROLE"


def test_the_endpoint_may_come_from_a_services_section() -> None:
    """The profile's services section may name an endpoint for STS."""
    sections: Sections = {
        "default": {"services": "local"},
        "services local": {"sts": {"endpoint_url": "http://localhost:8080"}},
    }
    assert settled(sections=sections).service_endpoint("sts", "sts") == ("http://localhost:8080", "us-east-2")


@pytest.mark.parametrize("region", ["evil.example/", "a b", "169"])
def test_a_region_that_is_none_is_refused(region: str) -> None:
    """A region becomes part of a host: one that is no host label is a mistake in the configuration."""
    with pytest.raises(ConfigurationError, match="is not a region"):
        assume(World(), settings=settled(region=region))


def test_an_endpoint_that_is_none_is_refused() -> None:
    """So is an endpoint that is no URL, named by the variable that it stands in."""
    with pytest.raises(ConfigurationError, match="AWS_ENDPOINT_URL_STS"):
        assume(World(), settings=settled({"AWS_ENDPOINT_URL_STS": "localhost"}))


@pytest.mark.parametrize(
    "trouble",
    [
        refusal(503),
        refusal(400, "IDPCommunicationError", "slow"),
        refusal(
            400, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider,  please"
        ),
        refusal(500, "InternalFailure"),
        ConnectError("no"),
    ],
)
def test_a_trouble_that_passes_is_tried_again(trouble: Answer) -> None:
    """STS is asked three times in all, with the waits of any call and each time with a fresh signature."""
    ticks = iter(range(10))
    world = answering(trouble, trouble, answer())
    assume(world, clock=ServiceClock(lambda: NOW + 60 * next(ticks)), session_name="me")
    assert [step.seconds for step in world.steps if isinstance(step, Sleep)] == [0.05, 0.1]
    assert len({dict(request.headers)["X-Amz-Date"] for request in world.requests}) == 3


def test_keys_of_a_provider_that_are_not_to_be_had_are_named_as_sts_names_them() -> None:
    """The code stays the one that STS gave, and the advice is to wait; any other token under it is final."""
    text = "Couldn't retrieve verification key from your identity provider"
    error = failure(refusal(400, "InvalidIdentityToken", text))
    assert "InvalidIdentityToken: Couldn't" in str(error)
    assert "may pass" in str(error)
    world = answering(refusal(400, "InvalidIdentityToken", "No OpenIDConnect provider found"), answer())
    with pytest.raises(CredentialsError):
        assume_with_token(world)
    assert len(world.requests) == 1


def test_throttling_is_waited_out_longer() -> None:
    """After throttling the waits begin at a second."""
    world = answering(refusal(400, "Throttling", "Rate exceeded"), answer())
    assume_with_token(world)
    assert [step.seconds for step in world.steps if isinstance(step, Sleep)] == [1.0]


def test_the_number_of_attempts_is_the_clients() -> None:
    """AWS_MAX_ATTEMPTS counts here too: with 1 there is no retry."""
    world = answering(refusal(503), answer())
    with pytest.raises(CredentialsError):
        assume(world, settings=settled({"AWS_MAX_ATTEMPTS": "1"}))
    assert len(world.requests) == 1


def test_the_last_trouble_goes_up() -> None:
    """Where no attempt succeeds, the error says how many there were and that it may pass."""
    error = failure(refusal(503))
    assert "503 (HTTP 503, request id id-1, 3 attempts). This may pass" in str(error)


@pytest.mark.parametrize("trouble", [TransportError("broke off"), refusal(503)])
def test_a_code_that_may_have_been_used_is_not_sent_again(trouble: Answer) -> None:
    """STS takes an MFA code once: an attempt that may have used it up is the last."""
    world = answering(trouble, answer())
    with pytest.raises(CredentialsError):
        assume(world, token_code="123456")
    assert len(world.requests) == 1


def test_a_code_that_was_surely_not_used_is_sent_again() -> None:
    """What never left, and what was refused for its rate or its date, has not used the code up."""
    expired = refusal(403, "SignatureDoesNotMatch", "Signature expired", date=NOW + 3600)
    world = answering(ConnectError("never left"), refusal(400, "Throttling"), expired, answer())
    assume(world, token_code="123456", settings=settled({"AWS_MAX_ATTEMPTS": "4"}))
    assert [form(request)["TokenCode"] for request in world.requests] == ["123456"] * 4


@pytest.mark.parametrize("off", [7 * 3600, -7 * 3600])
def test_a_wrong_clock_is_set_by_the_answer(off: float) -> None:
    """A signature that is refused for its date is made anew by the time of STS, and the clock stays set."""
    clock = ServiceClock(lambda: NOW)
    world = answering(refusal(403, "SignatureDoesNotMatch", "Signature expired", date=NOW + off), answer())
    assume(world, clock=clock)
    assert [type(step) for step in world.steps] == [Send, Send]
    dates = [dict(request.headers)["X-Amz-Date"] for request in world.requests]
    assert dates == [f"{datetime.fromtimestamp(NOW + late, UTC):%Y%m%dT%H%M%SZ}" for late in (0, off)]
    assert clock.offset == pytest.approx(off, abs=1)


@pytest.mark.parametrize("off", [239, -239, 0])
def test_a_wrong_key_is_not_tried_again(off: float) -> None:
    """Where the clocks agree the signature is wrong for another reason."""
    clock = ServiceClock(lambda: NOW)
    failure(refusal(403, "SignatureDoesNotMatch", date=NOW + off), clock=clock)
    assert clock.offset == 0.0


def test_sts_may_ask_for_a_longer_wait() -> None:
    """Its answers are read like those of KMS."""
    throttled = refusal(400, "Throttling", "Rate exceeded")
    world = answering(throttled._replace(headers={"x-amz-retry-after": "4000"}), answer())
    assume_with_token(world)
    assert [step.seconds for step in world.steps if isinstance(step, Sleep)] == [4.0]


@pytest.mark.parametrize(
    ("code", "status", "cause", "remedy"),
    [
        ("AccessDenied", 403, AccessDenied, "trust policy"),
        ("ExpiredToken", 400, ExpiredToken, "Get new credentials"),
        ("IDPCommunicationError", 400, IDPCommunicationError, "may pass"),
        ("Throttling", 400, Throttling, "may pass"),
        ("InvalidIdentityToken", 400, ServiceError, "issuer and audience"),
        ("IDPRejectedClaim", 403, ServiceError, "provider that the role trusts"),
        ("RegionDisabledException", 403, ServiceError, "use STS in this region"),
        ("PackedPolicyTooLarge", 400, ServiceError, "AWS STS API reference"),
    ],
)
def test_a_refusal_names_the_code_and_the_remedy(
    code: str, status: int, cause: type[ServiceError], remedy: str
) -> None:
    """The text has STS's code, its message and what to do; the error under AWS's own name is chained."""
    error = failure(refusal(status, code, "Why it &lt;failed&gt;\nand more"))
    assert f"{code}: Why it <failed> (HTTP {status}, request id id-1" in str(error)
    assert remedy in str(error)
    chained = error.__cause__
    assert type(chained) is cause
    assert (chained.code, chained.status_code, chained.date) == (code, status, "Mon, 21 Sep 2026 14:13:20 GMT")


@pytest.mark.parametrize("body", [b"", b"<html>403</html>", b'{"message":"no"}', b"\xff", b"<Error/>"])
def test_an_error_without_a_code_goes_by_its_status(body: bytes) -> None:
    """What is no answer of STS, such as a proxy's page, is an error of its status."""
    error = failure(Response(403, {}, body))
    assert "403 (HTTP 403). No error code" in str(error)


def test_a_code_that_is_none_is_not_shown() -> None:
    """What stands in the code's place and is no code gives way to the status."""
    assert ". 400 (HTTP 400" in str(failure(refusal(400, "not a code", "")))


@pytest.mark.parametrize("secret", ["secret/of+the/caller", "token/of+the/caller"])
@pytest.mark.parametrize("spelled", [str, lambda secret: quote(secret, safe="")])
def test_a_refused_signature_does_not_repeat_the_request(secret: str, spelled: Callable[[str], str]) -> None:
    """The lines with the request's headers are left out, and a secret in the first one is blotted out."""
    echo = f"It does not match {spelled(secret)}.\n\nThe Canonical String should have been\n'POST\n{secret}'"
    error = failure(refusal(403, "SignatureDoesNotMatch", echo))
    assert "It does not match ***. (HTTP" in str(error)
    assert "Canonical" not in str(error)


def test_a_token_in_an_answer_is_blotted_out() -> None:
    """Neither an identity provider's token nor an MFA code comes back in an error, even in the code's place."""
    world = answering(refusal(400, "InvalidIdentityToken", f"Cannot read {WEB_TOKEN}"))
    with pytest.raises(CredentialsError, match=r"Cannot read \*\*\*"):
        assume_with_token(world)
    with pytest.raises(CredentialsError, match=r"400: \*\*\* is wrong") as caught:
        assume_with_token(
            answering(refusal(400, "tokenOfThePod", "tokenOfThePod is wrong")), token="tokenOfThePod"
        )
    assert "tokenOfThePod" not in str(caught.value)
    assert "code ***." in str(failure(refusal(403, "AccessDenied", "invalid code 987654."), token_code="987654"))


def test_a_long_text_is_cut() -> None:
    """An answer does not fill the log."""
    assert len(str(failure(refusal(400, "ValidationError", "word " * 5000)))) < 1000


@pytest.mark.parametrize("missing", ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"])
def test_a_success_that_lacks_a_part_is_an_error(missing: str) -> None:
    """Keys without one of their parts are none: the text names the part, and nothing of the others."""
    error = failure(answer(**{missing: ""}))
    assert missing in str(error)
    assert "proxy" in str(error)
    assert isinstance(error.__cause__, ProtocolError)


@pytest.mark.parametrize("when", ["soon", "2030-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "1893456000"])
def test_an_expiry_that_is_no_time_is_an_error(when: str) -> None:
    """The time has to be ISO 8601, within the calendar."""
    assert "no ISO 8601 time" in str(failure(answer(Expiration=when)))


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2030-01-02T03:04:05", 3), ("2030-01-02T03:04:05.678+01:00", 2), ("2030-01-02T03:04:05Z", 3)],
)
def test_an_expiry_is_in_utc(text: str, hour: int) -> None:
    """Whatever zone the answer gives it in; without one it is UTC."""
    expiry = assume(answering(answer(Expiration=text))).expires_at
    assert expiry is not None
    assert (expiry.tzinfo, expiry.hour) == (UTC, hour)


@pytest.mark.parametrize("arn", ["", "nonsense", "arn:aws:iam::444455556666:role/Auditor"])
def test_an_answer_without_the_roles_arn_has_no_account(arn: str) -> None:
    """The account is known from the ARN of the assumed role or not at all."""
    assert assume(answering(answer(Arn=arn))).account_id is None


def test_namespaces_do_not_count() -> None:
    """Another namespace, a prefix or none makes no difference."""
    for namespace in ("", ' xmlns="urn:else"'):
        assert assume(answering(answer(namespace))).access_key_id == "ASIAROLE"


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "secret"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<a><Credentials><AccessKeyId>&b;&c;</AccessKeyId></Credentials></a>"""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (BOMB, "document type"),
        (BOMB.replace(b"DOCTYPE", b"doctype"), "document type"),
        (BOMB.decode().encode("utf-16"), "not XML"),
        (b"<a>&b;</a>", "not XML"),
        (b"", "not XML"),
        (b"<a>\xff</a>", "not XML"),
        (b"<a>" * 20_000, "not XML"),
        (b"<a>" + b" " * 65536 + b"</a>", "over 65536 bytes"),
        (b"{}", "not XML"),
        (b'<?xml version="1.0" encoding="bogus"?><a/>', "lacks AccessKeyId, SecretAccessKey, SessionToken"),
        (b"<a>" * 9000 + b"</a>" * 9000, "lacks AccessKeyId"),
        (refusal(200, "AccessDenied", "no").body, "lacks AccessKeyId"),
    ],
)
def test_a_hostile_success_is_an_error(body: bytes, why: str) -> None:
    """Entities, other encodings, other formats and masses are refused, and not repeated."""
    error = failure(Response(200, {}, body))
    assert why in str(error)
    assert "passwd" not in str(error)


@given(st.sampled_from([200, 204, 302, 400, 403, 500]), st.binary() | st.text("<>/&;!?[]abCode ").map(str.encode))
@example(200, b"<Credentials><AccessKeyId/></Credentials>")
@example(400, b"<Error><Code>\xc3\xa9</Code></Error>")
def test_any_answer_is_credentials_or_an_error_of_ours(status: int, body: bytes) -> None:
    """Whatever STS answers, no foreign exception comes out."""
    with pytest.raises(KMSLiteError):
        assume(answering(Response(status, {}, body)))


@pytest.mark.parametrize("secret", ["", "two words", "line\n"])
def test_credentials_that_cannot_sign_are_an_error(secret: str) -> None:
    """Where the caller's own credentials are malformed nothing is sent, and the text names the part."""
    world = answering(answer())
    with pytest.raises(CredentialsError, match="secret access key") as caught:
        assume(world, credentials=Credentials("AKIACALLER", secret))
    assert isinstance(caught.value.__cause__, ParameterError)
    assert world.steps == []


def test_no_connection_is_an_error_that_names_the_endpoint() -> None:
    """Where STS cannot be reached, the failure is chained."""
    error = failure(ConnectError("No connection to sts. Check the network."))
    assert "No connection to sts. Check the network." in str(error)
    assert isinstance(error.__cause__, ConnectError)


def test_what_is_no_unicode_is_sent_as_a_question_mark() -> None:
    """A variable that is not UTF-8 reaches us in surrogates: STS refuses the ARN, and nothing breaks before."""
    world = answering(answer())
    assume(world, role_arn="arn:\udcff")
    assert form(world.requests[0])["RoleArn"] == "arn:?"


def test_the_xml_parser_is_loaded_when_needed() -> None:
    """To import the module costs no parser."""
    script = "import sys, awskms_lite.sts; sys.exit('xml.etree.ElementTree' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


ARN = "arn:aws:sts::444455556666:assumed-role/Auditor/me"
ME = CallerIdentity("444455556666", ARN, "AROAEXAMPLE:me")


def identity(namespace: str = NAMESPACE, **changes: str) -> Response:
    """Return the answer to GetCallerIdentity; a member given as "" is left out."""
    members = {"Arn": ARN, "UserId": "AROAEXAMPLE:me", "Account": "444455556666", **changes}
    xml = "".join(f"<{name}>{text}</{name}>" for name, text in members.items() if text)
    body = (
        f"<GetCallerIdentityResponse{namespace}><GetCallerIdentityResult>{xml}</GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    return Response(200, {"content-type": "text/xml"}, body.encode())


def who(world: World) -> CallerIdentity:
    flow = sts.caller_identity(
        settings=settled(), credentials=CALLER, clock=ServiceClock(lambda: NOW), random=lambda: 1.0
    )
    return world.play(flow)


@pytest.mark.parametrize("namespace", [NAMESPACE, ""])
def test_the_caller_is_told_apart(namespace: str) -> None:
    """Account, ARN and id come out of the answer to a signed form."""
    world = answering(identity(namespace))
    assert who(world) == ME
    (request,) = world.requests
    assert form(request) == {"Version": "2011-06-15", "Action": "GetCallerIdentity"}
    assert "/us-east-2/sts/aws4_request, " in dict(request.headers)["Authorization"]


def test_the_identity_is_asked_for_again_after_trouble_that_passes() -> None:
    """The call is repeated as any other is."""
    world = answering(refusal(500, "InternalFailure"), ConnectError("gone"), identity())
    assert who(world) == ME
    assert len(world.requests) == 3


@pytest.mark.parametrize("missing", ["Arn", "UserId", "Account"])
def test_half_an_identity_is_an_error(missing: str) -> None:
    """An answer without one of the three is refused, with what to do."""
    with pytest.raises(ProtocolError, match=rf"GetCallerIdentity cannot .* lacks {missing}.* Check the endp"):
        who(answering(identity(**{missing: ""})))


def test_credentials_that_are_refused_are_an_error_of_sts() -> None:
    """The error is the service's own, with its remedy, and repeats no secret."""
    echo = f"Credential={CALLER.secret_access_key} {CALLER.session_token}"
    with pytest.raises(UnrecognizedClientException) as caught:
        who(answering(refusal(403, "InvalidClientTokenId", echo)))
    assert (caught.value.operation, caught.value.service) == ("GetCallerIdentity", "STS")
    assert "Check the credentials" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    with pytest.raises(ServiceError, match="the AWS STS API reference"):
        who(answering(refusal(400, "Unheard")))


def test_no_xml_is_no_identity() -> None:
    """Whatever else answers is named as such, and none of it is shown or chained."""
    with pytest.raises(ProtocolError, match="is not XML") as caught:
        who(answering(Response(200, {}, b"<html>SENTINEL")))
    assert "SENTINEL" not in f"{caught.value}{caught.value.__context__}{caught.value.__cause__}"


@pytest.mark.parametrize("kind", ["user", "role"])
def test_the_local_sts_knows_its_callers(way: Way, local: LocalKMS, kind: str) -> None:
    """A client's state is enough to ask whose its calls are, whatever its credentials come from."""
    role = AssumeRole("arn:aws:iam::444455556666:role/Auditor", session_name="me")
    options: dict[str, Any] = {"credentials": role} if kind == "role" else {}
    client: Any = way.client(environ=local.environ, **options).client
    found = way.run(client._driver.run, caller_identity(client._state), 30.0)
    assert found.account_id == ("444455556666" if kind == "role" else "111122223333")
    assert found.arn == (ARN if kind == "role" else f"arn:aws:iam::{'111122223333'}:user/local")
    assert found.user_id
