"""What sends requests, and what its failures mean: what is asked of httpx is looked at, over loopback at most."""

import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpcore
import httpx
import pytest
from hypothesis import given, strategies as st
from support.servers import (
    PATIENCE,
    TLS,
    Script,
    ScriptedServer,
    ServedConnection,
    answer,
    cut_off,
    replying,
    resetting,
    silent,
)

from awskms_lite import errors, transport
from awskms_lite.drivers.driver_base import Routes
from awskms_lite.steps import Request, Response, Send
from awskms_lite.transport import NEVER, Deadline, Timeouts, TrustedRoots, check_client, connections, pools
from awskms_lite.transport.errors import map_transport_error
from awskms_lite.transport.guard import ResponseGuard
from awskms_lite.transport.messages import parsed_url
from awskms_lite.transport.responses import MAX_BODY

REQUEST = Request("POST", "https://kms.us-east-2.amazonaws.com", [("Host", "kms.us-east-2.amazonaws.com")], b"{}")
STEP = Send(REQUEST)
TIMEOUTS = Timeouts({"connect": 1.0, "read": 1.0, "write": 1.0, "pool": 1.0}, None)


def as_it_is(response: Response) -> Response:
    """Take an answer as it is."""
    return response


ISSUER = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate"


def of(kind: type[httpx.RequestError], number: int) -> httpx.RequestError:
    """Make a failure that the system's error of that number led to."""
    failure = kind("whatever the library says")
    failure.__cause__ = OSError(number, "whatever the system was told")
    return failure


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        ("kms.us-east-9.amazonaws.com", "Check that there is a region us-east-9,"),
        ("kms-fips.us-gov-north-1.api.aws", "FIPS endpoints exist only in some regions"),
        ("kms-fips.us-gov-north-1.api.aws", "AWS_USE_DUALSTACK_ENDPOINT asks for them"),
        ("kms.test", "Check the endpoint and the network's name servers"),
    ],
)
def test_a_host_that_is_none_leads_to_the_region(host: str, advice: str) -> None:
    """A name that nobody knows is that of a region that is none, more often than not; ours alone tells of one."""
    cause = httpx.ConnectError("no such name")
    cause.__cause__ = httpcore.ConnectError("no such name")
    cause.__cause__.__context__ = socket.gaierror(socket.EAI_NONAME, "no such name")
    request = REQUEST._replace(url=f"https://{host}/")
    assert advice in str(map_transport_error(cause, request))
    assert "a region" not in str(map_transport_error(httpx.ConnectError("refused"), request))


@pytest.mark.parametrize(
    ("cause", "error", "telling"),
    [
        (
            httpx.ConnectTimeout("timed out"),
            errors.ConnectTimeoutError,
            "Check the endpoint, the network and the proxy",
        ),
        (httpx.PoolTimeout(""), errors.ConnectTimeoutError, r"in time \(PoolTimeout\)"),
        (httpx.ReadTimeout("timed out"), errors.TimeoutError, "allow a longer read_timeout"),
        (httpx.WriteTimeout("timed out"), errors.TimeoutError, "WriteTimeout"),
        (httpx.ConnectError(ISSUER), errors.ConnectError, "could not prove who it is .* AWS_CA_BUNDLE"),
        (
            of(httpx.ConnectError, 111),
            errors.ConnectError,
            r"\(ConnectError: Connection refused\)",
        ),
        (httpx.ProxyError("407 denied"), errors.ConnectError, r"\(ProxyError: 407\)\..* and the proxy"),
        (httpx.UnsupportedProtocol("ftp"), errors.ConnectError, "Check the endpoint"),
        (of(httpx.ReadError, 104), errors.TransportError, r"broke off \(ReadError: Connection reset by peer\)"),
        (httpx.WriteError("pipe"), errors.TransportError, "Try again"),
        (httpx.RemoteProtocolError("no HTTP"), errors.TransportError, "check proxies and firewalls on the way"),
        (httpx.DecodingError("no gzip"), errors.TransportError, "broke off"),
    ],
)
def test_a_failure_becomes_an_error_of_ours(
    cause: httpx.RequestError, error: type[errors.TransportError], telling: str
) -> None:
    """Each failure of httpx has one class of ours; the text names the host, the reason and what to do."""
    ours = map_transport_error(cause, REQUEST)
    assert type(ours) is error
    with pytest.raises(error, match=telling):
        raise ours
    assert "https://kms.us-east-2.amazonaws.com" in str(ours)


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (errors.ConnectTimeoutError, (errors.ConnectError, errors.TimeoutError, TimeoutError)),
        (errors.TimeoutError, (errors.TransportError, TimeoutError)),
    ],
)
def test_an_error_is_all_that_it_means(error: type[Exception], kinds: tuple[type[Exception], ...]) -> None:
    """A connection that did not come in time is both too late and surely unsent."""
    assert issubclass(error, kinds[0])
    assert all(issubclass(error, kind) for kind in kinds)


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    "client", [object(), "https://proxy", httpx, SimpleNamespace(send=print), SimpleNamespace(build_request=1)]
)
def test_what_is_no_client_is_refused(client: Any, asynchronous: bool) -> None:
    """An http_client without httpx's methods is refused, with the class to pass and the type that came."""
    wanted = "httpx.AsyncClient" if asynchronous else "httpx.Client"
    with pytest.raises(errors.ParameterError, match=f"must be an {wanted}, not {type(client).__name__}"):
        check_client(client, asynchronous=asynchronous)


