"""What the two clients decide, without a network: respx or a transport in memory answers.

Each test runs over the synchronous client and over the asynchronous one under asyncio and under trio, unless
it says otherwise.
"""

import copy
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, cast

import httpx
import pytest
import respx
from support.servers import CREDENTIALS, KEY_ID, USED, Caller, Way, error_body

import awskms_lite
from awskms_lite import AsyncKMSClient, KMSClient, errors
from awskms_lite.models.usage import UsageVerdict
from awskms_lite.retry import RetryPolicy

URL = "https://kms.us-east-2.amazonaws.com"
ENVIRON = {
    "AWS_REGION": "us-east-2",
    "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
    "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
}
SECRETS = [CREDENTIALS.secret_access_key, "token-of-the-tests"]


@pytest.fixture
def kms() -> Iterator[respx.MockRouter]:
    """Stand for KMS in us-east-2, below everything that is httpx's."""
    with respx.mock(base_url=URL) as router:
        yield router


def answers(router: respx.MockRouter, *outcomes: httpx.Response | Exception | type[Exception]) -> respx.Route:
    route: respx.Route = router.post("/")
    route.mock(side_effect=list(outcomes))
    return route


def calls(route: respx.Route) -> list[httpx.Request]:
    return [cast(httpx.Request, call.request) for call in route.calls]


def failure(status: int, code: str, message: str | None = None) -> httpx.Response:
    return httpx.Response(status, headers={"x-amzn-RequestId": "id-2"}, content=error_body(code, message))


OK = httpx.Response(200, headers={"x-amzn-RequestId": "id-1"}, content=USED)
UNAVAILABLE = httpx.Response(500)


