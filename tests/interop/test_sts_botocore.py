"""botocore's data and protocol beside ours: where STS and IAM Identity Center answer, and how one talks to STS.

Where we mean to differ:

- `aws-global` and its kin are no regions here, as for KMS; STS's own rules take the first for a service without
  regions, and send the others to their partitions.
- Of an error's message we keep the first line alone, cut at 500 characters: an answer to a refused signature has
  the request's headers on the next ones, secrets included. botocore keeps all of it.
- The request id is the header's; botocore takes the body's where there is one. STS sends the same in both.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.awsrequest import AWSRequest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given, strategies as st
from support.flow_world import World

from awskms_lite import Credentials, CredentialsError, ServiceError, sts
from awskms_lite.endpoints import parse_region, service_url
from awskms_lite.service_clock import ServiceClock
from awskms_lite.settings import Settings, resolve_settings
from awskms_lite.steps import Flow, Response

LOADER = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
PARTITIONS: dict[str, Any] = LOADER.load_data("partitions")
TABLE: list[dict[str, Any]] = LOADER.load_data("endpoints")["partitions"]
MODEL = ServiceModel(LOADER.load_service_model("sts", "service-2"))
SERVICES = [("sts", "sts"), ("portal.sso", "sso"), ("oidc", "sso-oidc")]
RULES = {
    name: EndpointProvider(LOADER.load_service_model(name, "endpoint-rule-set-1"), PARTITIONS)
    for _, name in SERVICES
}
FLAGS = list(product([False, True], repeat=2))
YET_TO_COME = {"us-moon-3", "us-gov-north-7", "cn-south-2", "eusc-de-west-9", "us-iso-north-5", "us-isob-south-4"}

NOW = 1_790_000_000.25
URL = "https://sts.us-east-2.amazonaws.com"
ROLE = f"arn:aws:iam::111122223333:role/{'a' * 20}"
CALLER = Credentials("AKIACALLER", "secret-of-the-caller")
NAMESPACE = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
OPERATIONS = ["AssumeRole", "AssumeRoleWithWebIdentity"]

values = st.text("aZ09+/=@, &%é\u20ac~*", min_size=1, max_size=20)
names = st.text("aZ09_+=,.@-", min_size=2, max_size=20)
tokens = st.text("aZ09+/=._-%&~*", min_size=4, max_size=40)


def regions() -> Iterator[str]:
    """Yield each region that botocore knows, and some that nobody does."""
    for partition in (*PARTITIONS["partitions"], *TABLE):
        yield from (name for name in partition["regions"] if not name.endswith("-global"))
    yield from YET_TO_COME


def settings() -> Settings:
    return resolve_settings({}, {}, region="us-east-2")


def assume(**options: Any) -> Flow[Credentials]:
    return sts.assume_role(
        ROLE,
        credentials=CALLER,
        settings=settings(),
        clock=ServiceClock(lambda: NOW),
        random=lambda: 0.0,
        source="a test",
        **options,
    )


def assume_with_web_identity(token: str, **options: Any) -> Flow[Credentials]:
    return sts.assume_role_with_web_identity(
        ROLE,
        token=token,
        settings=settings(),
        clock=ServiceClock(lambda: NOW),
        random=lambda: 0.0,
        source="a test",
        **options,
    )


FLOWS: dict[str, Callable[[], Flow[Credentials]]] = {
    "AssumeRole": assume,
    "AssumeRoleWithWebIdentity": lambda: assume_with_web_identity("web.token"),
}


def our_form(flow: Flow[Credentials]) -> bytes:
    """Return the body that a flow sends, whatever becomes of it."""
    world = World(answers={("POST", URL): Response(400, {}, b"")})
    with pytest.raises(CredentialsError):
        world.play(flow)
    (request,) = world.requests
    assert dict(request.headers)["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
    return request.body


def their_form(operation: str, **members: Any) -> bytes:
    """Return the body that botocore sends for these members."""
    serializer = create_serializer("query", include_validation=False)
    serialized = serializer.serialize_to_request(members, MODEL.operation_model(operation))
    assert serialized["headers"]["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
    body: bytes | str = AWSRequest("POST", URL, data=serialized["body"]).prepare().body
    return body if isinstance(body, bytes) else body.encode()


def pairs(form: bytes) -> list[bytes]:
    """Return the members of a form as they are spelled; their order means nothing."""
    return sorted(form.split(b"&"))


def their_answer(operation: str, response: Response) -> dict[str, Any]:
    """Return what botocore reads in an answer."""
    found: dict[str, Any] = create_parser("query").parse(
        {"status_code": response.status, "headers": dict(response.headers), "body": response.body},
        MODEL.operation_model(operation).output_shape,
    )
    return found


def play(operation: str, response: Response) -> Credentials:
    """Return what we read in an answer, or raise."""
    return World(answers={("POST", URL): response}).play(FLOWS[operation]())


@pytest.mark.parametrize(("fips", "dualstack"), FLAGS)
@pytest.mark.parametrize("region", sorted(set(regions())))
@pytest.mark.parametrize(("host", "service"), SERVICES)
def test_the_url_is_the_rules_url(host: str, service: str, region: str, fips: bool, dualstack: bool) -> None:
    """Each region has the URL that AWS's own rules for the service give, whatever the flags."""
    assert parse_region(region) == (region, False)
    more = {"UseGlobalEndpoint": False} if service == "sts" else {}
    theirs = RULES[service].resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dualstack, **more)
    assert service_url(host, region, fips=fips, dualstack=dualstack) == theirs.url