@pytest.mark.parametrize(("kind", "asynchronous"), [(httpx.Client, False), (httpx.AsyncClient, True)])
def test_a_class_in_place_of_a_client_is_refused(kind: type, asynchronous: bool) -> None:
    """`http_client=httpx.Client`, its call forgotten, is refused like anything that is no client."""
    with pytest.raises(errors.ParameterError, match="http_client must be an httpx"):
        check_client(kind, asynchronous=asynchronous)


class TestOtherLibraries:
    """A client need not be of httpx itself: its methods and the names of its errors are what counts."""

    def test_errors_are_known_by_their_names(self) -> None:
        """A library that continues httpx under another name is served, its errors known by their names."""
        names: dict[str, Any] = {"RequestError": type("RequestError", (Exception,), {})}
        late = type("ReadTimeout", (type("TimeoutException", (names["RequestError"],), {}),), {})

        def send(*args: object, **options: object) -> None:
            raise late("late")

        client = SimpleNamespace(is_closed=False, build_request=lambda *args, **options: None, send=send)
        check_client(client, asynchronous=False)
        with pytest.raises(errors.TimeoutError) as caught:
            transport.Client(client, TIMEOUTS).send(STEP, as_it_is, NEVER)
        assert type(caught.value) is errors.TimeoutError


@pytest.mark.parametrize(
    ("variable", "value", "proxied"),
    [
        ("HTTPS_PROXY", "http://127.0.0.1:1", True),
        ("https_proxy", "http://127.0.0.1:1", True),
        ("HTTP_PROXY", "http://127.0.0.1:1", False),
        ("ALL_PROXY", "http://127.0.0.1:1", True),
        ("NO_PROXY", "localhost", False),
        ("FTP_PROXY", "http://127.0.0.1:1", False),
        ("HTTPS_PROXY", "", False),
    ],
)
def test_a_proxy_of_the_environment_applies_where_it_may(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, proxied: bool
) -> None:
    """Where a proxy variable is set for a scheme, that proxy is used; not by a client of another environment."""
    monkeypatch.setenv(variable, value)
    for trusting in (True, False):
        opened: list[transport.Proxy | None] = []
        routes = Routes(opened.append, lambda: None, trust_env=trusting)
        routes.sender(STEP)
        routes.sender(STEP._replace(direct=True))
        assert [proxy is not None for proxy in opened] == [True, False] if proxied and trusting else [False]


@pytest.mark.parametrize(
    "url", ["socks5://127.0.0.1:1080", "socks://127.0.0.1", "ftp://127.0.0.1:21", "http://a:port"]
)
@pytest.mark.parametrize("make", [transport.ConnectionPool, transport.AsyncConnectionPool])
def test_a_proxy_that_httpx_cannot_use_is_a_configuration_error(make: Any, url: str) -> None:
    """A proxy of another kind, or none at all, is a mistake in the set-up, with the variable to mend."""
    with pytest.raises(errors.ConfigurationError, match="the proxy that ALL_PROXY names"):
        make(TrustedRoots(trust_env=True, ca_bundle=None), TIMEOUTS, transport.Proxy(url, "ALL_PROXY"))