class TestDecisions:
    """What the default client does with an answer, or with none."""

    def test_an_answer_is_a_model(self, way: Way, kms: respx.MockRouter) -> None:
        """One request, one answer: decoded, with the request's id, status and count."""
        route = answers(kms, OK)
        usage = way.client(environ=ENVIRON).get_key_last_usage(KEY_ID)
        assert usage.verdict is UsageVerdict.USED
        metadata = usage.metadata
        assert (metadata.request_id, metadata.status_code, metadata.attempts) == ("id-1", 200, 1)
        (request,) = calls(route)
        assert request.headers["x-amz-target"] == "TrentService.GetKeyLastUsage"
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIA111122223333TEST/")
        assert request.content == b'{"KeyId":"%s"}' % KEY_ID.encode()

    @pytest.mark.parametrize(
        ("outcome", "pauses"),
        [
            (UNAVAILABLE, [0.05, 0.1]),
            (failure(400, "ThrottlingException"), [1.0, 2.0]),
            (failure(500, "KMSInternalException"), [0.05, 0.1]),
            (failure(503, "DependencyTimeoutException"), [0.05, 0.1]),
            (httpx.ReadTimeout, [0.05, 0.1]),
            (httpx.ConnectError, [0.05, 0.1]),
        ],
    )
    def test_trouble_that_passes_is_tried_again(
        self, way: Way, kms: respx.MockRouter, outcome: Any, pauses: list[float]
    ) -> None:
        """Two failures and then an answer: three requests, and the waits between them."""
        route = answers(kms, outcome, outcome, OK)
        usage = way.client(environ=ENVIRON).get_key_last_usage(KEY_ID)
        assert usage.metadata.attempts == len(calls(route)) == 3
        assert way.pauses == pauses

    @pytest.mark.parametrize(
        ("outcome", "error", "code", "telling"),
        [
            (failure(400, "NotFoundException"), errors.NotFoundException, "NotFoundException", "HTTP 400"),
            (failure(404, "NotFoundException"), errors.NotFoundException, "NotFoundException", "HTTP 404"),
            (failure(400, "InvalidArnException"), errors.InvalidArnException, "InvalidArnException", "key id"),
            (failure(400, "AccessDeniedException", "no policy"), errors.AccessDeniedException, None, "no policy"),
            (failure(400, "ExpiredTokenException"), errors.ExpiredTokenException, None, "Get new credentials"),
            (failure(400, "com.amazon#Novel:http://x"), errors.ServiceError, "Novel", "API reference"),
            (httpx.Response(403, html="<h1>Blocked</h1>"), errors.ServiceError, "403", "a proxy"),
            (httpx.Response(301, headers={"Location": "https://x/"}), errors.ServiceError, "301", "endpoint"),
        ],
    )
    def test_trouble_that_stays_is_told_at_once(
        self, way: Way, kms: respx.MockRouter, outcome: Any, error: type[Exception], code: str | None, telling: str
    ) -> None:
        """An answer that a second request cannot better is the caller's at once, under AWS's name."""
        route = answers(kms, outcome)
        with pytest.raises(error, match=telling) as caught:
            way.client(environ=ENVIRON).get_key_last_usage(KEY_ID)
        assert type(caught.value) is error
        assert isinstance(caught.value, errors.ServiceError)
        assert caught.value.code == (code or error.__name__)
        assert caught.value.status_code == outcome.status_code
        assert len(calls(route)) == 1
        assert way.pauses == []

    def test_an_empty_500_is_tried_until_the_attempts_are_used_up(self, way: Way, kms: respx.MockRouter) -> None:
        """HTTP 500 with nothing in it is trouble that may pass; in the end it is an error with its count."""
        route = answers(kms, *[UNAVAILABLE] * 3)
        with pytest.raises(errors.ServiceError, match="3 attempts") as caught:
            way.client(environ=ENVIRON).get_key_last_usage(KEY_ID)
        assert (caught.value.code, caught.value.status_code, caught.value.attempts) == ("500", 500, 3)
        assert caught.value.retryable
        assert len(calls(route)) == 3

    @pytest.mark.parametrize("attempts", [1, 2])
    def test_the_policy_says_how_often(self, way: Way, kms: respx.MockRouter, attempts: int) -> None:
        """A policy of so many attempts sends so many requests."""
        route = answers(kms, *[UNAVAILABLE] * attempts)
        with pytest.raises(errors.ServiceError):
            way.client(environ=ENVIRON, retry=RetryPolicy(max_attempts=attempts)).get_key_last_usage(KEY_ID)
        assert len(calls(route)) == attempts

    @pytest.mark.parametrize("body", [b'{"KeyId":', b"[]", b"<html>", b'"', b"\xff{}", b'{"KeyId":7}'])
    def test_an_answer_that_is_none_is_a_protocol_error(
        self, way: Way, kms: respx.MockRouter, body: bytes
    ) -> None:
        """A success that cannot be read says so once, with its request id and none of its text."""
        route = answers(kms, httpx.Response(200, headers={"x-amzn-RequestId": "id-3"}, content=body))
        with pytest.raises(errors.ProtocolError, match=r"id-3.* Check that the endpoint is KMS") as caught:
            way.client(environ=ENVIRON).get_key_last_usage(KEY_ID)
        assert (caught.value.status_code, caught.value.request_id) == (200, "id-3")
        assert len(calls(route)) == 1

    def test_a_retry_beyond_the_time_is_not_begun(self, way: Way, kms: respx.MockRouter) -> None:
        """Where the wait would outlast the call's time, the service's own error comes up at once."""
        route = answers(kms, failure(400, "ThrottlingException"))
        with pytest.raises(errors.ThrottlingException):
            way.client(environ=ENVIRON, timeout=30.0).get_key_last_usage(KEY_ID, timeout=0.9)
        assert len(calls(route)) == 1


def refusing(request: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing was to be sent")


def silent_caller(way: Way, **options: Any) -> Caller:
    """Return a client whose every request would fail the test."""
    http_client = way.http_client(transport=httpx.MockTransport(refusing))
    return way.client(**{"environ": ENVIRON, "http_client": http_client, **options})


class TestKeys:
    """What is no key id is refused before it is sent."""

    @pytest.mark.parametrize(
        ("key", "telling"),
        [
            ("", r"has 0 characters.*1 to 2048.*pass a key id"),
            ("x" * 2049, r"has 2049 characters.*1 to 2048.*pass a key id"),
            (None, "must be a str, not NoneType: pass a key id"),
            (KEY_ID.encode(), "must be a str, not bytes: pass a key id"),
            (1234, "must be a str, not int"),
            ("alias/orders", "is an alias.*DescribeKey and ListAliases"),
            ("arn:aws:kms:us-east-2:111122223333:alias/orders", "is an alias"),
            (f"arn:aws:kms:eu-west-1:111122223333:key/{KEY_ID}", "use a client with region='eu-west-1'"),
            (f"arn:aws-cn:kms:us-east-2:111122223333:key/{KEY_ID}", "copy the ARN from DescribeKey"),
            ("arn:aws:s3:::bucket", "not of a KMS key: pass a key id"),
            ("arn:aws:iam::111122223333:role/admin", "not of a KMS key"),
            (KEY_ID + "\n", "control character"),
            ("\x1b[31m", "control character"),
        ],
    )
    def test_what_is_no_key_id_is_refused(self, way: Way, key: Any, telling: str) -> None:
        """A key id of the wrong type, length, kind or place is a ParameterError that says what to pass."""
        with pytest.raises(errors.ParameterError, match=telling) as caught:
            silent_caller(way).get_key_last_usage(key)
        assert isinstance(caught.value, ValueError)
        assert "\x1b" not in str(caught.value)

    @pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), "1"])
    def test_a_time_for_a_call_is_positive(self, way: Way, timeout: Any) -> None:
        """A call given no time, or none that is a number, is refused before it is sent."""
        with pytest.raises(errors.ParameterError, match=r"pass a positive number of seconds, .* or None"):
            silent_caller(way).get_key_last_usage(KEY_ID, timeout=timeout)