@pytest.mark.parametrize(
    ("region", "theirs"),
    [("aws-global", "https://sts.amazonaws.com"), ("aws-cn-global", "https://sts.aws-cn-global.amazonaws.com.cn")],
)
def test_what_stands_for_no_region_is_none_here(region: str, theirs: str) -> None:
    """The names that stand for a whole partition have no meaning of their own here, as they have in the rules."""
    found = RULES["sts"].resolve_endpoint(
        Region=region, UseFIPS=False, UseDualStack=False, UseGlobalEndpoint=False
    )
    assert found.url == theirs
    assert service_url("sts", region) == f"https://sts.{region}.amazonaws.com"


@given(
    names,
    st.none() | st.integers(900, 43_200),
    st.none() | values,
    st.none() | st.tuples(values, st.from_regex(r"[0-9]{6}\Z", fullmatch=True)),
)
def test_the_form_of_a_role_is_botocores(
    name: str, duration: int | None, external_id: str | None, mfa: tuple[str, str] | None
) -> None:
    """A role is asked for in the very form that botocore sends, member by member, and no member more."""
    serial, code = mfa or (None, None)
    given = {
        "RoleArn": ROLE,
        "RoleSessionName": name,
        "DurationSeconds": duration,
        "ExternalId": external_id,
        "SerialNumber": serial,
        "TokenCode": code,
    }
    theirs = their_form("AssumeRole", **{key: value for key, value in given.items() if value is not None})
    ours = our_form(
        assume(
            session_name=name, duration=duration, external_id=external_id, serial_number=serial, token_code=code
        )
    )
    assert pairs(ours) == pairs(theirs)


@given(names, tokens)
def test_the_form_of_a_web_identity_is_botocores(name: str, token: str) -> None:
    """A role is asked for with a web identity in the very form that botocore sends."""
    theirs = their_form("AssumeRoleWithWebIdentity", RoleArn=ROLE, RoleSessionName=name, WebIdentityToken=token)
    assert pairs(our_form(assume_with_web_identity(token, session_name=name))) == pairs(theirs)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_unnamed_session_gets_a_name_that_sts_takes(operation: str) -> None:
    """A session without a name gets one that the service model allows."""
    form = dict(parse_qsl(our_form(FLOWS[operation]()).decode()))
    shape = MODEL.operation_model(operation).input_shape.members["RoleSessionName"]
    assert shape.metadata["min"] <= len(form["RoleSessionName"]) <= shape.metadata["max"]
    assert form["Version"] == MODEL.api_version


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("namespace", [NAMESPACE, ""], ids=["namespace", "bare"])
@pytest.mark.parametrize(
    "expiration",
    ["2030-01-02T03:04:05Z", "2030-01-02T03:04:05.678Z", "2030-01-02T05:04:05+02:00"],
    ids=["utc", "milliseconds", "offset"],
)
def test_a_success_says_the_same_to_both(operation: str, namespace: str, expiration: str) -> None:
    """An answer with credentials is read as botocore reads it: keys, token, expiry, and the account in the ARN."""
    response = Response(
        200,
        {"content-type": "text/xml"},
        f"""<?xml version="1.0" encoding="UTF-8"?>
        <{operation}Response {namespace}>
          <{operation}Result>
            <AssumedRoleUser>
              <AssumedRoleId>AROA:me</AssumedRoleId>
              <Arn>arn:aws:sts::444455556666:assumed-role/Auditor/me</Arn>
            </AssumedRoleUser>
            <Credentials>
              <AccessKeyId>ASIAROLE</AccessKeyId>
              <SecretAccessKey>a/b+c&amp;&#100;</SecretAccessKey>
              <SessionToken><![CDATA[t<o>k=]]></SessionToken>
              <Expiration>{expiration}</Expiration>
            </Credentials>
            <PackedPolicySize>6</PackedPolicySize>
          </{operation}Result>
          <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>
        </{operation}Response>""".encode(),
    )
    ours, theirs = play(operation, response), their_answer(operation, response)
    keys = theirs["Credentials"]
    assert (ours.access_key_id, ours.secret_access_key) == (keys["AccessKeyId"], keys["SecretAccessKey"])
    assert ours.session_token == keys["SessionToken"] == "t<o>k="
    assert ours.expires_at == keys["Expiration"]
    assert ours.account_id == theirs["AssumedRoleUser"]["Arn"].split(":")[4]


