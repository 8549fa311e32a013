"""An answer is believed by its own request alone: servers and proxies that double, swap and delay them."""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.model_samples import least
from support.servers import (
    CREDENTIALS,
    KEY_ID,
    PATIENCE,
    TLS,
    Caller,
    Script,
    ScriptedServer,
    ServedConnection,
    Way,
    answer,
    open_way,
    replying,
)

from awskms_lite import errors, to_wire, transport
from awskms_lite.models.aliases import AliasListEntry
from awskms_lite.models.grants import GrantListEntry
from awskms_lite.models.keys import KeyMetadata
from awskms_lite.models.usage import UsageVerdict
from awskms_lite.retry import RetryPolicy
from awskms_lite.steps import CLOSE, Request, Response, Send
from awskms_lite.transport import NEVER, Timeouts, TrustedRoots

KEYS = [f"{number:08x}-12ab-34cd-56ef-1234567890ab" for number in range(6)]
ONCE = RetryPolicy(max_attempts=1)
_ids = count()


@pytest.fixture(params=["own", "given", "through a proxy"])
def caller_of(request: pytest.FixtureRequest, way: Way, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Caller]:
    """Return a function that makes a client of a server: over its own connections, a given client, or a proxy."""

    def make(server: ScriptedServer, **options: Any) -> Caller:
        settings = {
            "AWS_REGION": "us-east-2",
            "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
            "AWS_ENDPOINT_URL": server.url,
        }
        if request.param == "given":
            options["http_client"] = way.http_client(trust_env=False)
        if request.param != "through a proxy":
            return way.client(environ=settings, **options)
        settings["HTTP_PROXY"], settings["AWS_ENDPOINT_URL"] = server.url, "http://kms.test"
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return way.client(**options)

    return make


def asked(request: bytes) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(request.partition(b"\r\n\r\n")[2])
    return members


def about(key_id: str, *, request_id: str | None = None, **members: Any) -> bytes:
    """Return an answer about a key, under a request id of its own."""
    headers = {"x-amzn-RequestId": request_id or f"request-{next(_ids)}"}
    return answer(json.dumps({"KeyId": key_id, **members}).encode(), headers=headers)


def echoing(line: ServedConnection) -> None:
    """Answer each request about the key that it names."""
    while (request := line.request()) is not None:
        line.send(about(asked(request)["KeyId"]))


def one_late(make: Callable[[dict[str, Any]], bytes]) -> Script:
    """Answer the first request of a connection rightly, and each later one with the answer before it."""

    def script(line: ServedConnection) -> None:
        before = None
        while (request := line.request()) is not None:
            right = make(asked(request))
            line.send(right if before is None else before + right)
            before = right

    return script