class TestCredentials:
    """Who signs."""

    def test_missing_credentials_are_told_by_the_first_call(self, way: Way) -> None:
        """A client may be made without credentials; the call that needs them says where they were sought."""
        environ = {"AWS_REGION": "us-east-2", "AWS_EC2_METADATA_DISABLED": "true"}
        caller = silent_caller(way, environ=environ)
        with pytest.raises(errors.CredentialsError, match=r"(?s)AWS_ACCESS_KEY_ID .*credentials=Credentials"):
            caller.get_key_last_usage(KEY_ID)
        with pytest.raises(errors.CredentialsError):
            caller.resolve_credentials()

    @pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
    def test_half_a_pair_is_told(self, way: Way, missing: str) -> None:
        """One of the two variables alone is an error that names the other."""
        environ = {name: value for name, value in ENVIRON.items() if name != missing}
        with pytest.raises(errors.CredentialsError, match=f"{missing} is not: set both") as caught:
            silent_caller(way, environ=environ).get_key_last_usage(KEY_ID)
        assert not any(secret in str(caught.value) for secret in SECRETS)

    @pytest.mark.parametrize("token", ["token-of-the-tests\r\nX-Evil: 1", "token-of-the-tests\n", "token of"])
    def test_a_token_that_would_break_the_request_is_refused(self, way: Way, token: str) -> None:
        """A given token with a line end in it is refused before anything is sent, and not repeated."""
        credentials = awskms_lite.Credentials("AKIA", "secret", token)
        with pytest.raises(errors.CredentialsError, match=r"session token .* again") as caught:
            silent_caller(way, credentials=credentials).get_key_last_usage(KEY_ID)
        assert "token-of-the-tests" not in str(caught.value)

    def test_a_token_of_the_environment_is_refused_too(self, way: Way) -> None:
        """A token in the environment with a line end in it is refused by the first call, and not repeated."""
        environ = {**ENVIRON, "AWS_SESSION_TOKEN": "token-of-the-tests\r\nX-Evil: 1"}
        with pytest.raises(errors.CredentialsError, match="line end") as caught:
            silent_caller(way, environ=environ).get_key_last_usage(KEY_ID)
        assert "token-of-the-tests" not in str(caught.value)

    @pytest.mark.parametrize("client_class", [KMSClient, AsyncKMSClient])
    @pytest.mark.parametrize("credentials", [("AKIA", "s3cret"), {"access_key_id": "s3cret"}, "s3cret"])
    def test_credentials_of_another_type_are_refused(self, client_class: Any, credentials: Any) -> None:
        """Credentials that are not Credentials are refused, and what they hold is not shown."""
        with pytest.raises(errors.ParameterError, match=r"must be awskms_lite\.Credentials") as caught:
            client_class(region="us-east-2", credentials=credentials, environ={})
        assert "s3cret" not in str(caught.value)

    def test_resolve_gives_what_calls_are_signed_with(self, way: Way) -> None:
        """The credentials in use can be asked for; they say where they were found."""
        caller = silent_caller(way)
        found = caller.resolve_credentials()
        assert found.access_key_id == CREDENTIALS.access_key_id
        assert found.source == "environment variables"
        assert caller.resolve_credentials() is found
        assert silent_caller(way, credentials=CREDENTIALS).resolve_credentials() is CREDENTIALS


