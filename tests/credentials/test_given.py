"""Credentials that a client is given in place of a search: a function that returns them, or a role to assume."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio
import anyio.lowlevel
import pytest
from support.flow_world import World
from support.local_sts import OTHER_ACCOUNT, ROLE
from support.servers import PATIENCE, WAYS, Way, open_way

from awskms_lite import AssumeRole, AsyncKMSClient, Credentials, KMSClient
from awskms_lite.credentials import chain
from awskms_lite.credentials.cache import CredentialsCache
from awskms_lite.credentials.given import open_cache
from awskms_lite.errors import ClosedError, ConfigurationError, CredentialsError, ParameterError
from awskms_lite.local import LocalKMS
from awskms_lite.pacing import Pacing
from awskms_lite.service_clock import ServiceClock
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Call, Exclusive, Flow, Response, Step

NOW = 1_800_000_000.0
HOUR = 3600.0
HUB = "arn:aws:iam::111122223333:role/Hub"
STS = "https://sts.us-east-2.amazonaws.com"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Vault:
    """A user's own store of credentials: each call returns new ones, which last an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.calls = 0
        self.threads: set[int] = set()
        self.failure: Exception | None = None

    def __call__(self) -> Credentials:
        self.calls += 1
        self.threads.add(threading.get_ident())
        if self.failure is not None:
            raise self.failure
        end = datetime.fromtimestamp(self._clock.now + HOUR, UTC)
        return Credentials(f"AKIA{self.calls}", "secret", "token", expires_at=end)

    async def later(self) -> Credentials:
        """Return the same, for an event loop to await."""
        return self()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with open_way(request.param) as way:
        yield way


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault(clock: Clock) -> Vault:
    return Vault(clock)


@pytest.fixture
def local() -> Iterator[LocalKMS]:
    with LocalKMS() as server:
        yield server


class TestFunctions:
    """A function in place of credentials."""

    @pytest.mark.parametrize("form", ["plain", "awaited", "returning an awaitable"])
    def test_it_is_called_again_before_its_credentials_expire(
        self, way: Way, clock: Clock, vault: Vault, form: str
    ) -> None:
        """One call serves until fifteen minutes before the expiry, as with any other source."""
        if way.is_sync and form != "plain":
            pytest.skip("a synchronous client takes plain functions only, as another test says")
        functions: dict[str, Callable[[], Any]] = {
            "plain": vault,
            "awaited": vault.later,
            "returning an awaitable": lambda: vault.later(),
        }
        kms = way.client(region="us-east-2", environ={}, credentials=functions[form], clock=clock)
        assert [kms.resolve_credentials().access_key_id for _ in range(2)] == ["AKIA1", "AKIA1"]
        clock.now += HOUR - 901
        assert kms.resolve_credentials().access_key_id == "AKIA1"
        clock.now += 1
        assert kms.resolve_credentials().access_key_id == "AKIA2"
        assert vault.calls == 2

    def test_a_plain_function_does_not_hold_up_the_event_loop(self, way: Way, clock: Clock, vault: Vault) -> None:
        """Under asyncio and trio a plain function runs in a thread, and one that is awaited does not."""
        kms = way.client(region="us-east-2", environ={}, credentials=vault, clock=clock)
        kms.resolve_credentials()
        assert vault.threads.isdisjoint({way.run(threading.get_ident)}) is not way.is_sync
        if not way.is_sync:
            other = Vault(clock)
            way.client(region="us-east-2", environ={}, credentials=other.later, clock=clock).resolve_credentials()
            assert other.threads == {way.run(threading.get_ident)}

    def test_a_synchronous_client_refuses_an_asynchronous_one(self, clock: Clock, vault: Vault) -> None:
        """What cannot be awaited is an error that says what to do, and leaves no coroutine behind."""
        with (
            KMSClient(region="us-east-2", environ={}, credentials=vault.later, clock=clock) as kms,  # type: ignore[arg-type]
            pytest.raises(ParameterError, match=r"is asynchronous: use AsyncKMSClient"),
        ):
            kms.resolve_credentials()
        assert vault.calls == 0

    @pytest.mark.parametrize("found", [None, {"AccessKeyId": "AKIA"}])
    def test_what_returns_no_credentials_is_an_error(self, way: Way, found: object) -> None:
        """The text names the type that was returned, and shows no value."""
        kms = way.client(region="us-east-2", environ={}, credentials=lambda: found)
        with pytest.raises(CredentialsError, match=f"returned {type(found).__name__}: let it return") as caught:
            kms.resolve_credentials()
        assert "AKIA" not in str(caught.value)

    def test_what_it_returns_is_checked(self, way: Way) -> None:
        """Credentials that a header cannot hold are refused, like those of any source."""
        kms = way.client(region="us-east-2", environ={}, credentials=lambda: Credentials("AKIA", "two words"))
        with pytest.raises(CredentialsError, match="secret access key"):
            kms.resolve_credentials()

    def test_credentials_stay_in_use_while_it_has_no_newer_ones(
        self, way: Way, clock: Clock, vault: Vault
    ) -> None:
        """A `CredentialsError` of the function is no harm until the expiry; then it goes up."""
        kms = way.client(region="us-east-2", environ={}, credentials=vault, clock=clock)
        kms.resolve_credentials()
        vault.failure = CredentialsError("the vault is sealed")
        clock.now += HOUR - 60
        assert kms.resolve_credentials().access_key_id == "AKIA1"
        clock.now += 60
        with pytest.raises(CredentialsError, match="the vault is sealed"):
            kms.resolve_credentials()

    def test_an_error_of_its_own_goes_up_as_it_is(self, way: Way, vault: Vault) -> None:
        """Whatever else the function raises reaches the caller, and the next call asks it again."""
        kms = way.client(region="us-east-2", environ={}, credentials=vault, clock=lambda: NOW)
        vault.failure = failure = LookupError("no such secret")
        with pytest.raises(LookupError) as caught:
            kms.resolve_credentials()
        assert caught.value is failure
        vault.failure = None
        assert kms.resolve_credentials().access_key_id == "AKIA2"

    def test_a_step_shows_nothing_of_it(self) -> None:
        """A function may hold a password, as an argument that is bound to it."""
        assert "hunter2" not in repr(Call(partial(print, "hunter2")))