class TestDoubled:
    """An answer that was sent twice, the copy so late that the next request is already under way."""

    def test_the_copy_is_not_the_next_answer(self, caller_of: Callable[..., Caller]) -> None:
        """Each call gets the answer about its own key, over other connections than the one that mixes them up."""
        with ScriptedServer(one_late(lambda request: about(request["KeyId"]))) as server:
            caller = caller_of(server)
            assert [caller.get_key_last_usage(key).key_id for key in KEYS] == KEYS
            assert server.connections > 1

    def test_without_a_request_id_the_key_tells(self, caller_of: Callable[..., Caller]) -> None:
        """An answer without a request id is no copy by that, and is refused for the key that it names."""
        with ScriptedServer(one_late(lambda r: answer(json.dumps({"KeyId": r["KeyId"]}).encode()))) as server:
            caller = caller_of(server)
            assert [caller.get_key_last_usage(key).key_id for key in KEYS] == KEYS

    def test_plaintext_reaches_its_own_caller(self, way: Way, caller_of: Callable[..., Caller]) -> None:
        """Each ciphertext under one key is decrypted to its own plaintext: the request id tells the copy."""

        def decrypted(request: dict[str, Any]) -> bytes:
            plaintext = b64encode(b64decode(request["CiphertextBlob"])[::-1]).decode()
            return about(KEY_ID, Plaintext=plaintext)

        with ScriptedServer(one_late(decrypted)) as server:
            client: Any = caller_of(server).client
            for text in (b"first", b"second", b"third", b"fourth"):
                call = partial(client.decrypt, text, key_id=KEY_ID)
                assert way.run(call).plaintext == text[::-1]

    def test_a_call_that_is_not_sent_twice_ends_in_an_error(self, caller_of: Callable[..., Caller]) -> None:
        """Where the policy allows no other attempt, the copy is an error, and its connection is not used again."""
        with ScriptedServer(one_late(lambda request: about(request["KeyId"]))) as server:
            caller = caller_of(server, retry=ONCE)
            assert caller.get_key_last_usage(KEYS[0]).key_id == KEYS[0]
            with pytest.raises(errors.ProtocolError, match="The same answer came twice") as caught:
                caller.get_key_last_usage(KEYS[1])
            assert caught.value.mismatched
            assert caller.get_key_last_usage(KEYS[2]).key_id == KEYS[2]
            assert server.connections == 2

    def test_a_change_is_not_made_twice(self, way: Way, caller_of: Callable[..., Caller]) -> None:
        """What is not safe to send twice is sent once, and the error says that nobody knows what came of it."""
        with ScriptedServer(one_late(lambda _: about(KEY_ID, KeyRotationEnabled=False))) as server:
            client: Any = caller_of(server).client
            way.run(partial(client.get_key_rotation_status, KEY_ID))
            with pytest.raises(errors.ProtocolError) as caught:
                way.run(partial(client.rotate_key_on_demand, KEY_ID))
            assert caught.value.outcome_unknown
            assert len(server.requests) == 2


class TestSwapped:
    """Answers with request ids of their own that went to the wrong connection."""

    def test_another_keys_answer_is_refused(self, caller_of: Callable[..., Caller]) -> None:
        """It is never believed, whatever it says, and its connection serves no other call."""
        with ScriptedServer(replying(about(KEYS[1])), echoing) as server:
            caller = caller_of(server, retry=ONCE)
            with pytest.raises(errors.ProtocolError, match="about another key") as caught:
                caller.get_key_last_usage(KEYS[0])
            assert caught.value.mismatched
            assert KEYS[1] not in str(caught.value)
            assert caller.get_key_last_usage(KEYS[0]).key_id == KEYS[0]
            assert server.connections == 2

    def test_a_safe_call_is_made_again(self, caller_of: Callable[..., Caller]) -> None:
        """Asking twice does no harm, so the caller gets the right answer and hears nothing of the wrong one."""
        with ScriptedServer(replying(about(KEYS[1])), echoing) as server:
            usage = caller_of(server).get_key_last_usage(KEYS[0])
            assert (usage.key_id, usage.metadata.attempts) == (KEYS[0], 2)

    def test_an_answer_that_names_no_key_is_believed(self, caller_of: Callable[..., Caller]) -> None:
        """Nothing is compared that is not there: every member of this answer is optional."""
        with ScriptedServer(replying(answer(b'{"KeyLastUsage":{}}'))) as server:
            assert caller_of(server).get_key_last_usage(KEYS[0]).verdict is UsageVerdict.NO_RECORD


