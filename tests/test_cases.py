"""Cases as data, run through the public API: the project's own in `fixtures/cases`, and any folder of such files.

Each file is `{"suite", "source", "cases"}` and each case `{"id", "input", "expected"}`; the suite decides what a
case means. `make cases CASES=DIR` adds the files of a folder.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import anyio
import anyio.lowlevel
import httpx
import pytest
from support.servers import WAYS, open_way

from awskms_lite import AsyncKMSClient, Credentials, KMSClient, KMSLiteError, sigv4, to_wire
from awskms_lite.config import file_locations, merge, parse_config
from awskms_lite.protocol import decode_error
from awskms_lite.retry import RetryPolicy

Case = dict[str, Any]

OWN = Path(__file__).parent.parent / "fixtures" / "cases"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
GIVEN = Credentials("AKIDEXAMPLE", "secret")
DECOY = {"AccessKeyId": "ASIADECOY", "SecretAccessKey": "decoy", "Token": "decoy", "Code": "Success"}


def load(folders: Iterable[Path], suite: str) -> list[Any]:
    """Return the cases of a suite, from every folder that has some."""
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            content = json.loads(path.read_text())
            if content["suite"] == suite:
                found += [pytest.param(case, id=case["id"]) for case in content["cases"]]
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize each test with the cases of the suite it is named after."""
    if "case" in metafunc.fixturenames:
        more = metafunc.config.getoption("--cases")
        folders = [OWN, *([Path(more)] if more else [])]
        metafunc.parametrize("case", load(folders, metafunc.function.__name__.removeprefix("test_")))


