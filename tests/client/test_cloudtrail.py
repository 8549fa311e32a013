"""The clients of CloudTrail: their endpoints, their pace, and lookups that go on to a fixed end."""

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import partial
from typing import Any

import httpx
import pytest
from support.docstrings import declared_errors
from support.either_client import EitherClient
from support.flow_world import answered
from support.servers import CREDENTIALS, ScriptedServer, Way, answer, replying

from awskms_lite import AsyncCloudTrailClient, AsyncKMSClient, CloudTrailClient, KMSClient, Pacing, errors, models
from awskms_lite.call import ClientState, beside, call, create_state, in_region
from awskms_lite.local import LocalKMS
from awskms_lite.models.events import LookupEventsRequest
from awskms_lite.operations import CLOUDTRAIL, KMS
from awskms_lite.operations.events import LOOKUP_EVENTS
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Exclusive, Flow, Response, Send, Sleep, Step

NOW = 1_790_000_000.0
TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
KINDS = (CloudTrailClient, AsyncCloudTrailClient)
EVENTS = {name: {"EventId": name, "CloudTrailEvent": "{}"} for name in "abcdef"}
AT = datetime(2026, 6, 1, tzinfo=UTC)
FOLLOWED = ("Decrypt", "DisableKey", "Encrypt")


class Trail:
    """Answers lookups from a script of pages of event ids, dated by its own clock, and keeps what was asked."""

    def __init__(self, *pages: str, time: float = NOW) -> None:
        self.pages = list(pages) or [""]
        self.time = time
        self.asked: list[dict[str, Any]] = []
        self.requests: list[httpx.Request] = []
        self.failures: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.asked.append(json.loads(request.content))
        headers = {"Date": formatdate(self.time, usegmt=True), "x-amzn-RequestId": f"id-{len(self.asked)}"}
        if self.failures:
            return httpx.Response(400, json=self.failures.pop(0), headers=headers)
        page = int(self.asked[-1].get("NextToken", "0"))
        more = {"NextToken": str(page + 1)} if page + 1 < len(self.pages) else {}
        return httpx.Response(
            200, json={"Events": [EVENTS[name] for name in self.pages[page]], **more}, headers=headers
        )

    @property
    def ends(self) -> list[float]:
        return [asked["EndTime"] for asked in self.asked]