METADATA = to_wire(least(KeyMetadata, key_id="%s"))
GRANT = to_wire(least(GrantListEntry, key_id="%s"))
ALIAS = to_wire(least(AliasListEntry, target_key_id="%s"))
ECHOES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("describe_key", {}, {"KeyMetadata": METADATA}),
    ("encrypt", {"plaintext": b"p"}, {"KeyId": "%s", "CiphertextBlob": "Yw=="}),
    ("decrypt", {"ciphertext_blob": b"c"}, {"KeyId": "%s", "Plaintext": "cA=="}),
    (
        "sign",
        {"message": b"m", "signing_algorithm": "ECDSA_SHA_256"},
        {"KeyId": "%s", "Signature": "cw==", "SigningAlgorithm": "ECDSA_SHA_256"},
    ),
    ("get_public_key", {}, {"KeyId": "%s", "PublicKey": "aw==", "KeyUsage": "SIGN_VERIFY"}),
    (
        "generate_mac",
        {"message": b"m", "mac_algorithm": "HMAC_SHA_256"},
        {"KeyId": "%s", "Mac": "bQ==", "MacAlgorithm": "HMAC_SHA_256"},
    ),
    ("list_grants", {}, {"Grants": [{**GRANT, "KeyId": KEY_ID}, GRANT]}),
    ("list_aliases", {}, {"Aliases": [ALIAS]}),
    ("list_key_rotations", {}, {"Rotations": [{"KeyId": "%s"}]}),
    ("get_key_rotation_status", {}, {"KeyId": "%s", "KeyRotationEnabled": True}),
    ("schedule_key_deletion", {}, {"KeyId": "%s"}),
]


def with_key(members: Any, key_id: str) -> Any:
    return json.loads(json.dumps(members).replace("%s", key_id))


class TestEchoes:
    """Which members of which answers name the key that was asked for."""

    @staticmethod
    def ask(name: str, arguments: dict[str, Any], members: Any, key_id: str) -> Any:
        handler = httpx.MockTransport(lambda _: httpx.Response(200, json=members))
        with open_way("sync") as way:
            options = {"region": "us-east-2", "environ": {}, "credentials": CREDENTIALS, "retry": ONCE}
            client = way.client(**options, http_client=way.http_client(transport=handler)).client
            return getattr(client, name)(key_id=key_id, **arguments)

    @pytest.mark.parametrize(("name", "arguments", "members"), ECHOES, ids=[name for name, *_ in ECHOES])
    def test_the_key_of_the_answer_is_the_key_of_the_request(
        self, name: str, arguments: dict[str, Any], members: dict[str, Any]
    ) -> None:
        """Its id is compared and not its form, an alias with nothing; and any other key is refused."""
        arn = f"arn:aws:kms:us-east-2:111122223333:key/{KEY_ID}"
        for asked_for in (KEY_ID, arn):
            for told in (KEY_ID, arn, KEY_ID.upper(), arn.replace("us-east-2", "eu-west-1")):
                self.ask(name, arguments, with_key(members, told), asked_for)
            with pytest.raises(errors.ProtocolError, match="about another key"):
                self.ask(name, arguments, with_key(members, KEYS[3]), asked_for)
        if name in ("describe_key", "encrypt", "decrypt", "sign", "get_public_key", "generate_mac"):
            self.ask(name, arguments, with_key(members, KEYS[3]), "alias/orders")

    def test_each_key_of_a_re_encryption(self) -> None:
        """The old key and the new one are told apart."""
        arguments = {"ciphertext_blob": b"c", "source_key_id": KEYS[0], "destination_key_id": KEYS[1]}
        told = [
            {"SourceKeyId": KEYS[0], "KeyId": KEYS[1], "CiphertextBlob": "Yw=="},
            {"SourceKeyId": KEYS[1], "KeyId": KEYS[0], "CiphertextBlob": "Yw=="},
        ]
        handler = httpx.MockTransport(lambda _: httpx.Response(200, json=told.pop(0)))
        with open_way("sync") as way:
            options = {"region": "us-east-2", "environ": {}, "credentials": CREDENTIALS, "retry": ONCE}
            client: Any = way.client(**options, http_client=way.http_client(transport=handler)).client
            assert client.re_encrypt(**arguments).key_id == KEYS[1]
            with pytest.raises(errors.ProtocolError, match="about another key"):
                client.re_encrypt(**arguments)