@pytest.mark.parametrize("client_class", [KMSClient, AsyncKMSClient])
class TestConstruction:
    """What a client takes, and refuses, when it is made."""

    def test_no_region_is_told(self, client_class: Any) -> None:
        """Without a region anywhere there is no client; the text says how to give one."""
        with pytest.raises(errors.ConfigurationError, match=r"No region: .*region=.*AWS_REGION"):
            client_class(environ={})

    @pytest.mark.parametrize("region", ["us-east-2.evil.example", "us east", "-x", "12345", "a/b", 'x"'])
    def test_what_is_no_region_is_told(self, client_class: Any, region: str) -> None:
        """A region that could lead a signed request elsewhere is refused."""
        with pytest.raises(errors.ConfigurationError, match="is not a region: pass a name like"):
            client_class(region=region, environ={})

    @pytest.mark.parametrize("url", ["ftp://host", "host", "https://user:pw@host", "https://h?x=1", "http://h:0"])
    def test_what_is_no_endpoint_is_told(self, client_class: Any, url: str) -> None:
        """An endpoint that is no plain URL is refused, with where it came from, and not repeated."""
        with pytest.raises(errors.ConfigurationError, match=r"^endpoint_url is not an endpoint: pass a URL"):
            client_class(region="us-east-2", endpoint_url=url, environ={})
        with pytest.raises(errors.ConfigurationError, match=r"^AWS_ENDPOINT_URL_KMS is not an endpoint") as caught:
            client_class(region="us-east-2", environ={"AWS_ENDPOINT_URL_KMS": url})
        assert "pw" not in str(caught.value)

    @pytest.mark.parametrize("name", ["timeout", "connect_timeout", "read_timeout"])
    @pytest.mark.parametrize("seconds", [0, -1, -0.1, float("nan"), float("inf"), "3"])
    def test_a_timeout_is_positive(self, client_class: Any, name: str, seconds: Any) -> None:
        """A timeout that is none is refused by its name, with what to pass."""
        with pytest.raises(errors.ParameterError, match=f"^{name} is .*: pass a positive number of seconds"):
            client_class(region="us-east-2", environ={}, **{name: seconds})

    @pytest.mark.parametrize("http_client", [object(), "https://proxy", httpx])
    def test_an_http_client_that_is_none_is_refused(self, client_class: Any, http_client: Any) -> None:
        """What cannot send is refused, with the class that can."""
        wanted = "httpx.Client" if client_class is KMSClient else "httpx.AsyncClient"
        with pytest.raises(errors.ParameterError, match=f"must be an {wanted}, not"):
            client_class(region="us-east-2", environ={}, http_client=http_client)

    def test_a_client_reads_its_own_environment_only(
        self, client_class: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With a mapping of its own, os.environ is not asked; without one, it is."""
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        assert client_class().region == "eu-west-1"
        assert client_class(environ={"AWS_REGION": "us-east-2"}).region == "us-east-2"
        with pytest.raises(errors.ConfigurationError):
            client_class(environ={})

    def test_a_client_shows_where_it_asks_and_no_more(self, client_class: Any) -> None:
        """Region and endpoint can be read and stand in repr; secrets do not."""
        credentials = awskms_lite.Credentials("AKIA", SECRETS[0], SECRETS[1])
        client = client_class(region="us-east-2", credentials=credentials, environ={})
        assert (client.region, client.endpoint_url) == ("us-east-2", URL)
        assert repr(client) == f"{client_class.__name__}(region='us-east-2', endpoint_url='{URL}')"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "ftp://127.0.0.1:21"])
def test_a_call_through_an_unusable_proxy_says_what_to_mend(
    way: Way, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """A proxy that httpx has no means for is a ConfigurationError, and is not tried again."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    caller = way.client(region="us-east-2", credentials=CREDENTIALS)
    with pytest.raises(
        errors.ConfigurationError, match=r"HTTPS_PROXY names .* Correct the variable, .* or pass an http_client"
    ):
        caller.get_key_last_usage(KEY_ID)
    assert way.pauses == []


class TestContexts:
    """`with` and `async with`, each on its own client."""

    def test_with_closes_the_client(self) -> None:
        """At the end of `with` the client is closed."""
        with KMSClient(region="us-east-2", environ={}, credentials=CREDENTIALS) as client:
            assert isinstance(client, KMSClient)
        with pytest.raises(errors.ClosedError, match="closed: make a new one"):
            client.get_key_last_usage(KEY_ID)

    @pytest.mark.anyio
    async def test_async_with_closes_the_client(self) -> None:
        """At the end of `async with` the client is closed."""
        async with AsyncKMSClient(region="us-east-2", environ={}, credentials=CREDENTIALS) as client:
            assert isinstance(client, AsyncKMSClient)
        with pytest.raises(errors.ClosedError, match="closed: make a new one"):
            await client.get_key_last_usage(KEY_ID)

    def test_with_on_the_asynchronous_client_is_refused(self) -> None:
        """`with` on the asynchronous client says to use `async with`."""
        client = cast(AbstractContextManager[object], AsyncKMSClient(region="us-east-2", environ={}))
        with pytest.raises(errors.ParameterError, match="use `async with`, or KMSClient"), client:
            pass

    @pytest.mark.anyio
    async def test_async_with_on_the_synchronous_client_is_refused(self) -> None:
        """`async with` on the synchronous client says to use `with`."""
        client = cast(AbstractAsyncContextManager[object], KMSClient(region="us-east-2", environ={}))
        with pytest.raises(errors.ParameterError, match="use `with`, or AsyncKMSClient"):
            async with client:
                pass

    def test_a_closed_client_refuses_calls(self, way: Way) -> None:
        """After the end, however often it is repeated, a call is a ClosedError and a RuntimeError."""
        caller = silent_caller(way)
        caller.close()
        caller.close()
        with pytest.raises(errors.ClosedError) as caught:
            caller.get_key_last_usage(KEY_ID)
        assert isinstance(caught.value, RuntimeError)


def test_both_clients_have_the_same_methods() -> None:
    """What one client can do the other can, with the same arguments and the same description."""
    names = {name for name in vars(KMSClient) if not name.startswith("_")}
    assert {name for name in vars(AsyncKMSClient) if not name.startswith("_")} - {"aclose"} == names - {"close"}
    for name in names - {"close", "region", "endpoint_url"}:
        ours, theirs = getattr(KMSClient, name), getattr(AsyncKMSClient, name)
        assert inspect.signature(ours).parameters == inspect.signature(theirs).parameters
        assert inspect.getdoc(ours) == inspect.getdoc(theirs)
    constructors = [inspect.signature(cls).parameters for cls in (KMSClient, AsyncKMSClient)]
    assert [*constructors[0]] == [*constructors[1]]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in constructors[0].values())