def test_the_password_of_a_proxy_is_not_repeated() -> None:
    """Neither the error for an unusable proxy nor the proxy itself shows the user and password in its URL."""
    proxy = transport.Proxy("ftp://user:pass-of-the-proxy@127.0.0.1:21", "ALL_PROXY")
    with pytest.raises(errors.ConfigurationError) as caught:
        transport.ConnectionPool(TrustedRoots(trust_env=True, ca_bundle=None), TIMEOUTS, proxy)
    assert "pass-of-the-proxy" not in f"{caught.value}{caught.value.__context__}{proxy!r}{proxy}"


class TestTrustedRoots:
    """Which authorities vouch for the other side."""

    def test_a_context_is_made_once_for_each_scheme(self) -> None:
        """Reading the roots takes long, so it happens once, and for http not at all."""
        roots = TrustedRoots(trust_env=False, ca_bundle=None)
        https, http = roots.context("https"), roots.context("http")
        assert roots.context("https") is https
        assert roots.context("http") is http
        assert https.get_ca_certs()
        assert not http.get_ca_certs()

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_every_context_checks(self, scheme: str) -> None:
        """No context, not even one that should never be used, takes a certificate unseen."""
        context = TrustedRoots(trust_env=False, ca_bundle=None).context(scheme)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname

    @pytest.mark.parametrize("trusting", [True, False])
    def test_a_root_of_the_environment_counts_where_it_may(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, trusting: bool
    ) -> None:
        """SSL_CERT_FILE names the roots of a client that reads this process's environment, and of no other."""
        TLS().write_root(str(tmp_path / "root.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
        subjects = [str(root["subject"]) for root in TrustedRoots(trusting, None).context("https").get_ca_certs()]
        assert any("trustme" in subject for subject in subjects) is trusting
        assert (len(subjects) == 1) is trusting


class TestBundle:
    """Roots of one's own, by AWS_CA_BUNDLE or the profile."""

    @staticmethod
    def subjects(context: ssl.SSLContext) -> list[str]:
        return [str(root["subject"]) for root in context.get_ca_certs()]

    @pytest.mark.parametrize("trusting", [True, False])
    def test_a_bundle_replaces_the_roots(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, trusting: bool
    ) -> None:
        """Its authorities are the only ones, whatever SSL_CERT_FILE says, and everything is checked."""
        TLS().write_root(str(tmp_path / "root.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
        context = TrustedRoots(trusting, str(tmp_path / "root.pem")).context("https")
        (subject,) = self.subjects(context)
        assert "trustme" in subject
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname

    def test_a_directory_may_be_a_bundle(self, tmp_path: Any) -> None:
        """A directory of certificates is looked into when one is needed; the common roots are not there."""
        context = TrustedRoots(False, str(tmp_path)).context("https")
        assert self.subjects(context) == []
        assert context.verify_mode is ssl.CERT_REQUIRED

    @pytest.mark.parametrize("content", [None, b"", b"no certificate"])
    def test_one_that_cannot_be_used_is_an_error(self, tmp_path: Any, content: bytes | None) -> None:
        """Missing, empty or no certificate: the text names the path and how to set another."""
        path = tmp_path / "root.pem"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(errors.ConfigurationError, match=r"cannot be used .*: set AWS_CA_BUNDLE") as caught:
            TrustedRoots(False, str(path)).context("https")
        assert str(path) in str(caught.value)

    def test_a_missing_root_of_the_environment_is_an_error(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        """A SSL_CERT_FILE that is not there is told as a mistake of the set-up too."""
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
        with pytest.raises(errors.ConfigurationError, match="SSL_CERT_FILE to a file of PEM certificates"):
            TrustedRoots(True, None).context("https")

    def test_http_has_no_need_of_it(self, tmp_path: Any) -> None:
        """A bundle is read when a TLS connection needs it, and not before."""
        assert TrustedRoots(False, str(tmp_path / "missing.pem")).context("http").get_ca_certs() == []


class TestProxyOf:
    """Which proxy lies between here and a URL, for people to read."""

    @pytest.mark.parametrize(
        ("environ", "url", "proxy"),
        [
            ({}, "https://kms.test", None),
            ({"HTTPS_PROXY": "http://proxy.test:3128"}, "https://kms.test", "http://proxy.test:3128"),
            ({"HTTPS_PROXY": "http://proxy.test:3128"}, "http://kms.test", None),
            ({"ALL_PROXY": "http://all.test:1"}, "https://kms.test", "http://all.test:1"),
            ({"ALL_PROXY": "http://all.test:1", "HTTPS_PROXY": "http://p:2"}, "https://kms.test", "http://p:2"),
            ({"HTTPS_PROXY": "http://p:2", "NO_PROXY": "kms.test"}, "https://kms.test", None),
            ({"HTTPS_PROXY": "http://p:2", "NO_PROXY": ".test"}, "https://kms.test:8443/x", None),
            ({"HTTPS_PROXY": "http://p:2", "NO_PROXY": "other.test"}, "https://kms.test", "http://p:2"),
        ],
    )
    def test_the_variables_say_which(
        self, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], url: str, proxy: str | None
    ) -> None:
        """By the scheme, else for all, unless the host is one to reach without."""
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        found = transport.proxy_of(url)
        assert (found and found.url) == proxy
        assert found is None or environ[found.variable] == proxy

    def test_user_and_password_are_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What stands before the @ of a proxy's URL is nobody's business."""
        monkeypatch.setenv("HTTPS_PROXY", "http://user:p%40ss@word@proxy.test:3128")
        found = transport.proxy_of("https://kms.test")
        assert found is not None
        assert "proxy.test:3128" in str(found)
        assert not any(secret in f"{found}{found!r}" for secret in ("user", "p%40ss", "word"))


# What may stand in a path or a query where it is set: no space, no fragment.
_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "#?")
_PATHS = st.lists(st.sampled_from(["", ".", "..", "a", ".b", "%2F", "%zz"]) | st.text(_CHARACTERS), max_size=5)


@given(
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(["kms.us-east-2.amazonaws.com", "KMS.test", "under_score", "127.0.0.1", "[fd00::23]"]),
    port=st.sampled_from(["", ":80", ":443", ":8080"]),
    path=_PATHS.map(lambda segments: "".join(f"/{segment}" for segment in segments)),
    query=st.none() | st.text(_CHARACTERS + "?"),
)
def test_a_url_is_read_as_httpx_reads_it(scheme: str, host: str, port: str, path: str, query: str | None) -> None:
    """Our own connections ask for the same target at the same host and port as a given client would."""
    url = f"{scheme}://{host}{port}{path}{'' if query is None else f'?{query}'}"
    ours, origin = parsed_url(url)
    theirs = httpx.URL(url)
    assert ours.scheme == theirs.raw_scheme
    assert ours.host == theirs.raw_host
    assert ours.port == theirs.port
    assert ours.target == theirs.raw_path
    assert origin == f"{theirs.scheme}://{theirs.netloc.decode()}"


class TestSize:
    """A body that no answer of KMS comes near is refused before it fills the memory."""

    @pytest.mark.parametrize("declared", [True, False])
    def test_a_body_over_the_limit_is_refused(self, declared: bool) -> None:
        """One byte over the limit is refused, whether or not its length was announced, and reading stops."""
        taken: list[int] = []

        class Body(httpx.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                for part in (MAX_BODY, 1, MAX_BODY):
                    taken.append(part)
                    yield b"x" * part

        headers = {"Content-Length": str(2 * MAX_BODY + 1)} if declared else {}
        handler = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, stream=Body()))
        with httpx.Client(transport=handler) as client, pytest.raises(errors.ProtocolError) as caught:
            transport.Client(client, TIMEOUTS).send(STEP, as_it_is, NEVER)
        assert "Check the endpoint" in str(caught.value)
        assert caught.value.status_code == 200
        assert len(taken) < 3

    def test_a_body_of_the_limit_is_read(self) -> None:
        """A body of exactly the limit is taken."""
        handler = httpx.MockTransport(lambda request: httpx.Response(200, content=b"x" * MAX_BODY))
        with httpx.Client(transport=handler) as client:
            assert len(transport.Client(client, TIMEOUTS).send(STEP, as_it_is, NEVER).body) == MAX_BODY


class PassingTime(Deadline):
    """A deadline whose time passes as it is asked: so many seconds are left each time."""

    def __init__(self, *left: float) -> None:
        self._left = iter(left)

    def timeout(self, seconds: float | None) -> float:
        return next(self._left)


class Backend:
    """Stands for httpcore's backend where only the last of so many addresses answers; notes what it is given."""

    def __init__(self, failures: list[Exception]) -> None:
        self.seen: list[tuple[str, float]] = []
        self._failures = iter(failures)

    def connect_tcp(self, host: str, port: int, timeout: float, **options: Any) -> Any:
        self.seen.append((host, timeout))
        for failure in self._failures:
            raise failure
        return SimpleNamespace(close=None, get_extra_info=None, start_tls=self.start_tls)

    def start_tls(self, context: Any, server_hostname: str | None, timeout: float) -> Any:
        self.seen.append(("TLS", timeout))
        return SimpleNamespace(close=None, get_extra_info=None)


class TestConnecting:
    """The way to a host with several addresses, as the endpoints in a private network have them."""

    @pytest.fixture(autouse=True)
    def _addresses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = [(0, 0, 0, "", (address, 443)) for address in ("10.0.0.1", "10.0.1.1", "10.0.2.1")]
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **options: found)

    @staticmethod
    def backend_of(deadline: Deadline, backend: Backend) -> connections.Backend:
        guard = ResponseGuard()
        guard.begin(deadline)
        return connections.Backend(guard, backend)

    def test_each_address_gets_what_is_left(self) -> None:
        """An address that does not answer leaves the next one less, and the handshake what remains."""
        failures = [httpcore.ConnectTimeout("late"), httpcore.ConnectError("refused")]
        backend = Backend(failures)
        stream = self.backend_of(PassingTime(3.0, 2.0, 1.9, 0.5), backend).connect_tcp("kms.test", 443, 3.0)
        stream.start_tls(ssl.create_default_context(), timeout=3.0)
        assert backend.seen == [("10.0.0.1", 3.0), ("10.0.1.1", 2.0), ("10.0.2.1", 1.9), ("TLS", 0.5)]

    def test_the_last_address_has_the_last_word(self) -> None:
        """Where none answers, the failure of the last one is the outcome."""
        backend = Backend(
            [httpcore.ConnectError("refused"), httpcore.ConnectError("refused"), httpcore.ConnectTimeout("late")]
        )
        with pytest.raises(httpcore.ConnectTimeout, match="late"):
            self.backend_of(PassingTime(3.0, 2.0, 1.0), backend).connect_tcp("kms.test", 443, 3.0)


class Peer:
    """Stands for httpcore's stream: notes what is written at a time, and answers each read with a head."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.written: list[bytes] = []
        self._failure = failure

    def close(self) -> None:
        """Do nothing."""

    aclose = close

    def write(self, data: bytes, timeout: float | None) -> None:
        self.written.append(data)
        if self._failure is not None:
            raise self._failure

    def read(self, max_bytes: int, timeout: float | None) -> bytes:
        return b"HTTP/1.1 403 Forbidden\r\n\r\n"


class AsyncPeer(Peer):
    """The same for a stream that is awaited."""

    async def write(self, data: bytes, timeout: float | None) -> None:  # type: ignore[override]
        super().write(data, timeout)

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:  # type: ignore[override]
        return super().read(max_bytes, timeout)


class TestWriting:
    """A request, which httpcore writes in parts, is sent as one."""

    @staticmethod
    async def exchange(peer: Peer) -> bytes:
        """Write a request in parts, over the stream for a peer of that kind, and read what comes."""
        guard = ResponseGuard()
        guard.begin(NEVER)
        if isinstance(peer, AsyncPeer):
            theirs = connections.AsyncStream(guard, peer)
            await theirs.write(b"head ", 1.0)
            await theirs.write(b"body", 1.0)
            return await theirs.read(100, 1.0)
        ours = connections.Stream(guard, peer)
        ours.write(b"head ", 1.0)
        ours.write(b"body", 1.0)
        return ours.read(100, 1.0)

    @pytest.mark.anyio
    @pytest.mark.parametrize("kind", [Peer, AsyncPeer])
    async def test_head_and_body_go_together(self, kind: type[Peer]) -> None:
        """One packet, and in TLS one record, holds the whole of a short request."""
        peer = kind()
        await self.exchange(peer)
        assert peer.written == [b"head body"]

    @pytest.mark.anyio
    @pytest.mark.parametrize("kind", [Peer, AsyncPeer])
    async def test_an_answer_that_came_before_the_end_is_read(self, kind: type[Peer]) -> None:
        """A server may refuse a request and close the connection before it has all of it: its answer counts."""
        assert await self.exchange(kind(httpcore.WriteError("broken pipe"))) == b"HTTP/1.1 403 Forbidden\r\n\r\n"

    @pytest.mark.anyio
    @pytest.mark.parametrize("kind", [Peer, AsyncPeer])
    async def test_a_write_that_takes_too_long(self, kind: type[Peer]) -> None:
        """A request that cannot be sent in time fails, and no answer is waited for."""
        with pytest.raises(httpcore.WriteTimeout):
            await self.exchange(kind(httpcore.WriteTimeout("full")))


@pytest.mark.anyio
async def test_the_wait_for_a_place_is_no_part_of_an_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a connection longer than an attempt may take has the whole of its attempt after that."""
    monkeypatch.setattr(pools, "MAX_CONNECTIONS", 1)
    gate, statuses = threading.Event(), []

    def gated(line: ServedConnection) -> None:
        while line.request() is not None and gate.wait(PATIENCE):
            line.send(answer())

    async def send(timeout: float | None) -> None:
        statuses.append((await own.send(Send(request, timeout), as_it_is, NEVER)).status)

    with ScriptedServer(gated) as server:
        request = Request("POST", server.url, [], b"{}")
        own = transport.AsyncConnectionPool(TrustedRoots(False, None), Timeouts({}, None))
        async with anyio.create_task_group() as group:
            group.start_soon(send, None)
            assert await anyio.to_thread.run_sync(server.asked.wait, PATIENCE)
            group.start_soon(send, 0.5)
            await anyio.sleep(0.6)
            gate.set()
        await own.aclose()
    assert statuses == [200, 200]


class TestSockets:
    """A plain connection's socket, with no help of the garbage collector."""

    @pytest.fixture(params=["http", "https"])
    def context(self, request: pytest.FixtureRequest) -> Iterator[ssl.SSLContext | None]:
        gc.collect()
        gc.freeze()  # what was there before the test need not be looked at again after it
        gc.disable()
        yield self.tls.server if request.param == "https" else None
        gc.enable()
        gc.collect()

    tls = TLS()

    def pool(self, tmp_path: Path, read_timeout: float = PATIENCE) -> transport.ConnectionPool:
        self.tls.write_root(str(tmp_path / "root.pem"))
        timeouts = Timeouts({"connect": PATIENCE, "read": read_timeout}, None)
        return transport.ConnectionPool(TrustedRoots(False, str(tmp_path / "root.pem")), timeouts)

    @staticmethod
    def step(server: ScriptedServer) -> Send:
        return Send(Request("POST", server.url, [], b"{}"))

    @pytest.mark.parametrize(
        "script",
        [
            silent,
            cut_off(b"HTTP/1.1 200 O"),
            resetting(),
            replying(answer(b"not begun", headers={"Content-Encoding": "gzip"})),
            replying(answer(length=MAX_BODY + 1)),
        ],
    )
    def test_it_is_closed_after_a_failure(
        self, context: ssl.SSLContext | None, script: Script, tmp_path: Path
    ) -> None:
        """Whatever ends an attempt, its connection ends with it."""
        with ScriptedServer(script, ssl_context=context) as server:
            own = self.pool(tmp_path, read_timeout=0.1)
            with pytest.raises((errors.TransportError, errors.ProtocolError)):
                own.send(self.step(server), as_it_is, NEVER)
            assert server.lines[0].done.wait(PATIENCE)

    def test_an_error_that_is_compressed_goes_by_its_status(
        self, context: ssl.SSLContext | None, tmp_path: Path
    ) -> None:
        """A proxy's page that nobody can read is still the error that its status says; its connection ends."""
        page = answer(b"\x1f\x8b not read", 503, headers={"Content-Encoding": "gzip"})
        with ScriptedServer(replying(page), ssl_context=context) as server:
            own = self.pool(tmp_path)
            told = own.send(self.step(server), as_it_is, NEVER)
            assert (told.status, told.body) == (503, b"")
            assert server.lines[0].done.wait(PATIENCE)

    def test_it_is_freed_with_those_who_hold_it(self, context: ssl.SSLContext | None, tmp_path: Path) -> None:
        """Connections that nobody closed go, with the warning that Python has for that, when nobody holds them."""
        with ScriptedServer(replying(answer()), ssl_context=context) as server:
            own = self.pool(tmp_path)
            assert own.send(self.step(server), as_it_is, NEVER).status == 200
            assert not server.lines[0].done.is_set()
            with pytest.warns(ResourceWarning, match="unclosed"):
                del own
            assert server.lines[0].done.wait(PATIENCE)
