"""The clients over real sockets: against the embedded KMS, and against servers with faults.

Each test runs over the synchronous client and over the asynchronous one under asyncio and under trio, unless
it says otherwise. What is waited for is bounded, and there is no network beyond loopback.
"""

import asyncio
import builtins
import gc
import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
import trio
from support.servers import (
    CREDENTIALS,
    KEY_ID,
    PATIENCE,
    TLS,
    USED,
    WAYS,
    Caller,
    ScriptedServer,
    ServedConnection,
    Way,
    answer,
    blurting,
    cut_off,
    dripping,
    error_body,
    forwarding,
    replying,
    resetting,
    silent,
)

from awskms_lite import AsyncKMSClient, KMSClient, errors
from awskms_lite.drivers.synchronous import Driver
from awskms_lite.identity import Credentials
from awskms_lite.local import LocalKMS
from awskms_lite.models.usage import UsageVerdict
from awskms_lite.pacing import Pacing
from awskms_lite.retry import RetryPolicy
from awskms_lite.transport import connections, pools, responses

# Where a body breaks off, httpx leaves generators behind that it alone could close, and trio says so.
UNCLOSED_GENERATORS = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
ONCE = RetryPolicy(max_attempts=1)
DRIPPED = answer(b"{" + b" " * 300 + b"}", headers={"X-Long": "x" * 300})
HEAD_LENGTH = DRIPPED.index(b"{")
LAST_USE = datetime(2026, 5, 1, 12, 0, 0, 123000, tzinfo=UTC)


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


def environ_of(server: ScriptedServer) -> dict[str, str]:
    return {
        "AWS_REGION": "us-east-2",
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
        "AWS_ENDPOINT_URL": server.url,
    }


def caller_for(way: Way, server: ScriptedServer, **options: Any) -> Caller:
    return way.client(**{"environ": environ_of(server), **options})


def unused_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class TestContract:
    """The same calls and answers, whichever client makes them and whatever it sends through."""

    @pytest.fixture(params=["own", "given", "beside a proxy"])
    def caller(
        self, request: pytest.FixtureRequest, way: Way, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch
    ) -> Caller:
        """Make a client that sends over its own connections, over a given client or beside a proxy."""
        if request.param == "own":
            return way.client(environ=kms.environ)
        if request.param == "given":
            return way.client(environ=kms.environ, http_client=way.http_client(trust_env=False))
        for name, value in {**kms.environ, "HTTPS_PROXY": "http://127.0.0.1:1"}.items():
            monkeypatch.setenv(name, value)  # for https only, and this KMS speaks http: no proxy is asked
        return way.client()

    def test_a_used_key(self, caller: Caller, kms: LocalKMS) -> None:
        """The last use comes back to the millisecond, with what identifies it in CloudTrail."""
        usage = caller.get_key_last_usage(kms.add_key(last_usage=LAST_USE, created=LAST_USE))
        assert usage.verdict is UsageVerdict.USED
        assert usage.key_last_usage is not None
        assert usage.key_last_usage.timestamp == LAST_USE
        assert usage.key_last_usage.operation == "Decrypt"
        assert usage.key_last_usage.cloud_trail_event_id
        assert usage.metadata.request_id
        assert usage.metadata.attempts == 1

    def test_the_other_verdicts(self, caller: Caller, kms: LocalKMS) -> None:
        """A key without a use is never used when tracking covers its life, and without record when not."""
        covered = caller.get_key_last_usage(kms.add_key())
        older = caller.get_key_last_usage(
            kms.add_key(created=LAST_USE - timedelta(days=900), tracking_start=LAST_USE)
        )
        assert (covered.verdict, older.verdict) == (UsageVerdict.NEVER_USED, UsageVerdict.NO_RECORD)
        assert covered.key_last_usage is older.key_last_usage is None

    def test_a_key_id_will_do(self, caller: Caller, kms: LocalKMS) -> None:
        """A key is found by its id as well as by its ARN."""
        key_id = kms.add_key().rpartition("/")[2]
        assert caller.get_key_last_usage(key_id).key_id == key_id

    def test_an_unknown_key(self, caller: Caller) -> None:
        """A key that does not exist is KMS's own error, with the id of the request."""
        with pytest.raises(errors.NotFoundException) as caught:
            caller.get_key_last_usage(KEY_ID)
        assert caught.value.request_id
        assert caught.value.request_id in str(caught.value)

    def test_a_key_of_another_account(self, caller: Caller, kms: LocalKMS) -> None:
        """Another account's key is asked for, and KMS refuses."""
        with pytest.raises(errors.AccessDeniedException, match="no resource-based policy"):
            caller.get_key_last_usage(kms.add_key(account_id="444455556666"))

    def test_many_calls_over_one_client(self, caller: Caller, kms: LocalKMS) -> None:
        """A client serves call after call, an error between them or not."""
        keys = [kms.add_key() for _ in range(3)]
        for key in keys:
            assert caller.get_key_last_usage(key).key_id == key.rpartition("/")[2]
            with pytest.raises(errors.NotFoundException):
                caller.get_key_last_usage(KEY_ID)