class Lookups:
    """A client of either kind beside the trail that it asks; its clock moves by what it sleeps."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.now = NOW

    def client(self, trail: Callable[[httpx.Request], httpx.Response], **options: Any) -> Any:
        given = {
            "region": "us-east-2",
            "environ": {},
            "credentials": CREDENTIALS,
            "clock": lambda: self.now,
            "sleep": self.sleep if self.way.is_sync else self.sleep_async,
            "http_client": self.way.http_client(transport=httpx.MockTransport(trail)),
            **options,
        }
        return self.way.client_of(KINDS, **given).client

    def sleep(self, seconds: float) -> None:
        self.way.sleep(seconds)
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        await self.way.sleep_async(seconds)
        self.now += seconds

    def run(self, method: Callable[..., Any], **options: Any) -> Any:
        return self.way.run(lambda: method(**options))

    def ids(self, listing: Any) -> list[str]:
        """Return the ids of the events that are left of a listing."""
        if self.way.is_sync:
            return [event.event_id for event in listing]

        async def collect() -> list[str]:
            return [event.event_id async for event in listing]

        found: list[str] = self.way.run(collect)
        return found


@pytest.fixture
def lookups(way: Way) -> Lookups:
    return Lookups(way)


def state(environ: dict[str, str] | None = None, *, pacing: Pacing | None = None, **options: Any) -> ClientState:
    """Return what the calls of a KMS client share."""
    return create_state(
        resolve_settings({"AWS_REGION": "us-east-2", **(environ or {})}, options.pop("sections", {}), **options),
        credentials=CREDENTIALS,
        retry=None,
        pacing=pacing,
        timeout=None,
        mfa=None,
        clock=lambda: NOW,
        timer=lambda: NOW,
        random=lambda: 1.0,
        new_id=lambda: "call-1",
    )


def begin(flow: Flow[Any]) -> Step:
    """Return the first step of a flow after its search for credentials, which asks nothing of the world here."""
    step = flow.send(None)
    while isinstance(step, Exclusive):
        with pytest.raises(StopIteration) as end:
            step.flow.send(None)
        step = flow.send(end.value.value)
    return step


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://cloudtrail.us-east-2.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://cloudtrail.cn-north-1.amazonaws.com.cn"),
        ({"use_dualstack_endpoint": True}, "https://cloudtrail.us-east-2.api.aws"),
        ({"use_fips_endpoint": True}, "https://cloudtrail-fips.us-east-2.amazonaws.com"),
        ({"use_fips_endpoint": True, "use_dualstack_endpoint": True}, "https://cloudtrail-fips.us-east-2.api.aws"),
        ({"region": "fips-us-east-2"}, "https://cloudtrail-fips.us-east-2.amazonaws.com"),
        *(
            ({"region": region, "use_fips_endpoint": True}, f"https://cloudtrail.{region}.amazonaws.com")
            for region in ("us-gov-east-1", "us-gov-west-1")
        ),
        (
            {"region": "us-gov-west-1", "use_fips_endpoint": True, "use_dualstack_endpoint": True},
            "https://cloudtrail-fips.us-gov-west-1.api.aws",
        ),
        ({"environ": {"AWS_ENDPOINT_URL_CLOUDTRAIL": "http://localhost:1"}}, "http://localhost:1"),
        ({"environ": {"AWS_ENDPOINT_URL": "http://localhost:2"}}, "http://localhost:2"),
        (
            {"environ": {"AWS_ENDPOINT_URL_KMS": "http://localhost:3"}},
            "https://cloudtrail.us-east-2.amazonaws.com",
        ),
        ({"endpoint_url": "http://localhost:4/"}, "http://localhost:4"),
    ],
)
def test_an_endpoint_is_that_of_cloudtrail(options: dict[str, Any], url: str) -> None:
    """The region, FIPS, dual-stack, the environment and the arguments lead to CloudTrail's own hosts."""
    with CloudTrailClient(**{"region": "us-east-2", "environ": {}, **options}) as client:
        assert client.endpoint_url == url


def test_an_endpoint_of_the_profile_is_found(tmp_path: Any) -> None:
    """The `services` section of a profile names CloudTrail's endpoint as it names KMS's."""
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = us-east-2\nservices = here\n"
        "[services here]\ncloudtrail =\n  endpoint_url = http://localhost:5\nkms =\n  endpoint_url = http://localhost:6\n"
    )
    environ = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    with CloudTrailClient(environ=environ) as client, KMSClient(environ=environ) as kms:
        assert (client.endpoint_url, kms.endpoint_url) == ("http://localhost:5", "http://localhost:6")


@pytest.mark.parametrize("option", ["use_fips_endpoint", "use_dualstack_endpoint"])
def test_options_that_contradict_each_other_are_refused(option: str) -> None:
    """An endpoint of one's own is neither FIPS nor dual-stack, as for KMS."""
    options: dict[str, Any] = {"region": "us-east-2", "environ": {}, "endpoint_url": "http://localhost:1"}
    with pytest.raises(errors.ConfigurationError, match="cannot be combined with FIPS or dual-stack"):
        CloudTrailClient(**{**options, option: True})


