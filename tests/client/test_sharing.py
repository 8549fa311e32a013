"""One client, many callers: 64 threads or 500 tasks, and each gets the answer about its own key."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from support.servers import KEY_ID, PATIENCE, ScriptedServer, ServedConnection, answer, replying

from awskms_lite import AsyncKMSClient, KMSClient
from awskms_lite.local import LocalKMS
from awskms_lite.models.usage import GetKeyLastUsageResponse
from awskms_lite.transport import pools

pytestmark = pytest.mark.no_cover  # goes over lines again and again that other tests cover

FIRST_USE = datetime(2026, 5, 1, 12, 0, 0, 123000, tzinfo=UTC)
KEYS = 250
THREADS = 64
TASKS = 500


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region="us-east-2") as server:
        yield server


def keys_with_own_answer(kms: LocalKMS) -> dict[str, datetime]:
    """Add keys that differ in their last use; return it by key."""
    moments = [FIRST_USE + timedelta(milliseconds=number) for number in range(KEYS)]
    return {kms.add_key(created=FIRST_USE, last_usage=moment): moment for moment in moments}


def last_use(usage: GetKeyLastUsageResponse) -> datetime | None:
    return None if usage.key_last_usage is None else usage.key_last_usage.timestamp


def lead(kms: LocalKMS, source: ScriptedServer) -> dict[str, str]:
    """Return an environment in which the credentials are to be fetched first."""
    environ = {name: value for name, value in kms.environ.items() if "KEY" not in name}
    return {**environ, "AWS_CONTAINER_CREDENTIALS_FULL_URI": source.url}


@pytest.fixture
def source(kms: LocalKMS) -> Iterator[ScriptedServer]:
    """Hand out the credentials of the KMS, as a container's agent does."""
    found = {
        "AccessKeyId": kms.credentials.access_key_id,
        "SecretAccessKey": kms.credentials.secret_access_key,
        "Token": "a/token==",
        "Expiration": (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    with ScriptedServer(replying(answer(json.dumps(found).encode()))) as source:
        yield source


def test_threads_share_a_client(kms: LocalKMS, source: ScriptedServer) -> None:
    """64 threads at a time each get the answer about their own key, and their credentials from one fetch."""
    expected = keys_with_own_answer(kms)
    together = threading.Barrier(THREADS)
    with (
        KMSClient(environ=lead(kms, source)) as client,
        ThreadPoolExecutor(THREADS, initializer=together.wait, initargs=(PATIENCE,)) as pool,
    ):
        answers = list(pool.map(client.get_key_last_usage, list(expected) * 2))
    assert [last_use(usage) for usage in answers] == list(expected.values()) * 2
    assert {usage.metadata.attempts for usage in answers} == {1}
    assert kms.stats.connections <= THREADS
    assert len(source.requests) == 1


@pytest.mark.anyio
async def test_tasks_share_a_client(kms: LocalKMS, source: ScriptedServer) -> None:
    """500 tasks at a time each get the answer about their own key, and their credentials from one fetch."""
    expected = keys_with_own_answer(kms)
    asked = list(expected) * (TASKS // KEYS)
    answers: dict[int, GetKeyLastUsageResponse] = {}

    async def ask(number: int, key: str) -> None:
        answers[number] = await client.get_key_last_usage(key)

    async with AsyncKMSClient(environ=lead(kms, source)) as client, anyio.create_task_group() as group:
        for number, key in enumerate(asked):
            group.start_soon(ask, number, key)
    assert [last_use(answers[number]) for number in range(TASKS)] == [expected[key] for key in asked]
    assert {usage.metadata.attempts for usage in answers.values()} == {1}
    assert kms.stats.connections <= pools.MAX_CONNECTIONS
    assert len(source.requests) == 1


@pytest.mark.anyio
async def test_tasks_beyond_the_connections_wait_in_order(kms: LocalKMS, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls beyond the number of connections wait for one, and get it in the order they came."""
    monkeypatch.setattr(pools, "MAX_CONNECTIONS", 1)
    served: list[int] = []
    gate = threading.Event()

    def gated(line: ServedConnection) -> None:
        while line.request() is not None and gate.wait(PATIENCE):
            line.send(answer())

    async def ask(client: AsyncKMSClient, number: int) -> None:
        await client.get_key_last_usage(KEY_ID)
        served.append(number)

    with ScriptedServer(gated) as server:
        environ = {**kms.environ, "AWS_ENDPOINT_URL": server.url}
        async with AsyncKMSClient(environ=environ) as client, anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(ask, client, number)
                await anyio.wait_all_tasks_blocked()
            gate.set()
        assert (len(server.requests), server.connections) == (8, 1)
    assert served == list(range(8))
