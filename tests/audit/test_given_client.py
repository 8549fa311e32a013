"""An audit with a client of the caller's: its settings and its credentials, in all regions."""

import typing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from support.audit_data import UNPACED

from awskms_lite import AsyncKMSClient, Credentials, KMSClient
from awskms_lite.audit import audit, audit_async
from awskms_lite.errors import ClosedError, ParameterError
from awskms_lite.local import LocalKMS

REGIONS = ["us-east-2", "eu-west-1", "ap-south-1"]
SERIAL = "arn:aws:iam::111122223333:mfa/me"
Audited = tuple[set[str], set[str]]
"""The ARNs that an audit found, and those that the client lists in its own region after the audit."""


class Way:
    """One kind of client, and the audit that takes it."""

    def __init__(self, backend: str | None) -> None:
        self.backend = backend
        self.client: Any = KMSClient if backend is None else AsyncKMSClient
        self.http_client: Any = httpx.Client if backend is None else httpx.AsyncClient
        self.audit: Any = audit if backend is None else audit_async

    def run(
        self,
        make: Callable[[], Any],
        *,
        region: str = REGIONS[0],
        use_before: bool = False,
        http_client: Any = None,
        **options: Any,
    ) -> Audited:
        """Audit with the client for a region, and use that afterwards, or before too; then close all."""
        if self.backend is None:
            with http_client or nullcontext(), make() as owner:
                return self._run(owner.in_region(region), use_before, options)

        async def run_async() -> Audited:
            async with http_client or nullcontext(), make() as owner:
                return await self._run_async(owner.in_region(region), use_before, options)

        return anyio.run(run_async, backend=self.backend)

    def _run(self, kms: KMSClient, use_before: bool, options: dict[str, Any]) -> Audited:
        if use_before:
            kms.list_keys()
        with audit(client=kms, **options) as records:
            found = {record.arn for record in records}
        assert records.summary.complete
        return found, {str(key.key_arn) for key in kms.iter_list_keys()}

    async def _run_async(self, kms: AsyncKMSClient, use_before: bool, options: dict[str, Any]) -> Audited:
        if use_before:
            await kms.list_keys()
        async with audit_async(client=kms, **options) as records:
            found = {record.arn async for record in records}
        assert records.summary.complete
        return found, {str(key.key_arn) async for key in kms.iter_list_keys()}


@pytest.fixture(params=[None, "asyncio", "trio"], ids=["sync", "asyncio", "trio"])
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    with LocalKMS(region=REGIONS[0]) as server:
        yield server


def hooks(way: Way, note: Callable[[httpx.Request], object]) -> Any:
    async def note_async(request: httpx.Request) -> None:
        note(request)

    return {"request": [note if way.backend is None else note_async]}


@pytest.mark.parametrize("use_before", [False, True])
def test_three_regions_with_one_question_for_a_code(
    way: Way, kms: LocalKMS, tmp_path: Path, use_before: bool
) -> None:
    """The role is assumed once, whether client or audit is first to need it."""
    keys = {kms.add_key(region=region) for region in REGIONS}
    (tmp_path / "config").write_text(
        "[profile me]\nrole_arn = arn:aws:iam::111122223333:role/Auditor\nsource_profile = base\n"
        f"mfa_serial = {SERIAL}\n[profile base]\naws_access_key_id = {kms.credentials.access_key_id}\n"
        f"aws_secret_access_key = {kms.credentials.secret_access_key}\n"
    )
    asked: list[str] = []

    def ask(serial: str) -> str:
        asked.append(serial)
        return "908172"

    def make() -> Any:
        environ = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_ENDPOINT_URL": kms.endpoint_url}
        return way.client(profile="me", region=REGIONS[0], environ=environ, mfa=ask, pacing=UNPACED)

    found, listed = way.run(make, use_before=use_before, regions=REGIONS)
    assert found == keys
    assert listed < keys
    assert asked == [SERIAL]
    assert kms.stats.asked["AssumeRole"] == 1


