"""The way to KMS: which proxy applies, whom each hop is trusted by, and which of them an error is about."""

import re
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.servers import (
    CREDENTIALS,
    KEY_ID,
    PATIENCE,
    TLS,
    Script,
    ScriptedServer,
    ServedConnection,
    Way,
    answer,
    cut_off,
    dripping,
    forwarding,
    replying,
    resetting,
    silent,
    tunnelling,
)

from awskms_lite import errors, transport
from awskms_lite.retry import RetryPolicy
from awskms_lite.transport import Timeouts, proxy_of

ONCE = RetryPolicy(max_attempts=1)
DRIPPED = answer(b"{" + b" " * 300 + b"}", headers={"X-Long": "x" * 300})
HEAD_LENGTH = DRIPPED.index(b"{")
NOBODY = "http://127.0.0.1:9"
UNUSABLE = "socks://127.0.0.1:9/"


def ask(way: Way, url: str, monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    """Make a call under these variables of the process, to a server at that URL."""
    settings = {
        "AWS_REGION": "us-east-2",
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
    }
    for name, value in {**settings, **variables}.items():
        monkeypatch.setenv(name, value)
    return way.client(endpoint_url=url, retry=ONCE).get_key_last_usage(KEY_ID)


@pytest.mark.parametrize(
    "exempt",
    [
        "127.0.0.1",
        "127.0.0.1,fe80::/10",
        "fe80::/10,127.0.0.1",
        "localhost,127.0.0.1,[::1]",
        "host:*,127.0.0.1",
        "10.0.0.0/8, 127.0.0.1",
        "exa mple,127.0.0.1",
        "*",
        "127.0.0.1:{port}",
        ".0.0.1",
    ],
)
@pytest.mark.parametrize("proxy", [NOBODY, UNUSABLE, "http://[", "not a URL"])
def test_an_exempt_host_is_reached_whatever_else_is_set(
    way: Way, monkeypatch: pytest.MonkeyPatch, exempt: str, proxy: str
) -> None:
    """Where NO_PROXY names the host, nobody looks at the proxies, nor at names that stand for nothing."""
    with ScriptedServer(replying(answer())) as server:
        variables = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy)
        variables["NO_PROXY"] = exempt.format(port=server.port)
        assert ask(way, server.url, monkeypatch, **variables).key_id == KEY_ID


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_that_does_not_apply_may_be_unusable(
    way: Way, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Only the one proxy that applies to a URL is used; a mistake in another variable costs nothing."""
    with ScriptedServer(forwarding) as proxy, ScriptedServer(replying(answer())) as server:
        variables = {
            "HTTP_PROXY": f"{scheme}127.0.0.1:{proxy.port}",
            "HTTPS_PROXY": UNUSABLE,
            "ALL_PROXY": UNUSABLE,
        }
        assert ask(way, server.url, monkeypatch, **variables).key_id == KEY_ID
        assert proxy.connections == 1


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("url", [UNUSABLE, "ftp://user:pass-of-the-proxy@127.0.0.1", "http://127.0.0.1:port"])
def test_the_variable_at_fault_is_named(
    way: Way, monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    """A proxy that applies and cannot be used is told by the variable that names it, without its password."""
    with pytest.raises(errors.ConfigurationError, match=f"the proxy that {variable} names") as caught:
        ask(way, "http://kms.test", monkeypatch, **{variable: url})
    assert "pass-of-the-proxy" not in str(caught.value)


class TestProxyOverTLS:
    """A proxy at an https URL, held to the same roots as KMS."""

    def test_the_bundle_counts_for_the_proxy(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path
    ) -> None:
        """AWS_CA_BUNDLE vouches for it."""
        tls.write_root(str(tmp_path / "root.pem"))
        with (
            ScriptedServer(forwarding, ssl_context=tls.server) as proxy,
            ScriptedServer(replying(answer())) as server,
        ):
            variables = {"HTTP_PROXY": proxy.url, "AWS_CA_BUNDLE": str(tmp_path / "root.pem")}
            assert ask(way, server.url, monkeypatch, **variables).key_id == KEY_ID

    def test_a_proxy_nobody_vouches_for_is_named(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS
    ) -> None:
        """Without its root the error is about the proxy and its variable, and not about KMS."""
        with ScriptedServer(forwarding, ssl_context=tls.server) as proxy:
            with pytest.raises(
                errors.ConnectError, match=r"the proxy https://localhost:\d+ \(HTTP_PROXY\)"
            ) as caught:
                ask(way, "http://kms.test", monkeypatch, HTTP_PROXY=proxy.url)
            assert "kms.test" not in str(caught.value)
            assert not caught.value.retryable


def leaving(line: ServedConnection) -> None:
    """Agree to every tunnel, and leave where it should begin."""
    line.request()
    line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    line.wait_for_bytes()


class TestHops:
    """Which part of the way an error is about."""

    def test_a_proxy_that_refuses(self, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that wants a password is told with its status."""
        refusal = b"HTTP/1.1 407 who are you\r\nContent-Length: 0\r\n\r\n"
        with (
            ScriptedServer(replying(refusal)) as proxy,
            pytest.raises(errors.ConnectError, match=r"the proxy .* \(HTTPS_PROXY\) \(ProxyError: 407\)"),
        ):
            ask(way, "https://kms.test", monkeypatch, HTTPS_PROXY=proxy.url)

    def test_what_fails_behind_the_proxy(self, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
        """Once the proxy has done its part the error names the host behind it."""
        with (
            ScriptedServer(leaving) as proxy,
            pytest.raises(errors.TransportError, match=r"https://kms\.test") as caught,
        ):
            ask(way, "https://kms.test", monkeypatch, HTTPS_PROXY=proxy.url)
        assert "the proxy http" not in str(caught.value)


@pytest.mark.parametrize("script", [cut_off(answer(length=500)), resetting(answer(length=500)), silent])
def test_an_answer_that_breaks_off_behind_a_proxy(
    way: Way, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    """Whatever ends an answer that a proxy brings is a TransportError like any other."""
    for name, value in {"HTTP_PROXY": "", "AWS_REGION": "us-east-2"}.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer(script) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        options = {
            "credentials": CREDENTIALS,
            "endpoint_url": "http://kms.test",
            "retry": ONCE,
            "read_timeout": 0.3,
        }
        with pytest.raises(errors.TransportError):
            way.client(**options).get_key_last_usage(KEY_ID)


def storming(line: ServedConnection) -> None:
    """Send interim responses after the request until the client leaves."""
    line.request()
    while line.pause(0) and line.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 50):
        pass


class TestDeadlines:
    """A call through a proxy keeps to its time as any other does."""

    @pytest.fixture(params=["forward", "tunnel", "tunnel within TLS"])
    def ask_through(
        self,
        request: pytest.FixtureRequest,
        way: Way,
        monkeypatch: pytest.MonkeyPatch,
        tls: TLS,
        tmp_path: Path,
    ) -> Iterator[Any]:
        """Yield a function that makes a client with a proxy, behind which connections follow the scripts."""
        tls.write_root(str(tmp_path / "root.pem"))
        with ExitStack() as stack:

            def make(*scripts: Script, **options: Any) -> tuple[Any, ScriptedServer]:
                through = scripts
                if request.param != "forward":
                    through = tuple(tunnelling(tls.server, script) for script in scripts)
                context = tls.server if request.param == "tunnel within TLS" else None
                proxy = stack.enter_context(ScriptedServer(*through, ssl_context=context))
                scheme = "http" if request.param == "forward" else "https"
                monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy.url)
                monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "root.pem"))
                given = {"region": "us-east-2", "credentials": CREDENTIALS, **options}
                return way.client(endpoint_url=f"{scheme}://localhost", **given), proxy

            yield make

    @pytest.mark.parametrize("at_once", [0, HEAD_LENGTH], ids=["head", "body"])
    def test_a_response_that_drips(self, ask_through: Any, at_once: int) -> None:
        """A byte now and then does not keep a call alive beyond its time."""
        caller, proxy = ask_through(dripping(DRIPPED, every=0.02, at_once=at_once))
        with pytest.raises(errors.TimeoutError):
            caller.get_key_last_usage(KEY_ID, timeout=0.5)
        assert proxy.lines[0].ended_by_client.wait(PATIENCE)
        assert proxy.lines[0].sent < at_once + HEAD_LENGTH, "the call outlived its time"

    def test_an_attempt_ends_by_itself(self, ask_through: Any) -> None:
        """Without a timeout of the call, an attempt ends after connect and read timeout together."""
        drip = dripping(DRIPPED, every=0.02)
        caller, proxy = ask_through(drip, replying(answer()), connect_timeout=0.4, read_timeout=0.4)
        assert caller.get_key_last_usage(KEY_ID).metadata.attempts == proxy.connections == 2
        assert proxy.lines[0].sent < HEAD_LENGTH, "the attempt outlived its time"

    def test_interim_responses_without_end(self, ask_through: Any) -> None:
        """They end the call at once."""
        caller, proxy = ask_through(storming, retry=ONCE)
        with pytest.raises(errors.ProtocolError, match="came without end"):
            caller.get_key_last_usage(KEY_ID)
        assert proxy.lines[0].ended_by_client.wait(PATIENCE)

    def test_a_connection_is_used_again(self, ask_through: Any) -> None:
        """Call after call goes over one connection, and none over one that has more than the response."""
        caller, proxy = ask_through(replying(answer(), answer() + b"}"))
        for _ in range(3):
            assert caller.get_key_last_usage(KEY_ID).key_id == KEY_ID
        assert proxy.connections == 2