@pytest.fixture(params=["sync", "asyncio", "trio"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Call a client's method under one of the drivers: `call(handler, options, method, *arguments)`."""
    driver: str = request.param

    def call_sync(
        handler: Callable[[httpx.Request], httpx.Response], options: Case, method: str, *args: Any, **named: Any
    ) -> Any:
        http = httpx.Client(transport=httpx.MockTransport(handler))
        with http, KMSClient(http_client=http, sleep=lambda _: None, **options) as client:
            return getattr(client, method)(*args, **named)

    def call_async(
        handler: Callable[[httpx.Request], httpx.Response], options: Case, method: str, *args: Any, **named: Any
    ) -> Any:
        async def run() -> Any:
            http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
            async with http, AsyncKMSClient(http_client=http, sleep=no_sleep, **options) as client:
                return await getattr(client, method)(*args, **named)

        return anyio.run(run, backend=driver)

    return call_sync if driver == "sync" else call_async


async def no_sleep(_: float) -> None:
    """Wait for nothing."""
    await anyio.lowlevel.checkpoint()


def options_of(case: Case, root: Path) -> Case:
    """Write the case's files below `root`, and give the client's arguments."""
    given = json.loads(json.dumps(case["input"]).replace("${ROOT}", str(root)))
    for name, text in given.get("fs", {}).items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {"environ": given["env"], **(given.get("args") or {})}


class Traffic:
    """Answers the requests that a case lists, each once and in order, and refuses every other."""

    def __init__(self, case: Case) -> None:
        self.left = [dict(exchange) for exchange in case["input"].get("traffic", [])]
        self.decoy = bool(case["input"].get("decoy"))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        for exchange in self.left:
            wanted = exchange["request"]
            if (wanted["method"], address(wanted["uri"])) == (request.method, address(str(request.url))):
                self.left.remove(exchange)
                check_request(wanted, request)
                answer = exchange["response"]
                return httpx.Response(answer["status"], headers=answer.get("headers"), text=answer.get("body", ""))
        if self.decoy and request.url.host == "169.254.169.254":
            return decoy(request)
        raise httpx.ConnectError("no such host in this case", request=request)


def address(url: str) -> tuple[Any, ...]:
    """Return what makes two URLs the same one: the query's order and a bare slash do not count."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, parts.path or "/", sorted(parse_qsl(parts.query))


def check_request(wanted: Case, request: httpx.Request) -> None:
    """Hold a request against what the case says of it."""
    for name, value in wanted.get("headers", {}).items():
        assert name in request.headers
        assert value in ("*", request.headers[name])
    form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
    for name, value in wanted.get("form", {}).items():
        assert value in ("*", form.get(name))
    signature = request.headers.get("authorization", "")
    if wanted.get("signed_by") is None:
        assert not signature.startswith("AWS4-HMAC-SHA256")
    else:
        key, _, region, service, _ = signature.partition("Credential=")[2].partition(",")[0].split("/")
        assert f"{key}/{region}/{service}" == wanted["signed_by"]


def decoy(request: httpx.Request) -> httpx.Response:
    """Answer as an instance whose role must not be used."""
    if request.method == "PUT":
        return httpx.Response(200, text="token")
    if request.url.path.endswith("/"):
        return httpx.Response(200, text="role")
    return httpx.Response(200, json={**DECOY, "Expiration": "2099-01-01T00:00:00Z"})


@pytest.mark.outward  # some cases run a program
def test_credentials(case: Case, call: Callable[..., Any], tmp_path: Path) -> None:
    """The credentials that an environment leads to, over the requests that must be made for them."""
    traffic = Traffic(case)
    options = options_of(case, tmp_path)
    if "error" in case["expected"]:
        with pytest.raises(KMSLiteError):
            call(traffic, options, "resolve_credentials")
    else:
        found = call(traffic, options, "resolve_credentials")
        expected = dict(case["expected"]["credentials"])
        expires_at = expected.pop("expires_at")
        assert {name: getattr(found, name) for name in expected} == expected
        assert (found.expires_at and found.expires_at.timestamp()) == expires_at
    assert traffic.left == []


def test_config(case: Case) -> None:
    """What the shared files say, and where they lie."""
    given, expected = case["input"], case["expected"]
    if "env" in given:
        config, credentials = file_locations(given["env"])
        assert (str(config), str(credentials)) == (expected["config"], expected["credentials"])
    elif "error" in expected:
        with pytest.raises(KMSLiteError):
            sections_of(given)
    else:
        sections = sections_of(given)
        sessions = {k.removeprefix("sso-session "): v for k, v in sections.items() if k.startswith("sso-session ")}
        profiles = {k: v for k, v in sections.items() if not k.startswith(("sso-session ", "services "))}
        assert profiles == expected["profiles"]
        assert sessions == expected.get("sso_sessions", {})


def sections_of(given: Case) -> Any:
    """Return the sections of both files together."""
    return merge(
        parse_config(given["config"] or "", "config"), parse_config(given["credentials"] or "", "credentials")
    )


def test_recursion(case: Case, call: Callable[..., Any]) -> None:
    """The trace that a call to KMS passes on."""
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("x-amzn-trace-id"))
        return httpx.Response(200, json={})

    options = {"environ": case["input"]["env"], "region": "us-east-1", "credentials": GIVEN}
    call(answer, options, "get_key_last_usage", KEY)
    assert seen == [case["expected"]["header"]]


def test_endpoints(case: Case) -> None:
    """The URL that a client's arguments lead to."""
    if "error" in case["expected"]:
        with pytest.raises(KMSLiteError):
            KMSClient(environ={}, **case["input"])
    else:
        assert KMSClient(environ={}, **case["input"]).endpoint_url == case["expected"]["url"]


def test_protocol(case: Case, call: Callable[..., Any]) -> None:
    """What an answer of the service means."""
    given, expected = case["input"], case["expected"]
    if given["kind"] == "error":
        error = decode_error(given["status"], given["headers"], given["body"].encode())
        assert (error.code, error.message or None, error.status_code) == tuple(
            expected[name] for name in ("code", "message", "status_code")
        )
        return

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(given["status"], headers=given["headers"], text=given["body"])

    options = {"environ": {}, "region": "us-east-1", "credentials": GIVEN}
    named = {in_python(name): value for name, value in given["params"].items()}
    members = to_wire(call(answer, options, in_python(given["operation"]), **named))
    for path, value in expected["members"].items():
        found: Any = members
        for name in path.split("."):
            found = found[name]
        assert found == (value["timestamp"] if isinstance(value, dict) else value)


class Script:
    """Answers one request of a call after the other from its list, and keeps the requests."""

    FAILURES: ClassVar = {
        "timeout": httpx.ReadTimeout,
        "connect": httpx.ConnectError,
        "protocol": httpx.RemoteProtocolError,
    }

    def __init__(self, replies: list[Case]) -> None:
        self._left = list(replies)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self._left.pop(0)
        if "error" in reply:
            raise self.FAILURES[reply["error"]]("as the case says", request=request)
        body = {"__type": reply["code"]} if "code" in reply else {}
        return httpx.Response(reply["status"], headers=reply.get("headers"), json=body)


@pytest.mark.parametrize("way", WAYS)
def test_retry(case: Case, way: str) -> None:
    """How often a call is sent, what it waits for and what it takes of the quota, call by call of one client."""
    policy, expected = case["input"]["policy"], case["expected"]
    scripts: list[Script] = []
    with open_way(way) as opened:
        http = opened.http_client(transport=httpx.MockTransport(lambda request: scripts[-1](request)))
        retry = RetryPolicy(max_attempts=policy["max_attempts"])
        caller = opened.client(environ={}, region="us-east-1", credentials=GIVEN, retry=retry, http_client=http)
        quota = caller.client._state.quota
        quota.tokens = policy["quota"]
        seen = []
        for replies in case["input"]["calls"]:
            scripts.append(Script(replies))
            opened.pauses.clear()
            try:
                caller.get_key_last_usage(KEY)
                outcome = "success"
            except KMSLiteError:
                outcome = "error"
            sent = len(scripts[-1].requests)
            seen.append({"attempts": sent, "delays": [*opened.pauses], "outcome": outcome, "quota": quota.tokens})
    assert seen == [{**call, "delays": pytest.approx(call["delays"])} for call in expected["calls"]]
    check_names(scripts, expected)


def check_names(scripts: list[Script], expected: Case) -> None:
    """Hold what each attempt says of its call against what the case wants."""
    for script, wanted in zip(scripts, expected.get("sdk_request", [[]] * len(scripts)), strict=True):
        for request, text in zip(script.requests, wanted, strict=bool(wanted)):
            assert set(text.split("; ")) <= set(request.headers["amz-sdk-request"].split("; "))
    ids = [[request.headers["amz-sdk-invocation-id"] for request in script.requests] for script in scripts]
    assert all(len(set(of_a_call)) == 1 for of_a_call in ids)
    assert len(set(chain.from_iterable(ids))) == expected.get("invocation_ids", len(scripts))


def in_python(name: str) -> str:
    """Return the name that an operation or a member has in Python."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_sigv4(case: Case) -> None:
    """A signature, and each stage on the way to it."""
    given, expected = case["input"], case["expected"]
    request = sigv4.Request(
        given["request"]["method"],
        given["request"]["url"],
        [(name, value) for name, value in given["request"]["headers"]],
        given["request"]["body"].encode(),
    )
    options = {
        "credentials": Credentials(**given["credentials"]),
        "region": given["region"],
        "service": given["service"],
        "now": datetime.fromisoformat(given["now"]).astimezone(UTC),
        "normalize_path": given["normalize_path"],
        "sign_body": given["sign_body"],
    }
    if given["mode"] == "header":
        assert sigv4.canonical_request(request, **options) == expected["canonical_request"]
        assert sigv4.string_to_sign(request, **options) == expected["string_to_sign"]
        signed = sigv4.sign(request, **options)
        assert dict(signed.headers[len(request.headers) :]) == expected["added_headers"]
    else:
        signed = sigv4.presign(request, **options, expires_in=given["expires_in"])
        query = parse_qsl(urlsplit(signed.url).query, keep_blank_values=True)
        assert sorted(query) == sorted((name, value) for name, value in expected["query"])