class TestBeside:
    """What another service's calls share with those of a client."""

    def test_what_is_the_callers_is_shared(self) -> None:
        """Credentials, settings, retries, clock and timeout are the client's; endpoint and quotas are not."""
        kms = state(pacing=Pacing({"LookupEvents": 1}))
        trail = beside(kms, CLOUDTRAIL)
        for name in ("settings", "credentials", "retry", "service_clock", "timeout", "timer", "random", "new_id"):
            assert getattr(trail, name) is getattr(kms, name)
        assert (trail.service, trail.region) == (CLOUDTRAIL, "us-east-2")
        assert trail.endpoint_url == "https://cloudtrail.us-east-2.amazonaws.com"
        assert (trail.signer.service, trail.signer.host) == ("cloudtrail", "cloudtrail.us-east-2.amazonaws.com")
        assert trail.quota is not kms.quota
        assert trail.rate_limiters is not kms.rate_limiters
        assert self.rate(trail) == 1

    def test_cloudtrail_is_paced_although_kms_is_not(self) -> None:
        """A client without pacing looks events up twice a second."""
        kms = state()
        assert kms.rate_limiters is None
        assert self.rate(beside(kms, CLOUDTRAIL)) == 2

    def rate(self, trail: ClientState) -> float:
        assert trail.rate_limiters is not None
        (limiter,) = trail.rate_limiters.for_operation("LookupEvents")
        return limiter.rate

    def test_an_argument_about_endpoints_is_for_kms_alone(self) -> None:
        """A URL and FIPS that were passed for KMS say nothing of CloudTrail, and the environment does."""
        kms = state(endpoint_url="http://localhost:1")
        assert beside(kms, CLOUDTRAIL).endpoint_url == "https://cloudtrail.us-east-2.amazonaws.com"
        kms = state(use_fips_endpoint=True)
        assert beside(kms, CLOUDTRAIL).endpoint_url == "https://cloudtrail.us-east-2.amazonaws.com"
        kms = state({"AWS_USE_FIPS_ENDPOINT": "true"})
        assert beside(kms, CLOUDTRAIL).endpoint_url == "https://cloudtrail-fips.us-east-2.amazonaws.com"
        kms = state({"AWS_ENDPOINT_URL": "http://localhost:2"}, endpoint_url="http://localhost:1")
        assert beside(kms, CLOUDTRAIL).endpoint_url == "http://localhost:2"

    def test_another_region_stays_with_the_service(self) -> None:
        """The state of another service, taken to another region, is still that service's."""
        trail = in_region(beside(state(), CLOUDTRAIL), "eu-west-1")
        assert trail.endpoint_url == "https://cloudtrail.eu-west-1.amazonaws.com"
        assert (trail.signer.service, trail.signer.region) == ("cloudtrail", "eu-west-1")
        assert beside(trail, KMS).endpoint_url == "https://kms.eu-west-1.amazonaws.com"

    def test_a_call_is_signed_for_its_service(self) -> None:
        """The steps of a lookup: a signed POST to CloudTrail, by its target, and its answer."""
        trail = beside(state(), CLOUDTRAIL)
        flow = call(trail, LOOKUP_EVENTS, LookupEventsRequest(max_results=1))
        step = begin(flow)
        assert isinstance(step, Send)
        assert (step.request.method, step.request.url) == ("POST", "https://cloudtrail.us-east-2.amazonaws.com")
        headers = dict(step.request.headers)
        assert headers["X-Amz-Target"] == TARGET
        assert "/us-east-2/cloudtrail/aws4_request, " in headers["Authorization"]
        assert json.loads(step.request.body) == {"MaxResults": 1}
        with pytest.raises(StopIteration) as end:
            flow.send(answered(step, Response(200, {}, b'{"Events":[]}')))
        assert end.value.value == models.LookupEventsResponse()

    def test_a_second_call_waits_for_its_slot(self) -> None:
        """Two lookups at once are half a second apart."""
        trail = beside(state(), CLOUDTRAIL)
        first, second = (call(trail, LOOKUP_EVENTS, LookupEventsRequest()) for _ in range(2))
        assert isinstance(begin(first), Send)
        assert begin(second) == Sleep(0.5)


def test_both_clients_are_of_one_make() -> None:
    """They have the options and the lifetime of KMS's clients, and the same methods as each other."""
    for kind, kms in zip(KINDS, (KMSClient, AsyncKMSClient), strict=True):
        assert inspect.signature(kind) == inspect.signature(kms)
        shared = {name for name in dir(kms) if name in dir(kind)}
        assert {"region", "endpoint_url", "resolve_credentials", "in_region"} <= shared
        assert "decrypt" not in shared
    for name in ("lookup_events", "iter_lookup_events"):
        ours, theirs = (inspect.signature(getattr(kind, name)) for kind in KINDS)
        assert list(ours.parameters.values()) == list(theirs.parameters.values())
        assert str(theirs.return_annotation).removeprefix("Async") == str(ours.return_annotation)
    assert inspect.iscoroutinefunction(AsyncCloudTrailClient.lookup_events)