def test_a_proxy_that_drips(way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path) -> None:
    """What a proxy says before it opens a tunnel is part of the call's time too."""
    tls.write_root(str(tmp_path / "root.pem"))
    with ScriptedServer(dripping(DRIPPED, every=0.02)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "root.pem"))
        caller = way.client(region="us-east-2", credentials=CREDENTIALS)
        with pytest.raises(errors.TimeoutError):
            caller.get_key_last_usage(KEY_ID, timeout=0.5)
        assert proxy.lines[0].ended_by_client.wait(PATIENCE)
        assert proxy.lines[0].sent < HEAD_LENGTH, "the call outlived its time"


@pytest.mark.parametrize("url", ["http://user:pa/ss@proxy.test:1", "http://user:pa]ss@proxy.test:1"])
def test_no_part_of_a_password_is_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """What stands before the last @ is nobody's business, whatever it is made of."""
    monkeypatch.setenv("HTTPS_PROXY", url)
    assert str(proxy_of("https://kms.test")).lower() == "http://proxy.test:1"


def old_root(path: Path) -> ssl.SSLContext:
    """Write a root as companies made them: not marked critical, and without key usage or identifiers."""
    now = datetime.now(UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Old Root", "localhost")]

    def certificate(subject: int, *extensions: x509.ExtensionType) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[subject])
            .issuer_name(names[0])
            .public_key(keys[subject].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(keys[0], hashes.SHA256())

    root = certificate(0, x509.BasicConstraints(ca=True, path_length=None))
    own = certificate(1, x509.SubjectAlternativeName([x509.DNSName("localhost")]))
    (path / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = keys[1].private_bytes(serialization.Encoding.PEM, *plain)
    (path / "own.pem").write_bytes(key + own.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path / "own.pem")
    return context


class TestRoots:
    """Whom a user trusts is trusted, and a refusal says what to do."""

    @pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_an_old_root_that_the_user_names_is_trusted(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
    ) -> None:
        """Python 3.13 is stricter with roots than OpenSSL; one that the user names need not be so modern."""
        with ScriptedServer(replying(answer()), ssl_context=old_root(tmp_path)) as server:
            variables = {variable: str(tmp_path / "root.pem")}
            assert ask(way, server.url, monkeypatch, **variables).key_id == KEY_ID

    def test_a_root_that_is_missing_is_asked_for_once(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path
    ) -> None:
        """The certificate stays what it is, so nothing is tried again, and the advice fits what is set."""
        old_root(tmp_path)
        with ScriptedServer(replying(answer()), ssl_context=tls.server) as server:
            options = {"region": "us-east-2", "credentials": CREDENTIALS, "endpoint_url": server.url}
            with pytest.raises(errors.ConnectError, match="in AWS_CA_BUNDLE"):
                way.client(**options).get_key_last_usage(KEY_ID)
            assert server.connections == 1
            path = str(tmp_path / "root.pem")
            monkeypatch.setenv("AWS_CA_BUNDLE", path)
            with pytest.raises(errors.ConnectError, match=r"No root in .*root\.pem' vouches"):
                way.client(**options).get_key_last_usage(KEY_ID)
            assert way.pauses == []

    def test_a_certificate_of_another_host(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path
    ) -> None:
        """A root would not help here, and none is asked for."""
        tls.write_root(str(tmp_path / "root.pem"))
        with ScriptedServer(replying(answer()), ssl_context=tls.server) as server:
            url = f"https://127.0.0.1:{server.port}"
            with pytest.raises(errors.ConnectError, match="The certificate is another host's"):
                ask(way, url, monkeypatch, AWS_CA_BUNDLE=str(tmp_path / "root.pem"))


ENDING = cut_off(answer(b"{}", headers={"Connection": "close"}))


def write_certifi(path: Path, monkeypatch: pytest.MonkeyPatch, **labels: TLS) -> None:
    """Let certifi's file be one in its form, with these authorities: `amazon` has the label of a root of AWS's."""
    with path.open("w", encoding="utf-8") as file:
        for name, authority in labels.items():
            label = "Amazon Root CA 3" if name == "amazon" else f"Főtanúsítvány of {name}"
            authority.write_root(str(path.with_suffix(".root")))
            file.write(f'\n# Issuer: CN={label}\n# Label: "{label}"\n# Serial: 1\n# MD5 Fingerprint: 7c:62\n')
            file.write(path.with_suffix(".root").read_text("ascii"))
    monkeypatch.setattr("certifi.where", lambda: str(path))


class TestRootsOfCertifi:
    """All of certifi's roots are trusted, and those that AWS signs with are loaded first."""

    @pytest.fixture
    def loaded(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Note the files that whole sets of roots are loaded from."""
        files: list[str] = []
        load = ssl.SSLContext.load_verify_locations

        def note(self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None) -> None:
            files.extend([str(cafile)] if cafile is not None else [])
            load(self, cafile, capath, cadata)

        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", note)
        return files

    @staticmethod
    def call(way: Way, server: ScriptedServer, times: int = 1, **options: Any) -> None:
        """Make calls that are not repeated once they were sent, each over a connection of its own."""
        caller = way.client(region="us-east-2", credentials=CREDENTIALS, endpoint_url=server.url, **options)
        for _ in range(times):
            way.run(caller.client.disable_key, KEY_ID)

    def test_aws_needs_its_own_roots_only(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path, loaded: list[str]
    ) -> None:
        """A server with a certificate of AWS's is reached at the first attempt, and no other root is loaded."""
        write_certifi(tmp_path / "roots.pem", monkeypatch, other=TLS(), amazon=tls, last=TLS())
        with ScriptedServer(ENDING, ssl_context=tls.server) as server:
            self.call(way, server, times=2)
            assert (server.connections, len(server.requests)) == (2, 2)
        assert loaded == []

    def test_another_server_is_reached_with_all_roots(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path, loaded: list[str]
    ) -> None:
        """One connection fails before anything is sent; then all roots are loaded, once for the client."""
        write_certifi(tmp_path / "roots.pem", monkeypatch, other=tls, amazon=TLS())
        with ScriptedServer(ENDING, ssl_context=tls.server) as server:
            self.call(way, server, times=3)
            assert (server.connections, len(server.requests)) == (4, 3)
        assert loaded == [str(tmp_path / "roots.pem")]
        assert way.pauses == []

    def test_a_server_that_no_root_vouches_for_is_refused(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path
    ) -> None:
        """It is asked twice, with AWS's roots and with all, and is sent nothing; the call is not tried again."""
        write_certifi(tmp_path / "roots.pem", monkeypatch, other=TLS(), amazon=TLS())
        with ScriptedServer(ENDING, ssl_context=tls.server) as server:
            with pytest.raises(errors.ConnectError, match=r"could not prove who it is .* in AWS_CA_BUNDLE"):
                self.call(way, server)
            assert (server.connections, len(server.requests)) == (2, 0)
        assert way.pauses == []

    def test_a_file_in_another_form_is_loaded_as_a_whole(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path, loaded: list[str]
    ) -> None:
        """Where a distribution has put a file without labels in the place of certifi's, all of it counts."""
        tls.write_root(str(tmp_path / "roots.pem"))
        monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "roots.pem"))
        with ScriptedServer(ENDING, ssl_context=tls.server) as server:
            self.call(way, server)
            assert server.connections == 1
        assert loaded == [str(tmp_path / "roots.pem")]

    @pytest.mark.parametrize("trusted", ["amazon", "other"])
    def test_roots_of_the_users_own_are_not_added_to(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path, trusted: str
    ) -> None:
        """A server that certifi alone would trust is refused by who names a bundle, even a late one."""
        write_certifi(tmp_path / "roots.pem", monkeypatch, **{trusted: tls})
        TLS().write_root(str(tmp_path / "own.pem"))
        with ScriptedServer(replying(answer(b"{}")), ssl_context=tls.server) as server:
            caller = way.client(region="us-east-2", credentials=CREDENTIALS, endpoint_url=server.url)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
            with pytest.raises(errors.ConnectError, match=r"No root in .*own\.pem"):
                caller.get_key_last_usage(KEY_ID)
            assert server.connections == 1

    def test_the_second_connection_keeps_to_the_deadline(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path
    ) -> None:
        """An attempt that connects twice has no more time than one that connects once."""
        write_certifi(tmp_path / "roots.pem", monkeypatch, other=tls, amazon=TLS())
        with ScriptedServer(silent, ssl_context=tls.server) as server:
            with pytest.raises(errors.TimeoutError, match=r"within its timeout of 0\.5 s"):
                self.call(way, server, timeout=0.5)
            assert (server.connections, len(server.requests)) == (2, 1)

    def test_a_proxy_is_held_to_all_roots(self, monkeypatch: pytest.MonkeyPatch, tls: TLS, tmp_path: Path) -> None:
        """A connection through a proxy is made once, so it begins with all of certifi's."""
        write_certifi(tmp_path / "roots.pem", monkeypatch, other=tls, amazon=TLS())
        roots = transport.TrustedRoots(trust_env=False, ca_bundle=None)
        transport.ConnectionPool(roots, Timeouts({}, None), transport.Proxy("http://127.0.0.1:1", "ALL_PROXY"))
        assert len(roots.context("https").get_ca_certs()) == 2


def test_the_roots_that_aws_signs_with_are_in_certifi(monkeypatch: pytest.MonkeyPatch) -> None:
    """All six are found by their labels in the file that is installed."""
    installed = Path(certifi.__file__).parent / "cacert.pem"
    monkeypatch.setattr("certifi.where", lambda: str(installed))
    roots = transport.TrustedRoots(trust_env=False, ca_bundle=None)
    subjects = str([root["subject"] for root in roots.context("https").get_ca_certs()])
    names = re.findall(r"\('commonName', '([^']*)'\)", subjects)
    assert sorted(names) == [
        *(f"Amazon Root CA {number}" for number in range(1, 5)),
        "Starfield Root Certificate Authority - G2",
        "Starfield Services Root Certificate Authority - G2",
    ]
    roots.complete()
    assert len(roots.context("https").get_ca_certs()) > 100