def error(code: str, message: str, namespace: str = NAMESPACE) -> bytes:
    """Return the body of an error."""
    return (
        f"<ErrorResponse {namespace}>\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n"
        f"    <Message>{message}</Message>\n  </Error>\n  <RequestId>id-1</RequestId>\n</ErrorResponse>"
    ).encode()


def shown(body: bytes) -> str:
    """Return the code in an error's body, to name a test by."""
    return body.decode().partition("</Code>")[0].rpartition("<Code>")[2] or "nothing"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, error("AccessDenied", "User: me is not authorized to perform: sts:AssumeRole")),
        (403, error("AccessDenied", "no namespace", "")),
        (403, error("ExpiredToken", "The security token included in the request is expired")),
        (400, error("ExpiredTokenException", "Token expired: current date/time must be before the expiration")),
        (400, error("InvalidIdentityToken", "&lt;none&gt; &amp; &#233;")),
        (400, error("IDPCommunicationError", "unreachable")),
        (400, error("Throttling", "Rate exceeded")),
        (500, error("InternalFailure", "")),
        (503, b""),
        (502, b"<html><body>Bad Gateway</body></html>"),
    ],
    ids=lambda value: shown(value) if isinstance(value, bytes) else None,
)
def test_an_error_says_the_same_to_both(operation: str, status: int, body: bytes) -> None:
    """An error has the code, status, request id and message that botocore reads in it."""
    response = Response(status, {"content-type": "text/xml", "x-amzn-requestid": "id-1"}, body)
    theirs = their_answer(operation, response)
    with pytest.raises(CredentialsError) as caught:
        play(operation, response)
    ours = caught.value.__cause__
    assert isinstance(ours, ServiceError)
    assert ours.code == theirs["Error"]["Code"]
    assert ours.status_code == theirs["ResponseMetadata"]["HTTPStatusCode"] == status
    assert ours.request_id == "id-1"
    if b"<Code>" in body:
        assert (ours.message or "") == (theirs["Error"]["Message"] or "")
        assert theirs["ResponseMetadata"]["RequestId"] == "id-1"


def test_of_a_long_message_only_the_first_line_is_kept() -> None:
    """The lines behind the first, where STS repeats a request, reach nobody here; botocore keeps them."""
    body = error("SignatureDoesNotMatch", "It does not match.\n\nhost:sts\nx-amz-security-token:T")
    response = Response(403, {"x-amzn-requestid": "id-1"}, body)
    with pytest.raises(CredentialsError) as caught:
        play("AssumeRole", response)
    assert isinstance(caught.value.__cause__, ServiceError)
    assert caught.value.__cause__.message == "It does not match."
    assert "x-amz-security-token" in their_answer("AssumeRole", response)["Error"]["Message"]


@pytest.mark.parametrize("namespace", [NAMESPACE, ""], ids=["namespace", "bare"])
def test_an_identity_is_asked_for_and_read_as_botocore_does(namespace: str) -> None:
    """GetCallerIdentity is sent in the form that botocore sends, and its answer says the same to both."""
    operation = "GetCallerIdentity"
    response = Response(
        200,
        {"content-type": "text/xml"},
        f"""<GetCallerIdentityResponse {namespace}>
          <GetCallerIdentityResult>
            <Arn>arn:aws:iam::444455556666:user/a&amp;b/Al&#105;ce</Arn>
            <UserId><![CDATA[AIDAEXAMPLE]]></UserId>
            <Account>444455556666</Account>
          </GetCallerIdentityResult>
          <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>
        </GetCallerIdentityResponse>""".encode(),
    )
    world = World(answers={("POST", URL): response})
    flow = sts.caller_identity(
        settings=settings(), credentials=CALLER, clock=ServiceClock(lambda: NOW), random=lambda: 0.0
    )
    ours, theirs = world.play(flow), their_answer(operation, response)
    assert ours._asdict() == {
        "account_id": theirs["Account"],
        "arn": theirs["Arn"],
        "user_id": theirs["UserId"],
    }
    assert pairs(world.requests[0].body) == pairs(their_form(operation))