def test_a_program_names_itself(way: Way, kms: respx.MockRouter) -> None:
    """`app_id` stands in the User-Agent of every request, before what the environment says."""
    route = answers(kms, OK)
    caller = way.client(environ={**ENVIRON, "AWS_SDK_UA_APP_ID": "other"}, app_id="key sweep")
    caller.get_key_last_usage(KEY_ID)
    assert calls(route)[0].headers["user-agent"] == f"awskms-lite/{awskms_lite.__version__} app/key-sweep"


@pytest.mark.parametrize("app_id", [5, b"sweep"])
def test_a_program_has_a_name_of_text(way: Way, app_id: Any) -> None:
    """Another type is refused when the client is made."""
    with pytest.raises(errors.ConfigurationError, match="app_id must be a str"):
        way.client(environ=ENVIRON, app_id=app_id)


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("cls", [KMSClient, AsyncKMSClient])
def test_a_client_is_not_copied(
    cls: type[KMSClient | AsyncKMSClient], duplicate: Callable[[object], object]
) -> None:
    """It holds connections and locks; the error says what to do in another process."""
    with pytest.raises(TypeError, match=f"{cls.__name__} cannot be pickled or copied.*make a client of its own"):
        duplicate(cls(environ=ENVIRON))


@pytest.mark.parametrize("name", ["KMSClient", "AsyncKMSClient"])
def test_the_annotations_of_a_constructor_can_be_evaluated(name: str) -> None:
    """Frameworks that inject a client find the types of its arguments, and nothing is loaded before they ask."""
    code = f"""
import inspect, sys, typing
from awskms_lite import {name} as Client
assert not {{"awskms_lite.pacing", "awskms_lite.credentials.role", "httpx"}} & set(sys.modules)
hints = typing.get_type_hints(Client.__init__)
from awskms_lite import AssumeRole, Credentials, Pacing
assert hints["pacing"] == Pacing | None
assert {{AssumeRole, Credentials}} < set(typing.get_args(hints["credentials"]))
import httpx
assert hints["http_client"] == (httpx.Client if Client.__name__ == "KMSClient" else httpx.AsyncClient) | None
signature = inspect.signature(Client, eval_str=True)
assert signature.parameters["pacing"].annotation == Pacing | None
assert typing.get_type_hints(Client.in_region)["region"] is str
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