def test_the_wrong_kind_of_with_names_the_other_client() -> None:
    """A synchronous client in `async with` names the asynchronous client of its own service, and the reverse."""
    client = CloudTrailClient(region="us-east-2", environ={})
    with pytest.raises(errors.ParameterError, match=r"^CloudTrailClient is sync.*, or AsyncCloudTrailClient with"):
        client.__aenter__().send(None)
    other = AsyncCloudTrailClient(region="us-east-2", environ={})
    with pytest.raises(
        errors.ParameterError, match=r"^AsyncCloudTrailClient is async.*, or CloudTrailClient with"
    ):
        other.__enter__()


def test_a_page_is_looked_up(lookups: Lookups) -> None:
    """A lookup sends what it is asked, and returns the events and the token of the next page."""
    trail = Trail("ab", "c")
    client = lookups.client(trail)
    asked = {"attribute_key": "EventId", "attribute_value": "a", "start_time": AT, "end_time": AT}
    page = lookups.run(client.lookup_events, **asked, max_results=7)
    assert [event.event_id for event in page.events] == ["a", "b"]
    assert (page.next_token, page.metadata.request_id) == ("1", "id-1")
    last = lookups.run(client.lookup_events, next_token=page.next_token)
    assert ([event.event_id for event in last.events], last.next_token) == (["c"], None)
    attribute = {"AttributeKey": "EventId", "AttributeValue": "a"}
    times = {"StartTime": int(AT.timestamp()), "EndTime": int(AT.timestamp())}
    assert trail.asked == [{"LookupAttributes": [attribute], **times, "MaxResults": 7}, {"NextToken": "1"}]
    assert {request.headers["x-amz-target"] for request in trail.requests} == {TARGET}
    assert all(request.headers["user-agent"].startswith("awskms-lite/") for request in trail.requests)


@pytest.mark.parametrize("options", [{"attribute_key": "EventId"}, {"attribute_value": "a"}], ids=["key", "value"])
@pytest.mark.parametrize("name", ["lookup_events", "iter_lookup_events"])
def test_half_an_attribute_is_refused(name: str, options: dict[str, Any]) -> None:
    """A key without a value, or the reverse, would look up something else than was meant."""
    client = CloudTrailClient(region="us-east-2", environ={})
    with client, pytest.raises(errors.ParameterError, match="go together"):
        getattr(client, name)(**options)


def test_lookups_keep_to_the_quota(lookups: Lookups) -> None:
    """Two a second by default; `pacing` can slow them down, and a timeout too short for a slot ends the wait."""
    client = lookups.client(Trail())
    for _ in range(4):
        lookups.run(client.lookup_events)
    assert lookups.way.pauses == pytest.approx([0.5, 0.5, 0.5])
    with pytest.raises(errors.TimeoutError, match="rate limit"):
        lookups.run(client.lookup_events, timeout=0.1)
    slower = lookups.client(Trail(), pacing=Pacing({"LookupEvents": 0.5}))
    del lookups.way.pauses[:]
    for _ in range(2):
        lookups.run(slower.lookup_events)
    assert lookups.way.pauses == pytest.approx([2.0])