@pytest.mark.parametrize("credentials", ["AKIA", {"access_key_id": "AKIA"}, 5])
def test_anything_else_is_refused(way: Way, credentials: object) -> None:
    """The text says what can be passed, and shows no value."""
    with pytest.raises(
        ParameterError, match=r"a function that returns them, or awskms_lite\.AssumeRole"
    ) as caught:
        way.client(region="us-east-2", environ={}, credentials=credentials)
    assert "AKIA" not in str(caught.value)


def granted(name: str, life: float = HOUR) -> Response:
    end = datetime.fromtimestamp(NOW + life, UTC)
    body = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
    <AssumedRoleUser><Arn>arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/R/s</Arn></AssumedRoleUser>
    <Credentials><AccessKeyId>{name}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
    <SessionToken>token</SessionToken><Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>
    </AssumeRoleResult></AssumeRoleResponse>"""
    return Response(200, {}, body.encode())


class RoleWorld(World):
    """A world with an STS, where nobody else asks at the same time."""

    def _outcome(self, step: Step) -> object:
        match step:
            case Exclusive(flow):
                return self.play(flow)
            case _:
                return super()._outcome(step)

    @property
    def forms(self) -> list[dict[str, str]]:
        """The forms that were sent to STS."""
        return [{name: value for name, (value,) in parse_qs(sent.body.decode()).items()} for sent in self.requests]

    @property
    def signers(self) -> list[str]:
        """The access key ids that signed them."""
        headers = [dict(sent.headers)["Authorization"] for sent in self.requests]
        return [header.partition("Credential=")[2].partition("/")[0] for header in headers]


def cache_of(given: Any, clock: Clock) -> CredentialsCache:
    """Return the cache of a client in us-east-2 whose environment has keys."""
    environ = {"AWS_REGION": "us-east-2", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}
    settings, ours = resolve_settings(environ, {}), ServiceClock(clock)

    def find(flow: Callable[[], Flow[Credentials]]) -> CredentialsCache:
        return CredentialsCache(flow, ours, lambda: 0.5)

    search = partial(chain.find, settings, clock=ours, random=lambda: 0.5, mfa=None)
    return open_cache(given, settings, search, find, clock=ours, random=lambda: 0.5)


class TestRoles:
    """A role in place of credentials."""

    def test_it_is_assumed_with_what_the_search_finds(self, clock: Clock) -> None:
        """All that is said of the role goes to STS, once, in the client's region."""
        world = RoleWorld(answers={("POST", f"{STS}"): granted("ASIA1")})
        role = AssumeRole(
            ROLE,
            session_name="nightly",
            external_id="ticket-7",
            duration=timedelta(minutes=30),
            policy={"Version": "2012-10-17", "Statement": []},
        )
        cache = cache_of(role, clock)
        assert world.play(cache.get()).access_key_id == "ASIA1"
        assert cache.current() is not None
        assert world.signers == ["AKIAENV"]
        assert world.forms == [
            {
                "Version": "2011-06-15",
                "Action": "AssumeRole",
                "RoleArn": ROLE,
                "RoleSessionName": "nightly",
                "ExternalId": "ticket-7",
                "DurationSeconds": "1800",
                "Policy": '{"Version":"2012-10-17","Statement":[]}',
            }
        ]

    def test_roles_in_a_row_are_kept_each(self, clock: Clock, vault: Vault) -> None:
        """Each role is assumed with the one before it, and assumed again when its own credentials are due."""
        first = [granted("ASIAHUB", 2 * HOUR), granted("ASIA1"), granted("ASIA2", 2 * HOUR)]
        world = RoleWorld(answers={("POST", STS): first})
        cache = cache_of(AssumeRole(ROLE, source=AssumeRole(HUB, source=vault)), clock)
        assert world.play(cache.get()).access_key_id == "ASIA1"
        assert world.signers == ["AKIA1", "ASIAHUB"]
        assert [form["RoleArn"] for form in world.forms] == [HUB, ROLE]
        clock.now += HOUR - 900
        assert world.play(cache.get()).access_key_id == "ASIA2"
        assert world.signers[2:] == ["ASIAHUB"]
        assert vault.calls == 1

    def test_credentials_may_be_its_source(self, clock: Clock) -> None:
        """A key pair assumes the role without any search."""
        world = RoleWorld(answers={("POST", STS): granted("ASIA1")})
        assert world.play(cache_of(AssumeRole(ROLE, source=Credentials("AKIAOWN", "s")), clock).get())
        assert world.signers == ["AKIAOWN"]

    def test_a_refusal_names_the_role(self, clock: Clock) -> None:
        """The error says which role could not be assumed, and why."""
        refusal = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        world = RoleWorld(answers={("POST", STS): Response(403, {}, refusal)})
        with pytest.raises(CredentialsError, match=f"the role {ROLE} cannot be assumed .*AccessDenied"):
            world.play(cache_of(AssumeRole(ROLE), clock).get())

    def test_a_client_calls_as_the_role(self, way: Way, local: LocalKMS) -> None:
        """The account of the role is the one whose keys are seen."""
        local.add_key()
        there = local.add_key(account_id=OTHER_ACCOUNT)
        kms = way.client(environ=local.environ, credentials=AssumeRole(ROLE))
        assert [key.key_arn for key in way.run(kms.client.list_keys).keys] == [there]

    @pytest.mark.parametrize(
        ("options", "telling"),
        [
            ({"role_arn": "Auditor"}, "role_arn is 'Auditor': pass the ARN of a role"),
            ({"role_arn": None}, "role_arn is None"),
            ({"session_name": "x"}, "session_name is 'x': pass 2 to 64"),
            ({"session_name": 17}, "session_name is 17"),
            ({"external_id": ""}, "external_id must be a str"),
            ({"duration": 899}, "duration is 899: pass 900 to 43200"),
            ({"duration": 43201}, "duration is 43201"),
            ({"duration": True}, "duration is True"),
            ({"duration": "900"}, "duration is '900'"),
            ({"duration": timedelta(hours=13)}, "pass 900 to 43200 whole seconds, or a timedelta"),
            ({"duration": timedelta(seconds=900, microseconds=1)}, "whole seconds"),
            ({"policy": ["Statement"]}, "policy must be a mapping, JSON or None, not list"),
            ({"source": "AKIA"}, "source must be awskms_lite.Credentials, a function .* not str"),
        ],
    )
    def test_what_sts_would_refuse_is_refused_before(self, options: dict[str, Any], telling: str) -> None:
        """The error names the argument, what it is, and what it takes."""
        with pytest.raises(ParameterError, match=telling):
            AssumeRole(**{"role_arn": ROLE, **options})

    def test_it_can_be_compared_and_shows_no_secret(self) -> None:
        """It is a value: equal, hashable, frozen; what proves who asks is not shown."""
        role = AssumeRole(ROLE, external_id="hunter2", policy={"a": ["hunter2"]}, duration=timedelta(hours=1))
        assert role == AssumeRole(ROLE, external_id="hunter2", policy='{"a":["hunter2"]}', duration=3600)
        assert len({role, AssumeRole(ROLE)}) == 2
        secret = AssumeRole(ROLE, source=partial(Credentials, "AKIA", "hunter2"))
        assert "hunter2" not in f"{role!r} {secret!r}"
        assert repr(role).startswith(f"AssumeRole(role_arn='{ROLE}'")