class TestLooking:
    """Before a kept connection is used again, whatever waits there tells that it must not be."""

    tls = TLS()

    @pytest.mark.parametrize("kind", ["http", "https"])
    @pytest.mark.parametrize("waiting", ["a copy", "the end"])
    def test_what_waits_on_a_kept_connection_is_never_read(
        self, way: Way, tmp_path: Path, kind: str, waiting: str
    ) -> None:
        """A copy without a request id, or the end of the connection: the next call uses another one."""
        context = self.tls.server if kind == "https" else None
        self.tls.write_root(str(tmp_path / "root.pem"))
        go_on, left = threading.Event(), threading.Event()
        plain = answer(json.dumps({"KeyId": KEY_ID, "Plaintext": "Zmlyc3Q="}).encode())

        def first(line: ServedConnection) -> None:
            line.request()
            line.send(plain)
            go_on.wait(PATIENCE)
            if waiting == "a copy":
                line.send(plain)
                left.set()
                line.wait_for_end()
            else:
                line._sock.close()
                left.set()

        second = answer(json.dumps({"KeyId": KEY_ID, "Plaintext": "c2Vjb25k"}).encode())
        with ScriptedServer(first, replying(second), ssl_context=context) as server:
            environ = {"AWS_CA_BUNDLE": str(tmp_path / "root.pem"), "AWS_ENDPOINT_URL": server.url}
            options = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": environ}
            client: Any = way.client(**options).client
            assert way.run(partial(client.decrypt, b"1", key_id=KEY_ID)).plaintext == b"first"
            go_on.set()
            assert left.wait(PATIENCE)
            assert way.run(partial(client.decrypt, b"2", key_id=KEY_ID)).plaintext == b"second"
            assert (server.connections, len(server.requests)) == (2, 2)

    def test_what_tls_holds_back_is_seen(self, way: Way, tmp_path: Path) -> None:
        """A copy that came in a TLS record of its own, together with the answer, is not read either."""
        self.tls.write_root(str(tmp_path / "root.pem"))
        plain = answer(json.dumps({"KeyId": KEY_ID, "Plaintext": "Zmlyc3Q="}).encode())
        sent = threading.Event()

        def both(line: ServedConnection) -> None:
            line.request()
            line.send(plain)  # a record of its own each
            line.send(plain)
            sent.set()
            line.wait_for_end()

        second = answer(json.dumps({"KeyId": KEY_ID, "Plaintext": "c2Vjb25k"}).encode())
        with ScriptedServer(both, replying(second), ssl_context=self.tls.server) as server:
            environ = {"AWS_CA_BUNDLE": str(tmp_path / "root.pem"), "AWS_ENDPOINT_URL": server.url}
            options = {"region": "us-east-2", "credentials": CREDENTIALS, "environ": environ}
            client: Any = way.client(**options).client
            assert way.run(partial(client.decrypt, b"1", key_id=KEY_ID)).plaintext == b"first"
            assert sent.wait(PATIENCE)
            assert way.run(partial(client.decrypt, b"2", key_id=KEY_ID)).plaintext == b"second"
            assert server.connections == 2


class TestAlone:
    """Exchanges for credentials have a connection to themselves."""

    def test_a_request_that_closes_shares_no_connection(self) -> None:
        """It takes none that was used before, and leaves none behind."""
        with ScriptedServer(replying(answer())) as server:
            pool = transport.ConnectionPool(TrustedRoots(False, None), Timeouts({"read": PATIENCE}, None))

            def send(*headers: tuple[str, str]) -> Response:
                step = Send(Request("POST", server.url, list(headers), b"{}"))
                return pool.send(step, lambda response: response, NEVER)

            for headers in ((), (CLOSE,), ()):
                assert send(*headers).status == 200
            assert [line.requests for line in server.lines] == [2, 1]
            assert server.lines[1].ended_by_client.wait(PATIENCE)
            pool.close()