def test_a_search_of_the_audit_is_the_synchronous_clients_too(kms: LocalKMS) -> None:
    """While the audit searches, threads that use the client wait for it instead of searching too."""
    held: list[bool] = []

    def find() -> Credentials:
        held.append(any(lock.locked() for lock in client._driver.owner._locks.values()))
        return kms.credentials

    with KMSClient(environ=kms.environ, credentials=find, pacing=UNPACED) as owner:
        client: Any = owner.in_region("eu-west-1")
        with audit(client=client, regions=REGIONS) as records:
            assert list(records) == []
        assert records.summary.complete
    assert held == [True]


def test_all_traffic_goes_through_the_clients_http_client(way: Way, kms: LocalKMS) -> None:
    """That of roles too, under the client's name; both clients stay open and usable."""
    account_id = "222233334444"
    there = {kms.add_key(account_id=account_id, region=region) for region in REGIONS}
    here = kms.add_key()
    sent: list[str] = []
    http_client = way.http_client(
        event_hooks=hooks(way, lambda request: sent.append(request.headers["user-agent"]))
    )

    def make() -> Any:
        return way.client(environ=kms.environ, http_client=http_client, app_id="sweep", pacing=UNPACED)

    roles = [f"arn:aws:iam::{account_id}:role/Audit"]
    assert way.run(make, http_client=http_client, regions=REGIONS, role_arns=roles) == (there, {here})
    assert len(sent) == sum(kms.stats.asked.values())
    assert all("app/sweep" in agent for agent in sent)


def test_without_regions_it_is_the_clients(way: Way, kms: LocalKMS) -> None:
    """A client that was made by another one is as good, and its region is audited."""
    keys = {region: kms.add_key(region=region) for region in REGIONS}

    def make() -> Any:
        return way.client(environ=kms.environ, pacing=UNPACED)

    assert way.run(make, region="eu-west-1") == ({keys["eu-west-1"]}, {keys["eu-west-1"]})


def test_calls_are_paced_without_a_word_about_it(kms: LocalKMS) -> None:
    """A client does not pace itself, and an audit with it does."""
    kms.set_quota("GetKeyLastUsage", 5, burst=1.5)
    for _ in range(4):
        kms.add_key()
    with KMSClient(environ=kms.environ) as client, audit(client=client) as records:
        assert len(list(records)) == 4
    assert records.summary.throttled == 0


def test_its_class_is_in_the_type_hints(way: Way) -> None:
    """What loads no client by itself loads the class for whoever evaluates the annotations."""
    assert typing.get_type_hints(way.audit)["client"] == way.client | None


class TestRefused:
    @pytest.mark.parametrize(
        "name", ["region", "profile", "credentials", "environ", "endpoint_url", "pacing", "mfa", "http_client"]
    )
    def test_options_beside_a_client(self, way: Way, kms: LocalKMS, name: str) -> None:
        """Each option is the client's own, so one beside it would be ignored."""
        with pytest.raises(ParameterError, match=f"^{name} cannot be combined with client"):
            way.audit(client=way.client(environ=kms.environ), **{name: None})

    def test_an_unknown_option(self, way: Way, kms: LocalKMS) -> None:
        with pytest.raises(TypeError, match="timout"):
            way.audit(client=way.client(environ=kms.environ), timout=3)

    def test_an_executor(self, kms: LocalKMS) -> None:
        """No client can travel to a worker."""
        with (
            ThreadPoolExecutor(1) as pool,
            KMSClient(environ=kms.environ) as client,
            pytest.raises(ParameterError, match="client stays in this process"),
        ):
            audit(client=client, executor=pool)

    def test_a_client_of_the_other_kind(self, kms: LocalKMS) -> None:
        """The error names the function that takes it."""
        wrong: Any = AsyncKMSClient(environ=kms.environ)
        with pytest.raises(ParameterError, match=r"must be of the class KMSClient, .* to audit_async"):
            audit(client=wrong)
        with KMSClient(environ=kms.environ) as client:
            wrong = client
            with pytest.raises(ParameterError, match=r"must be of the class AsyncKMSClient, .* to audit\."):
                audit_async(client=wrong)

    def test_what_is_no_client(self, way: Way) -> None:
        with pytest.raises(ParameterError, match=r"must be of the class \w+, not str: make an? \w+\.$"):
            way.audit(client="us-east-2")

    def test_a_closed_client(self, kms: LocalKMS) -> None:
        client = KMSClient(environ=kms.environ)
        client.close()
        with pytest.raises(ClosedError):
            audit(client=client)