class TestRegions:
    """A client of another region, made from a client."""

    def test_it_shares_credentials_and_endpoint(self, way: Way, clock: Clock, vault: Vault) -> None:
        """One search serves all regions; AWS's own endpoint is the region's, a custom one stays."""
        kms = way.client(region="us-east-2", environ={}, credentials=vault, clock=clock).client
        regions = [kms, kms.in_region("eu-west-1"), kms.in_region("eu-west-1").in_region("ap-south-1")]
        found = [way.run(client.resolve_credentials).access_key_id for client in regions]
        assert found == ["AKIA1"] * 3
        assert [client.region for client in regions] == ["us-east-2", "eu-west-1", "ap-south-1"]
        assert regions[2].endpoint_url == "https://kms.ap-south-1.amazonaws.com"
        custom = way.client(region="us-east-2", environ={}, endpoint_url="http://kms.test:8080/").client
        assert custom.in_region("eu-west-1").endpoint_url == "http://kms.test:8080"
        fips = way.client(region="us-gov-west-1", environ={}, use_fips_endpoint=True).client
        assert fips.in_region("us-gov-east-1").endpoint_url == "https://kms-fips.us-gov-east-1.amazonaws.com"
        named = way.client(region="fips-us-gov-west-1", environ={}).client
        assert named.in_region("us-gov-east-1").endpoint_url == "https://kms-fips.us-gov-east-1.amazonaws.com"

    def test_its_calls_are_of_its_region(self, way: Way, local: LocalKMS) -> None:
        """Keys of the other region are found there, over the one connection that there is."""
        here, there = local.add_key(), local.add_key(region="eu-west-1")
        kms = way.client(environ=local.environ).client
        other = kms.in_region("eu-west-1")
        assert [key.key_arn for key in way.run(kms.list_keys).keys] == [here]
        assert [key.key_arn for key in way.run(other.list_keys).keys] == [there]
        with pytest.raises(ParameterError, match=r"is in us-east-1.*eu-west-1"):
            way.run(partial(other.get_key_last_usage, here))

    def test_it_ends_with_the_client_and_alone(self, way: Way, local: LocalKMS) -> None:
        """To close it closes nothing else; to close the client it was made from closes it too."""
        kms = way.client(environ=local.environ).client
        first, second = kms.in_region("eu-west-1"), kms.in_region("eu-west-1")
        third = second.in_region("us-west-2")
        way.run(first.close if isinstance(first, KMSClient) else first.aclose)
        with pytest.raises(ClosedError):
            way.run(first.list_keys)
        with pytest.raises(ClosedError):
            way.run(first.resolve_credentials)
        assert way.run(third.list_keys).keys == way.run(kms.list_keys).keys == ()
        way.run(kms.close if isinstance(kms, KMSClient) else kms.aclose)
        for client in (second, third):
            with pytest.raises(ClosedError):
                way.run(client.list_keys)

    def test_quotas_are_its_own(self, way: Way) -> None:
        """KMS counts by region, so neither the retry quota nor the pace of a region is another's."""
        kms = way.client(region="us-east-2", environ={}, pacing=Pacing()).client
        other = kms.in_region("eu-west-1")
        assert kms._state.rate_limiters is not None
        assert other._state.rate_limiters is not None
        assert other._state.rate_limiters is not kms._state.rate_limiters
        assert other._state.quota is not kms._state.quota
        assert other._state.retry == kms._state.retry

    def test_a_subclass_stays_one(self) -> None:
        """What a subclass has of its own is there in the other region too."""

        class Mine(KMSClient):
            note = "none"

        with Mine(region="us-east-2", environ={}) as kms:
            kms.note = "kept"
            other = kms.in_region("eu-west-1")
            assert (type(other), other.note) == (Mine, "kept")

    @pytest.mark.parametrize("region", ["", "eu west", "x/../y", None, 5])
    def test_what_is_no_region_is_refused(self, way: Way, region: Any) -> None:
        """The name becomes part of a host name, so it is checked as the constructor does."""
        kms = way.client(region="us-east-2", environ={}).client
        with pytest.raises(ConfigurationError, match="is not a region"):
            kms.in_region(region)


@pytest.mark.anyio
@pytest.mark.outward
async def test_other_tasks_run_while_a_person_types_a_code(tmp_path: Path, local: LocalKMS) -> None:
    """The function for MFA codes may block: the event loop goes on meanwhile."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile ops]\nrole_arn = arn:aws:iam::{OTHER_ACCOUNT}:role/R\nsource_profile = base\nmfa_serial = me\n"
        f"[profile base]\naws_access_key_id = {local.credentials.access_key_id}\n"
        f"aws_secret_access_key = {local.credentials.secret_access_key}\n"
    )
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    environ = {name: value for name, value in local.environ.items() if name not in keys}
    environ.update(AWS_CONFIG_FILE=str(config), AWS_PROFILE="ops")
    asked, typed = threading.Event(), threading.Event()

    def mfa(serial: str) -> str:
        asked.set()
        return "123456" if typed.wait(PATIENCE) else "nobody typed"

    async def type_it() -> None:
        while not asked.is_set():
            await anyio.lowlevel.checkpoint()
        typed.set()

    async with AsyncKMSClient(environ=environ, mfa=mfa) as kms, anyio.create_task_group() as group:
        group.start_soon(type_it)
        assert (await kms.resolve_credentials()).session_token