def test_a_wrong_secret_is_refused_by_the_service(way: Way, kms: LocalKMS) -> None:
    """The signature is checked for real: another secret gets InvalidSignatureException, and advice."""
    wrong = Credentials(kms.credentials.access_key_id, "another-secret")
    caller = way.client(environ=kms.environ, credentials=wrong)
    with pytest.raises(errors.InvalidSignatureException, match="Check the secret access key"):
        caller.get_key_last_usage(kms.add_key())


def test_a_session_token_is_signed(way: Way, kms: LocalKMS) -> None:
    """A session token goes out, and under the signature, or the service would refuse it."""
    given = kms.credentials
    with_token = Credentials(given.access_key_id, given.secret_access_key, "a/session/token==")
    caller = way.client(environ=kms.environ, credentials=with_token)
    assert caller.get_key_last_usage(kms.add_key()).verdict is UsageVerdict.NEVER_USED


class TestTLS:
    """Over https, with a certificate of the tests' own authority."""

    @pytest.fixture
    def kms(self, tls: TLS) -> Iterator[LocalKMS]:
        with LocalKMS(ssl_context=tls.server) as server:
            yield server

    def test_a_root_of_the_environment_is_trusted(
        self, way: Way, kms: LocalKMS, tls: TLS, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """SSL_CERT_FILE of this process names the authority, and calls succeed, connection after connection."""
        tls.write_root(str(tmp_path / "root.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))
        credentials = kms.credentials
        caller = way.client(region="us-east-1", credentials=credentials, endpoint_url=kms.endpoint_url)
        key = kms.add_key()
        for _ in range(2):
            assert caller.get_key_last_usage(key).verdict is UsageVerdict.NEVER_USED

    def test_a_given_client_brings_its_own_trust(self, way: Way, kms: LocalKMS, tls: TLS) -> None:
        """A given client's TLS context is the one that counts."""
        caller = way.client(environ=kms.environ, http_client=way.http_client(verify=tls.client))
        assert caller.get_key_last_usage(kms.add_key()).verdict is UsageVerdict.NEVER_USED

    @pytest.mark.parametrize("own", [True, False])
    def test_an_unknown_authority_is_not_trusted(self, way: Way, kms: LocalKMS, own: bool) -> None:
        """A certificate that nobody vouches for ends the call; the text says where to name the authority."""
        options = {} if own else {"http_client": way.http_client()}
        caller = way.client(environ=kms.environ, retry=ONCE, **options)
        with pytest.raises(errors.ConnectError, match=r"could not prove who it is .*AWS_CA_BUNDLE") as caught:
            caller.get_key_last_usage(KEY_ID)
        assert caught.value.__cause__ is caught.value.__context__ is None

    def test_a_name_that_is_not_the_servers_is_not_trusted(self, way: Way, kms: LocalKMS, tls: TLS) -> None:
        """A certificate of another host is not taken for this one's."""
        environ = {**kms.environ, "AWS_ENDPOINT_URL": kms.endpoint_url.replace("localhost", "127.0.0.1")}
        http_client = way.http_client(verify=tls.client)
        caller = way.client(environ=environ, http_client=http_client, retry=ONCE)
        with pytest.raises(errors.ConnectError, match="could not prove who it is"):
            caller.get_key_last_usage(KEY_ID)

    def test_http_spoken_to_a_tls_port_is_told(self, way: Way, kms: LocalKMS) -> None:
        """An http URL for an https server is a TransportError, not a riddle."""
        environ = {**kms.environ, "AWS_ENDPOINT_URL": kms.endpoint_url.replace("https", "http")}
        with pytest.raises(errors.TransportError, match="Try again; check proxies and firewalls on the way"):
            way.client(environ=environ, retry=ONCE).get_key_last_usage(KEY_ID)

    def test_https_spoken_to_a_plain_port_is_told(self, way: Way) -> None:
        """An https URL for an http server is a ConnectError."""
        with ScriptedServer(blurting(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
            environ = {**environ_of(server), "AWS_ENDPOINT_URL": server.url.replace("http", "https")}
            with pytest.raises(errors.ConnectError, match="No connection to https://"):
                way.client(environ=environ, retry=ONCE).get_key_last_usage(KEY_ID)


class TestMisbehaviour:
    """Each way that a server or the way to it can fail is one clear error."""

    @pytest.mark.parametrize(
        ("script", "error", "telling"),
        [
            (cut_off(), errors.TransportError, "broke off .* Try again"),
            (resetting(), errors.TransportError, "broke off"),
            (cut_off(answer(length=500)), errors.TransportError, "broke off"),
            (resetting(answer(length=500)), errors.TransportError, "broke off"),
            (cut_off(b"HTTP/1.1 200 O"), errors.TransportError, "broke off"),
            (cut_off(b"SSH-2.0-OpenSSH_9.6\r\n"), errors.TransportError, "check proxies and firewalls on the way"),
            (replying(answer(b'{"KeyId":"12')), errors.ProtocolError, "no JSON.*no proxy rewrites"),
            (
                replying(answer(b"", 500)),
                errors.ServiceError,
                r"^500 \(GetKeyLastUsage, HTTP 500\). This may pass: try again later. No error code: a proxy",
            ),
            (
                replying(answer(b"<h1>no</h1>", 403)),
                errors.ServiceError,
                r"^403 \(GetKeyLastUsage, HTTP 403\). .*a proxy",
            ),
            (replying(answer(b"x" * (responses.MAX_BODY + 1))), errors.ProtocolError, "over 1048576 bytes"),
        ],
    )
    @pytest.mark.parametrize("own", [True, False])
    def test_each_failure_has_its_error(
        self, way: Way, script: Any, error: type[Exception], telling: str, own: bool
    ) -> None:
        """A connection that breaks off, an answer that is none or too long: told apart, with advice."""
        options = {} if own else {"http_client": way.http_client(trust_env=False)}
        with ScriptedServer(script) as server:
            with pytest.raises(error, match=telling) as caught:
                caller_for(way, server, retry=ONCE, **options).get_key_last_usage(KEY_ID)
            assert len(server.requests) == 1
        assert type(caught.value) is error
        if isinstance(caught.value, errors.TransportError):
            assert caught.value.__cause__ is caught.value.__context__ is None

    @UNCLOSED_GENERATORS
    def test_an_answer_without_length_is_refused_when_it_grows_too_long(self, way: Way) -> None:
        """A body that comes in chunks is cut off at the limit, before its end is known."""
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

        def endless(line: ServedConnection) -> None:
            line.request()
            line.send(head)
            while not line.ended_by_client.is_set() and line.send(chunk):
                pass

        with ScriptedServer(endless) as server:
            with pytest.raises(errors.ProtocolError, match="over 1048576 bytes"):
                caller_for(way, server).get_key_last_usage(KEY_ID)
            gc.collect()

    @pytest.mark.parametrize("script", [cut_off(), resetting(), resetting(answer(length=500)), cut_off(b"HTTP/")])
    def test_a_broken_connection_is_replaced(self, way: Way, script: Any) -> None:
        """The attempt after a broken one goes over a new connection, and succeeds."""
        with ScriptedServer(script, replying(answer())) as server:
            usage = caller_for(way, server).get_key_last_usage(KEY_ID)
            assert usage.metadata.attempts == server.connections == 2
        assert way.pauses == [0.05]

    def test_nobody_listens(self, way: Way) -> None:
        """A port where nobody listens is a ConnectError after the attempts are used up."""
        environ = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{unused_port()}", "AWS_REGION": "us-east-2"}
        with pytest.raises(errors.ConnectError, match=r"No connection to http://127.* Check the endpoint"):
            way.client(environ=environ, credentials=CREDENTIALS).get_key_last_usage(KEY_ID)
        assert way.pauses == [0.05, 0.1]

    @pytest.mark.parametrize("host", ["kms..invalid", "a" * 64 + ".invalid", "kms.invalid"])
    def test_a_host_that_cannot_be(self, way: Way, host: str) -> None:
        """A host name that does not exist, or cannot, is an error of ours that names it."""
        with pytest.raises((errors.ConnectError, errors.ConfigurationError)) as caught:
            way.client(
                environ={"AWS_ENDPOINT_URL": f"http://{host}", "AWS_REGION": "us-east-2"},
                credentials=CREDENTIALS,
                retry=ONCE,
            ).get_key_last_usage(KEY_ID)
        assert "endpoint" in str(caught.value)

    @pytest.mark.parametrize("own", [True, False])
    def test_a_server_that_never_answers(self, way: Way, own: bool) -> None:
        """Silence ends with the read timeout, as a TimeoutError that is the builtin one too."""
        options = {} if own else {"http_client": way.http_client(trust_env=False)}
        with ScriptedServer(silent) as server:
            caller = caller_for(way, server, read_timeout=0.1, retry=ONCE, **options)
            with pytest.raises(errors.TimeoutError, match="allow a longer read_timeout") as caught:
                caller.get_key_last_usage(KEY_ID)
        assert isinstance(caught.value, builtins.TimeoutError)
        assert not isinstance(caught.value, errors.ConnectError)

    def test_a_given_client_keeps_its_own_read_timeout(self, way: Way) -> None:
        """Without a read_timeout of ours, the given client's ends the silence."""
        with ScriptedServer(silent) as server:
            http_client = way.http_client(timeout=httpx.Timeout(PATIENCE, read=0.1), trust_env=False)
            caller = caller_for(way, server, http_client=http_client, retry=ONCE)
            with pytest.raises(errors.TimeoutError, match="ReadTimeout"):
                caller.get_key_last_usage(KEY_ID)

    @pytest.mark.parametrize("at_once", [0, HEAD_LENGTH], ids=["head", "body"])
    def test_a_server_that_drips(self, way: Way, at_once: int) -> None:
        """A byte now and then does not keep a call alive beyond its time, in the head or in the body."""
        with ScriptedServer(dripping(DRIPPED, every=0.02, at_once=at_once)) as server:
            with pytest.raises(errors.TimeoutError) as caught:
                caller_for(way, server).get_key_last_usage(KEY_ID, timeout=0.25)
            assert server.lines[0].ended_by_client.wait(PATIENCE)
            assert server.lines[0].sent < at_once + HEAD_LENGTH, "the call outlived its time"
            assert server.connections == 1
        assert isinstance(caught.value, builtins.TimeoutError)

    @pytest.mark.parametrize(
        ("secure", "at_once"),
        [(False, 0), (False, HEAD_LENGTH), (True, 0)],
        ids=["head", "body", "head over TLS"],
    )
    def test_an_attempt_ends_by_itself(
        self, way: Way, secure: bool, at_once: int, tls: TLS, tmp_path: Path
    ) -> None:
        """Without a timeout of the call too, a server that drips is left after connect and read timeout together.

        What becomes of the call is for its retries to say.
        """
        tls.write_root(str(tmp_path / "root.pem"))
        drip, context = dripping(DRIPPED, every=0.02, at_once=at_once), tls.server if secure else None
        with ScriptedServer(drip, replying(answer()), ssl_context=context) as server:
            environ = {**environ_of(server), "AWS_CA_BUNDLE": str(tmp_path / "root.pem")}
            caller = way.client(environ=environ, connect_timeout=0.3, read_timeout=0.3)
            usage = caller.get_key_last_usage(KEY_ID)
            assert usage.metadata.attempts == server.connections == 2
            assert server.lines[0].sent < at_once + HEAD_LENGTH, "the attempt outlived its time"

    def test_a_given_client_bounds_each_read_as_it_does(self, way: Way) -> None:
        """A given client's timeouts keep httpx's own meaning: many small pieces may take longer than both."""
        drip = dripping(answer(), every=0.01, at_once=len(answer()) - 60)
        with ScriptedServer(drip) as server:
            http_client = way.http_client(timeout=httpx.Timeout(PATIENCE, connect=0.1, read=0.4), trust_env=False)
            caller = caller_for(way, server, http_client=http_client, retry=ONCE)
            assert caller.get_key_last_usage(KEY_ID).verdict is UsageVerdict.USED

    def test_silence_ends_with_the_call(self, way: Way) -> None:
        """The time of a call cuts a longer read timeout short, and no retry is begun after it."""
        with ScriptedServer(silent) as server:
            with pytest.raises(errors.TimeoutError):
                caller_for(way, server, timeout=0.2).get_key_last_usage(KEY_ID)
            assert server.connections == 1


class TestRedirects:
    """A signed request goes where it was signed for, and nowhere else."""

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    @pytest.mark.parametrize("own", [True, False])
    def test_redirects_are_not_followed(self, way: Way, status: int, own: bool) -> None:
        """A redirect is an error with its status; the place it names sees nothing, whatever the client."""
        options = {} if own else {"http_client": way.http_client(follow_redirects=True, trust_env=False)}
        with ScriptedServer(replying(answer())) as elsewhere:
            moved = replying(answer(b"", status, headers={"Location": elsewhere.url}))
            with ScriptedServer(moved) as server:
                with pytest.raises(errors.ServiceError) as caught:
                    caller_for(way, server, **options).get_key_last_usage(KEY_ID)
                assert caught.value.status_code == status
                assert len(server.requests) == 1
            assert elsewhere.connections == 0

    def test_the_auth_of_a_given_client_is_left_out(self, way: Way) -> None:
        """A given client's own user and password do not replace the signature."""
        with ScriptedServer(replying(answer())) as server:
            http_client = way.http_client(auth=("user", "password"), trust_env=False)
            caller_for(way, server, http_client=http_client).get_key_last_usage(KEY_ID)
            (request,) = server.requests
        assert b"\r\nauthorization: aws4-hmac-sha256 " in request.lower()
        assert b"basic" not in request.lower()


class TestProxies:
    """The proxy variables of this process count when its environment is the client's."""

    def test_a_proxy_of_the_environment_is_used(
        self, way: Way, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With os.environ as its environment a client sends through HTTP_PROXY, and the signature holds."""
        with ScriptedServer(forwarding) as proxy:
            for name, value in {**kms.environ, "HTTP_PROXY": proxy.url}.items():
                monkeypatch.setenv(name, value)
            caller = way.client()
            key = kms.add_key()
            assert caller.get_key_last_usage(key).verdict is UsageVerdict.NEVER_USED
            (request,) = proxy.requests
        assert request.startswith(b"POST " + kms.endpoint_url.encode())

    def test_no_proxy_goes_before(self, way: Way, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """A host that NO_PROXY names is asked without the proxy."""
        with ScriptedServer(forwarding) as proxy:
            for name, value in {**kms.environ, "HTTP_PROXY": proxy.url, "NO_PROXY": "127.0.0.1"}.items():
                monkeypatch.setenv(name, value)
            assert way.client().get_key_last_usage(kms.add_key()).verdict is UsageVerdict.NEVER_USED
            assert proxy.connections == 0

    def test_a_mapping_of_ones_own_means_no_proxy(
        self, way: Way, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With another mapping no proxy is used, neither this process's nor one that the mapping names."""
        with ScriptedServer(forwarding) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            caller = way.client(environ={**kms.environ, "HTTP_PROXY": proxy.url})
            assert caller.get_key_last_usage(kms.add_key()).verdict is UsageVerdict.NEVER_USED
            assert proxy.connections == 0

    def test_a_proxy_that_is_not_there(self, way: Way, kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that does not answer is a ConnectError that says to look at it."""
        proxy = f"http://127.0.0.1:{unused_port()}"
        for name, value in {**kms.environ, "HTTP_PROXY": proxy}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(errors.ConnectError, match=r"to the proxy .* \(HTTP_PROXY\)"):
            way.client(retry=ONCE).get_key_last_usage(KEY_ID)


class TestConnections:
    """How connections are kept, shared and ended."""

    def test_a_connection_is_used_again(self, way: Way) -> None:
        """Call after call goes over one connection, errors included."""
        with ScriptedServer(replying(answer(), answer(error_body("NotFoundException"), 400), answer())) as server:
            caller = caller_for(way, server)
            caller.get_key_last_usage(KEY_ID)
            with pytest.raises(errors.NotFoundException):
                caller.get_key_last_usage(KEY_ID)
            caller.get_key_last_usage(KEY_ID)
            assert (len(server.requests), server.connections) == (3, 1)

    @pytest.mark.parametrize("parted", [True, False])
    @pytest.mark.parametrize("surplus", [b"}", answer(b'{"KeyId":"of nobody"}')])
    def test_what_comes_behind_an_answer_is_nobodys(self, way: Way, surplus: bytes, parted: bool) -> None:
        """A second answer to one request is not taken for that to the next; the connection is not used again."""

        def too_much(line: ServedConnection) -> None:
            line.request()
            if parted:  # the head by itself, and the rest in one piece with what is too much
                head, _, body = answer().partition(b"\r\n\r\n")
                line.send(head + b"\r\n\r\n")
                line.pause(0.01)
                line.send(body + surplus)
            else:
                line.send(answer() + surplus)
            line.wait_for_end()

        with ScriptedServer(too_much, replying(answer())) as server:
            caller = caller_for(way, server)
            assert [caller.get_key_last_usage(KEY_ID).key_id for _ in range(3)] == [KEY_ID] * 3
            assert server.connections == 2

    def test_an_answer_of_unknown_length_ends_its_connection(self, way: Way) -> None:
        """Where an answer does not say how long it is, nobody can tell what came behind it."""
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunked = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(USED), USED)
        with ScriptedServer(replying(chunked)) as server:
            caller = caller_for(way, server)
            assert [caller.get_key_last_usage(KEY_ID).key_id for _ in range(2)] == [KEY_ID] * 2
            assert server.connections == 2

    def test_a_connection_that_the_server_ended_is_replaced_unnoticed(self, way: Way) -> None:
        """An idle connection that the server has left is not used for the next call: no attempt is lost."""
        with ScriptedServer(cut_off(answer()), replying(answer())) as server:
            caller = caller_for(way, server)
            caller.get_key_last_usage(KEY_ID)
            assert server.lines[0].done.wait(PATIENCE)
            assert caller.get_key_last_usage(KEY_ID).metadata.attempts == 1
            assert server.connections == 2

    def test_close_ends_idle_connections(self, way: Way) -> None:
        """At the end of a client the server sees its connections end; again does nothing."""
        with ScriptedServer(replying(answer())) as server:
            caller = caller_for(way, server)
            caller.get_key_last_usage(KEY_ID)
            assert not server.lines[0].ended_by_client.is_set()
            caller.close()
            caller.close()
            assert server.lines[0].ended_by_client.wait(PATIENCE)
            with pytest.raises(errors.ClosedError):
                caller.get_key_last_usage(KEY_ID)

    def test_a_given_client_stays_open(self, way: Way, kms: LocalKMS) -> None:
        """At the end of ours, a given client is still its owner's: open, and good for another of ours."""
        http_client = way.http_client(trust_env=False)
        key = kms.add_key()
        for _ in range(2):
            caller = way.client(environ=kms.environ, http_client=http_client)
            caller.get_key_last_usage(key)
            caller.close()
            assert not http_client.is_closed

    def test_a_closed_http_client_is_told(self, way: Way, kms: LocalKMS) -> None:
        """A given client that was closed before the call is a ClosedError, and not tried again."""
        http_client = way.http_client(trust_env=False)
        caller = way.client(environ=kms.environ, http_client=http_client)
        way.close_http(http_client)
        with pytest.raises(errors.ClosedError, match="http_client given to this client is closed"):
            caller.get_key_last_usage(KEY_ID)
        assert way.pauses == []

    def test_old_connections_are_closed(self, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of some idle connections, those that waited for too long are closed when one gets idle again."""
        now = -1000.0  # before any time that a machine counts from its start: no deadline is passed by it
        monkeypatch.setattr(pools, "monotonic", lambda: now)
        together = threading.Barrier(3)

        def meeting(line: ServedConnection) -> None:
            if line.request() is not None:
                together.wait(PATIENCE)  # answers only when all calls are there, so none waits for another
                line.send(answer())
            replying(answer())(line)

        with ScriptedServer(meeting) as server, ThreadPoolExecutor(3) as pool:
            caller = caller_for(way, server)
            list(pool.map(caller.get_key_last_usage, [KEY_ID] * 3))
            assert server.connections == 3
            now += connections.KEEP_ALIVE - 1
            caller.get_key_last_usage(KEY_ID)
            assert not any(line.ended_by_client.is_set() for line in server.lines)
            now += 2
            caller.get_key_last_usage(KEY_ID)
            old = [line for line in server.lines if line.requests == 1]
            assert len(old) == 2
            assert all(line.ended_by_client.wait(PATIENCE) for line in old)
            caller.get_key_last_usage(KEY_ID)
            assert server.connections == 3

    def test_a_call_under_way_at_the_end_keeps_no_connection(self, way: Way) -> None:
        """Closing a client lets a call under way finish, and its connection ends with it."""
        asked, go_on = threading.Event(), threading.Event()

        def slow(line: ServedConnection) -> None:
            line.request()
            asked.set()
            assert go_on.wait(PATIENCE)
            line.send(answer())
            line.wait_for_end()

        with ScriptedServer(slow) as server, ThreadPoolExecutor(1) as pool:
            caller = caller_for(way, server)
            under_way = pool.submit(caller.get_key_last_usage, KEY_ID)
            assert asked.wait(PATIENCE)
            caller.close()
            go_on.set()
            assert under_way.result(PATIENCE).verdict is UsageVerdict.USED
            assert server.lines[0].ended_by_client.wait(PATIENCE)


def run_in_new_loop(name: str, function: Callable[[], Any]) -> Any:
    """Call an asynchronous function in an event loop of its own, which ends with it."""
    return asyncio.run(function()) if name == "asyncio" else trio.run(function)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a loop that has ended cannot close its sockets
@pytest.mark.parametrize("loops", [("asyncio", "asyncio"), ("trio", "trio"), ("asyncio", "trio", "asyncio")])
def test_a_client_serves_one_event_loop_after_another(kms: LocalKMS, loops: tuple[str, ...]) -> None:
    """A client outlives its event loop: in the next one it makes connections anew."""
    key = kms.add_key()
    client = AsyncKMSClient(environ=kms.environ)

    async def twice() -> list[UsageVerdict]:
        return [(await client.get_key_last_usage(key)).verdict for _ in range(2)]

    for name in loops:
        assert run_in_new_loop(name, twice) == [UsageVerdict.NEVER_USED] * 2
    run_in_new_loop(loops[-1], client.aclose)
    with pytest.raises(errors.ClosedError):
        run_in_new_loop(loops[0], twice)
    gc.collect()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a loop that has ended cannot close its sockets
@pytest.mark.parametrize("name", ["asyncio", "trio"])
def test_the_connections_of_an_ended_loop_are_let_go(name: str) -> None:
    """A client that serves loop after loop does not gather the connections of those that ended."""
    with ScriptedServer(replying(answer())) as server:
        client = AsyncKMSClient(environ=environ_of(server))

        async def once() -> None:
            await client.get_key_last_usage(KEY_ID)

        for _ in range(3):
            run_in_new_loop(name, once)
            gc.collect()
        assert [line.ended_by_client.wait(1.0) for line in server.lines[:-1]] == [True, True]
        run_in_new_loop(name, client.aclose)
        gc.collect()


def told_by_fork(function: Callable[[], str]) -> str:
    """Run the function in a fork of this process; return what it returns, or what became of it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, function().encode())
        except BaseException as error:  # noqa: BLE001 - nothing may go on in the child
            os.write(writer, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        readable, _, _ = select.select([pipe], [], [], PATIENCE)
        told = pipe.read().decode() if readable else "nothing"
    if not readable:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return told


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # the server's threads are not the child's
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a loop that has ended cannot close its sockets
class TestFork:
    """A client in the child of a fork, made and used before it."""

    @pytest.fixture(params=WAYS)
    def uses(self, request: pytest.FixtureRequest) -> Iterator[tuple[ScriptedServer, Callable[[], str], Any]]:
        """Yield a server, a call of one client that has been made before, and how to close the client."""
        name = request.param
        with ScriptedServer(replying(answer())) as server:
            if name == "sync":
                plain = KMSClient(environ=environ_of(server))
                call: Callable[[], str] = lambda: plain.get_key_last_usage(KEY_ID).verdict  # noqa: E731
                close: Callable[[], object] = plain.close
            else:
                client = AsyncKMSClient(environ=environ_of(server))
                get = partial(client.get_key_last_usage, KEY_ID)
                call = lambda: run_in_new_loop(name, get).verdict  # noqa: E731
                close = partial(run_in_new_loop, name, client.aclose)
            assert call() == "used"
            yield server, call, close
            close()
        gc.collect()

    def test_the_child_makes_connections_of_its_own(
        self, uses: tuple[ScriptedServer, Callable[[], str], Any]
    ) -> None:
        """The child's first call goes over a new connection, and its next over that; the parent goes on."""
        server, call, _ = uses
        before = server.connections
        assert told_by_fork(lambda: f"{call()}, {call()}") == "used, used"
        assert server.connections > before
        assert call() == "used"
        assert len(server.requests) == 4

    def test_a_client_closed_in_the_child_is_open_in_the_parent(
        self, uses: tuple[ScriptedServer, Callable[[], str], Any]
    ) -> None:
        """Closing in the child is the child's affair."""
        server, call, close = uses

        def close_then_call() -> str:
            close()
            try:
                return call()
            except errors.ClosedError:
                return "closed"

        assert told_by_fork(close_then_call) == "closed"
        assert call() == "used"
        assert len(server.requests) == 2

    @pytest.mark.parametrize("name", WAYS)
    def test_a_given_client_that_was_used_is_refused(self, name: str) -> None:
        """Its connections are the parent's, where the answers to the child could arrive; the parent goes on."""
        with ScriptedServer(replying(answer())) as server:
            given: Any = (httpx.Client if name == "sync" else httpx.AsyncClient)(trust_env=False)
            client: Any = (KMSClient if name == "sync" else AsyncKMSClient)(
                environ=environ_of(server), http_client=given
            )

            def call(client: Any = client) -> str:
                get = partial(client.get_key_last_usage, KEY_ID)
                try:
                    return str((get() if name == "sync" else run_in_new_loop(name, get)).verdict)
                except errors.ClosedError as error:
                    return str(error)

            assert told_by_fork(call) == call() == "used"  # before it is used it has no connections to share
            assert "make a new http_client, and a new client, in the child process" in told_by_fork(call)
            assert call() == "used"
            other: Any = type(client)(environ=environ_of(server), http_client=given)  # which sent nothing itself
            assert "make a new http_client" in told_by_fork(partial(call, other))
            if name == "sync":
                given.close()
            del given, client, call, other
            gc.collect()  # here, where the warnings about the sockets of an ended loop are expected

    @pytest.mark.parametrize("uses", ["sync"], indirect=True)
    def test_the_parent_keeps_its_connection(self, uses: tuple[ScriptedServer, Callable[[], str], Any]) -> None:
        """What the child does costs the parent no connection."""
        server, call, _ = uses
        assert told_by_fork(call) == "used"
        assert call() == "used"
        assert server.connections == 2

    @pytest.mark.parametrize("name", ["quota", "pace", "shared pace", "driver", "routes", "exclusive"])
    def test_a_lock_that_was_held_is_free_in_the_child(self, name: str) -> None:
        """Whatever another thread was about when the process forked, the child's calls go on."""
        with ScriptedServer(replying(answer())) as server:
            policy = RetryPolicy(mode="adaptive")
            client = KMSClient(environ=environ_of(server), pacing=Pacing(), retry=policy)
            paces = client._state.rate_limiters
            assert paces is not None
            pace, shared = paces.for_operation("GetKeyLastUsage")
            driver = client._driver
            assert isinstance(driver, Driver)
            locks = {
                "quota": client._state.quota._lock,
                "pace": pace._lock,
                "shared pace": shared._lock,
                "driver": driver._lock,
                "routes": driver._routes._lock,
                "exclusive": driver._locks[client._state.credentials],
            }
            with locks[name]:
                told = told_by_fork(lambda: client.get_key_last_usage(KEY_ID).verdict)
            assert told == "used"
            client.close()


def test_the_default_timeouts_are_those_of_the_contract(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a given client an attempt has 3 s to connect and 10 s to read, or what the arguments say."""
    seen: list[object] = []

    def handle(request: httpcore.Request) -> httpcore.Response:
        timeouts = request.extensions["timeout"]
        seen.append([timeouts[phase] for phase in ("connect", "read", "write")])
        return httpcore.Response(200, content=USED)

    async def handle_async(self: object, request: httpcore.Request) -> httpcore.Response:
        return handle(request)

    monkeypatch.setattr(httpcore.HTTPConnection, "handle_request", lambda self, request: handle(request))
    monkeypatch.setattr(httpcore.AsyncHTTPConnection, "handle_async_request", handle_async)
    options = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": {}}
    way.client(**options).get_key_last_usage(KEY_ID)
    way.client(**options, connect_timeout=1, read_timeout=2).get_key_last_usage(KEY_ID)
    assert seen == [[3.0, 10.0, 10.0], [1, 2, 2]]