class TestIterLookupEvents:
    """Listings of events."""

    def test_all_pages_have_the_same_end(self, lookups: Lookups) -> None:
        """The end is fixed before the first page, so that events which come in meanwhile move nothing."""
        trail = Trail("ab", "", "c")
        events = lookups.client(trail).iter_lookup_events(
            attribute_key="ResourceName", attribute_value="x", start_time=AT, page_size=2
        )
        assert lookups.ids(events) == ["a", "b", "c"]
        assert events.ended
        assert trail.ends == [NOW] * 3
        without_tokens = [{**asked, "NextToken": ""} for asked in trail.asked]
        assert without_tokens == without_tokens[:1] * 3
        assert [asked.get("NextToken") for asked in trail.asked] == [None, "1", "2"]
        assert lookups.now > NOW

    def test_an_end_that_is_given_stays(self, lookups: Lookups) -> None:
        """An end of the caller's own is used as it is, whatever time it is."""
        trail = Trail("a", "b", time=NOW + 86_400)
        assert lookups.ids(lookups.client(trail).iter_lookup_events(end_time=AT)) == ["a", "b"]
        assert trail.ends == [AT.timestamp()] * 2

    def test_a_clock_that_is_behind_hides_no_events(self, lookups: Lookups) -> None:
        """If only an answer tells the service's time, the first page is asked for again, up to that time."""
        trail = Trail("a", "b", time=NOW + 2 * 86_400)
        client = lookups.client(trail)
        assert lookups.ids(client.iter_lookup_events()) == ["a", "b"]
        assert trail.ends[0] == NOW
        assert trail.ends[1:] == pytest.approx([NOW + 2 * 86_400] * 2, abs=3)
        assert trail.ends[1] == trail.ends[2]
        del trail.asked[:]
        assert lookups.ids(client.iter_lookup_events()) == ["a", "b"]
        assert len(trail.asked) == 2

    def test_a_clock_that_is_corrected_while_asking_hides_no_events(self, lookups: Lookups) -> None:
        """A refused signature corrects the clock, and the end that was signed before is not kept."""
        trail = Trail("a", time=NOW + 86_400)
        trail.failures.append({"__type": "RequestTimeTooSkewed"})
        assert lookups.ids(lookups.client(trail).iter_lookup_events()) == ["a"]
        assert trail.ends[-1] == pytest.approx(NOW + 86_400, abs=3)

    def test_a_start_to_come_is_an_empty_list(self, lookups: Lookups) -> None:
        """A start after the service's time is no mistake of the caller's: there are no events yet."""
        trail = Trail()
        start = datetime.fromtimestamp(NOW, UTC) + timedelta(hours=1)
        assert lookups.ids(lookups.client(trail).iter_lookup_events(start_time=start)) == []
        assert trail.ends == [NOW + 3600]

    def test_pages_are_bounded(self, lookups: Lookups) -> None:
        """No more pages are asked for than allowed, and the listing says that there is more."""
        trail = Trail("ab", "c", "d")
        events = lookups.client(trail).iter_lookup_events(max_pages=2)
        assert lookups.ids(events) == ["a", "b", "c"]
        assert (events.ended, events.marker, len(trail.asked)) == (False, "2", 2)
        whole = lookups.client(Trail("ab", "c")).iter_lookup_events(max_pages=2)
        assert lookups.ids(whole) == ["a", "b", "c"]
        assert whole.ended

    def test_items_are_bounded(self, lookups: Lookups) -> None:
        """No more events are returned than asked for."""
        trail = Trail("ab", "cd")
        events = lookups.client(trail).iter_lookup_events(max_items=3)
        assert lookups.ids(events) == ["a", "b", "c"]
        assert not events.ended

    def test_a_page_that_failed_is_asked_for_again(self, lookups: Lookups) -> None:
        """A listing goes on after an error, with the page that did not come and the end that it had."""
        trail = Trail("a", "b")
        events = lookups.client(trail).iter_lookup_events()
        trail.failures.append({"__type": "AccessDeniedException"})
        with pytest.raises(errors.AccessDeniedException):
            lookups.ids(events)
        lookups.now += 60
        assert lookups.ids(events) == ["a", "b"]
        assert trail.ends == [NOW, NOW + 60, NOW + 60]

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"page_size": 51}, "page_size is 51: pass 1 to 50"),
            ({"page_size": 0}, "page_size is 0: pass 1 to 50"),
            ({"max_pages": 0}, "max_pages is 0: pass 1 or more, or None for all"),
            ({"max_pages": "2"}, "max_pages must be an int, not str"),
            ({"max_items": -1}, "max_items is -1"),
            ({"timeout": 0}, "timeout is 0"),
        ],
    )
    def test_a_wrong_bound_is_refused(self, options: dict[str, Any], reason: str) -> None:
        """A wrong bound is refused when the listing is made."""
        client = CloudTrailClient(region="us-east-2", environ={})
        with client, pytest.raises(errors.ParameterError, match=f"^{reason}"):
            client.iter_lookup_events(**options)

    def test_a_token_that_comes_twice_ends_the_listing(self, lookups: Lookups) -> None:
        """A service that leads in a circle is not followed."""

        def circle(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json={"Events": [EVENTS["a"]], "NextToken": "1"})

        with pytest.raises(errors.ProtocolError, match="gives a marker for the second time"):
            lookups.ids(lookups.client(circle).iter_lookup_events())


DECLARED = declared_errors(LOOKUP_EVENTS)


@pytest.mark.parametrize("code", [*DECLARED, "AccessDeniedException", "ThrottlingException", "Unheard"])
def test_an_error_is_of_its_class_and_says_what_to_do(lookups: Lookups, code: str) -> None:
    """CloudTrail's errors are classes of their own, and no text about one sends the reader to KMS."""
    trail = Trail()
    trail.failures += [{"__type": code, "message": "said"}] * 3
    client = lookups.client(trail, timeout=1)
    with pytest.raises(errors.ServiceError) as caught:
        lookups.run(client.lookup_events)
    expected = getattr(errors, code, errors.ServiceError)
    assert type(caught.value) is expected
    assert str(caught.value).startswith(f"{code}: said (LookupEvents, HTTP 400, request id ")
    remedy = str(caught.value).rpartition("). ")[2]
    assert remedy
    assert "KMS" not in remedy
    assert "key" not in remedy.lower().replace("lookupattributekey", "")
    assert code != "Unheard" or "the AWS CloudTrail API reference" in remedy


def test_an_answer_of_another_kind_names_the_service(lookups: Lookups) -> None:
    """What is no answer of CloudTrail's says what to check, and shows none of it."""
    client = lookups.client(lambda _: httpx.Response(200, content=b"<html>"))
    with pytest.raises(errors.ProtocolError, match=r"LookupEvents cannot be read.*the endpoint is CloudTrail"):
        lookups.run(client.lookup_events)


def test_a_key_is_followed_from_its_last_use_to_its_user(way: Way, local: LocalKMS) -> None:
    """The event of a last use says who it was and for what, and a failed use is there with its error."""
    kms = EitherClient(way, local)
    trail: Any = way.client_of(KINDS, environ=local.environ).client
    key = local.add_key()
    blob = kms.encrypt(key, b"x", encryption_context={"app": "orders"}).ciphertext_blob
    event_id = kms.get_key_last_usage(key).key_last_usage.cloud_trail_event_id
    page = way.run(partial(trail.lookup_events, attribute_key="EventId", attribute_value=event_id))
    (event,) = page.events
    assert (event.event_name, event.error, event.error_code) == ("Encrypt", None, None)
    assert event.encryption_context == {"app": "orders"}
    assert event.principal_arn == "arn:aws:iam::111122223333:user/local"
    assert {resource.arn for resource in event.resources} == {key}
    kms.disable_key(key)
    local.advance(timedelta(days=2))  # beyond this machine's clock, which the listing must not end at
    with pytest.raises(errors.DisabledException):
        kms.decrypt(blob, encryption_context={"app": "orders"})
    listing = trail.iter_lookup_events(attribute_key="ResourceName", attribute_value=key, page_size=1)
    events = kms.take(listing)
    assert [(event.event_name, event.error_code) for event in events if event.event_name in FOLLOWED] == [
        ("Decrypt", "DisabledException"),
        ("DisableKey", None),
        ("Encrypt", None),
    ]


def test_a_lookup_over_a_socket(way: Way) -> None:
    """Our own connections carry CloudTrail's calls as they carry KMS's, and the regions of a client share them."""
    with ScriptedServer(replying(answer(b'{"Events":[{"EventId":"a"}]}'))) as server:
        options = {"region": "us-east-2", "environ": {}, "endpoint_url": server.url, "credentials": CREDENTIALS}
        client: Any = way.client_of(KINDS, **options).client
        assert way.run(client.lookup_events).events[0].event_id == "a"
        other = client.in_region("eu-west-1")
        assert type(other) is type(client)
        assert way.run(other.lookup_events).events[0].event_id == "a"
        assert way.run(client.resolve_credentials) == CREDENTIALS
        way.run(client.close if way.is_sync else client.aclose)
        with pytest.raises(errors.ClosedError):
            way.run(other.lookup_events)
    sent = b"".join(server.requests)
    assert TARGET.encode() in sent
    assert b"/eu-west-1/cloudtrail/aws4_request" in sent
