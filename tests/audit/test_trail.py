"""What is read out of a CloudTrail, event by event: what counts, what is unknown, and when reading ends."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest
from support.audit_data import KEY_ID, NOW, arn_of, days, facts, used

from awskms_lite.audit import KeyFacts, KeyUser, KeyUses, judge
from awskms_lite.audit.rules import TrailQuestions, trail_questions
from awskms_lite.audit.trail import Trail
from awskms_lite.errors import AccessDeniedException, KMSLiteError
from awskms_lite.models.events import Event, ListedResource, LookupEventsResponse
from awskms_lite.models.usage import KeyLastUsageData

if TYPE_CHECKING:
    from awskms_lite.audit.clients import TrailClient

ARN, OTHER = arn_of(), arn_of("9999abcd-12ab-34cd-56ef-1234567890ab")
ROLE = "arn:aws:iam::111122223333:role/App"
EVERYTHING = TrailQuestions(last_user=False, recent_uses=True, failed_uses=True)
DISABLED = facts(state="Disabled")


def event(
    name: str = "Decrypt",
    ago: timedelta = timedelta(1),
    *,
    arns: Sequence[str] = (ARN,),
    code: str | None = None,
    text: str | None = None,
    event_id: str = "event",
    listed: Sequence[str] | None = None,
    source: str = "kms.amazonaws.com",
    raw: str | None = None,
    **identity: Any,
) -> Event:
    """Return an event as LookupEvents has it, listed by the ARNs of its keys."""
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"arn": ROLE, **identity},
        "errorCode": code,
        "errorMessage": text,
        "resources": [{"ARN": arn} for arn in arns],
    }
    return Event(
        event_id=event_id,
        event_name=name,
        event_time=NOW - ago,
        event_source=source,
        listed_resources=tuple(
            ListedResource(resource_name=each) for each in (arns if listed is None else listed)
        ),
        raw=json.dumps({key: value for key, value in record.items() if value}) if raw is None else raw,
    )


class Client:
    """A CloudTrail that answers by attribute, in pages, and keeps what it was asked; an error is raised."""

    def __init__(self, *pages: Sequence[Event] | KMSLiteError, **others: Sequence[Event]) -> None:
        self.pages = list(pages) or [[]]
        self.others = others
        self.asked: list[dict[str, Any]] = []

    def now(self) -> datetime:
        return NOW

    async def sleep(self, _: float) -> None:
        await anyio.lowlevel.checkpoint()

    async def lookup_events(self, **members: Any) -> LookupEventsResponse:
        self.asked.append(members)
        if members["attribute_key"] != "ResourceName":
            found = self.others.get(members["attribute_key"], ())
            return LookupEventsResponse(events=tuple(found))
        number = int(members["next_token"] or 0)
        page = self.pages[number]
        if isinstance(page, KMSLiteError):
            raise page
        following = str(number + 1) if number + 1 < len(self.pages) else None
        return LookupEventsResponse(events=tuple(page), next_token=following)

    def names(self) -> list[str]:
        return [str(members["attribute_key"]) for members in self.asked]


def read(client: Client, key: KeyFacts, questions: TrailQuestions | None = None) -> KeyFacts:
    """Return the facts with what a trail tells, by default what an audit would ask."""
    questions = trail_questions(key, 90) if questions is None else questions
    assert questions is not None
    trail = Trail(cast("TrailClient", client), lambda: None)
    return anyio.run(trail.read, key, questions)


def recent(key: KeyFacts) -> KeyUses:
    assert key.recent_uses is not None
    return key.recent_uses


def failed(key: KeyFacts) -> KeyUses:
    assert key.failed_uses is not None
    return key.failed_uses


class TestWhatCounts:
    """Events that are uses, and those that are not."""

    def test_a_record_without_resources_counts_where_it_is_listed(self) -> None:
        """A refusal whose record names no key is one of the key that the history lists it under alone."""
        mine = event(code="DisabledException", arns=(), listed=(ARN,))
        others = event(code="DisabledException", arns=(), listed=(OTHER,))
        assert failed(read(Client([mine, others]), DISABLED, EVERYTHING)).count == 1

    @pytest.mark.parametrize(
        ("found", "counts"),
        [
            (event("GenerateDataKey"), True),
            (event("ReEncrypt", arns=(OTHER, ARN)), True),
            (event("Encapsulate"), True),
            (event("SomethingNewer"), True),
            (event("RotateKey"), False),
            (event("GenerateDataKey", source="other.amazonaws.com"), False),
            (event("Decrypt", arns=(OTHER,)), False),
            (event("DescribeKey"), False),
            (event("GetKeyLastUsage"), False),
            (event("Decrypt", code="AccessDenied"), False),
            (event("Decrypt", code="DisabledException"), False),
            (event("Sign", source="signer.amazonaws.com"), False),
        ],
    )
    def test_a_successful_use(self, found: Event, counts: bool) -> None:
        """It is a cryptographic operation of KMS with this key, without an error."""
        uses = recent(read(Client([found]), facts()))
        assert (uses.count, uses.last) == ((1, NOW - days(1)) if counts else (0, None))

    @pytest.mark.parametrize(
        ("found", "counts"),
        [
            (event(code="DisabledException", text=f"{ARN} is disabled."), True),
            (event(code="DisabledException", text=f"{ARN} is pending deletion."), True),
            (event(code="DisabledException"), True),
            (event(code="KMSInvalidStateException", text=f"{ARN} is pending deletion."), True),
            (event(code="KMSInvalidStateException"), True),
            (event(code="AccessDenied"), False),
            (event(code="ThrottlingException"), False),
            (event("EnableKeyRotation", code="DisabledException"), False),
            (event("ReEncrypt", arns=(OTHER, ARN), code="DisabledException", text=f"{ARN} is disabled."), True),
            (event("ReEncrypt", arns=(OTHER, ARN), code="DisabledException", text=f"{OTHER} is disabled."), False),
            (event(arns=(OTHER,), code="DisabledException"), False),
        ],
    )
    def test_a_refused_use(self, found: Event, counts: bool) -> None:
        """It has either code, is a use of this key, and names no other key as the cause."""
        assert failed(read(Client([found]), DISABLED)).count == counts

    @pytest.mark.parametrize(
        ("text", "counts"), [(f"{ARN} is pending deletion.", 1), ("The key store is disconnected.", 0), (None, 0)]
    )
    def test_a_custom_key_store(self, text: str | None, counts: int) -> None:
        """It fails with one of the codes for reasons of its own, which are no refusals."""
        key = facts(state="Disabled", origin="AWS_CLOUDHSM")
        assert failed(read(Client([event(code="KMSInvalidStateException", text=text)]), key)).count == counts
        assert failed(read(Client([event(code="DisabledException", text=text)]), key)).count == 1

    def test_users_are_named_once(self) -> None:
        """As far as an event names one: a principal, a service, or another account."""
        page = [
            event(),
            event(invokedBy="s3.amazonaws.com"),
            event(arn=None, invokedBy="s3.amazonaws.com"),
            event(arn=None, accountId="444455556666"),
            event(arn=None),
            event(),
        ]
        assert recent(read(Client(page), facts())).users == (ROLE, "s3.amazonaws.com", "444455556666", "unknown")


class TestSince:
    """From when on uses count."""

    def test_since_it_was_disabled(self) -> None:
        """Refusals count from the first act that made it unusable, as long as nothing enabled it in between."""
        page = [
            event(code="DisabledException", ago=days(1)),
            event("ScheduleKeyDeletion", ago=days(2)),
            event(code="DisabledException", ago=days(3)),
            event("DisableKey", ago=days(4)),
            event("EnableKey", ago=days(5)),
            event(code="DisabledException", ago=days(6)),
            event("DisableKey", ago=days(7)),
        ]
        uses = failed(read(Client(page), DISABLED))
        assert (uses.count, uses.since, uses.last, uses.at_least) == (2, NOW - days(4), NOW - days(1), False)

    def test_acts_that_failed_changed_nothing(self) -> None:
        """A refused EnableKey did not enable it."""
        page = [
            event("EnableKey", code="AccessDenied", ago=days(1)),
            event(code="DisabledException", ago=days(2)),
            event("DisableKey", code="AccessDenied", ago=days(3)),
        ]
        uses = failed(read(Client(page), DISABLED))
        assert (uses.count, uses.since) == (1, NOW - days(90))

    def test_reading_ends_where_it_was_enabled(self) -> None:
        """Whoever asks for refusals alone need not read further."""
        client = Client([event("DisableKey")], [event("EnableKey")], [event()])
        uses = failed(read(client, facts(state="PendingDeletion")))
        assert (client.names().count("ResourceName"), uses.at_least, uses.since) == (2, False, NOW - days(1))

    def test_the_period_is_fixed(self) -> None:
        """All pages of a search have the same times, as their token demands."""
        client = Client([event()], [event()])
        read(client, facts())
        assert [(each["start_time"], each["end_time"]) for each in client.asked] == [(NOW - days(90), NOW)] * 2
        assert [each["next_token"] for each in client.asked] == [None, "1"]

    def test_a_busy_history_is_not_read_to_its_end(self) -> None:
        """After some pages the answer is a minimum, since the earliest event that was read."""
        client = Client(
            *([event("DescribeKey", ago=days(number)), event(ago=days(number))] for number in range(9))
        )
        key = read(client, DISABLED, EVERYTHING)
        assert len(client.asked) == 5
        assert recent(key) == KeyUses(count=5, at_least=True, since=NOW - days(4), last=NOW, users=(ROLE,))
        assert (failed(key).count, failed(key).at_least, failed(key).since) == (0, True, NOW - days(4))
        assert "at least 5 uses of it since" in " ".join(judge(key, 90).reasons)
        assert "though not all events were read" in " ".join(judge(key, 90).reasons)

    def test_an_event_that_cannot_be_read(self) -> None:
        """It may have been a use, so the others are a minimum; one of another operation is passed over."""
        assert recent(read(Client([event(raw="{")]), facts())) == KeyUses(
            count=0, at_least=True, since=NOW - days(90), last=None
        )
        assert not recent(read(Client([event("DescribeKey", raw="{")]), facts())).at_least


class TestLastUser:
    """The event of a last use."""

    @pytest.mark.parametrize(
        "found",
        [
            [],
            [event(event_id="another")],
            [event(arns=(OTHER,))],
            [event(raw="not JSON")],
        ],
    )
    def test_an_event_that_is_not_it(self, found: list[Event]) -> None:
        """Nobody is named for a use by another event, or by one that cannot be read."""
        key = read(Client(EventId=found), facts(last_usage=used(days(1))))
        assert (key.last_user, key.cloudtrail_checked_at) == (None, NOW)
        assert "who made the last use is unknown" in " ".join(judge(key, 90).reasons).casefold()

    def test_a_use_without_an_event(self) -> None:
        """Nobody is asked for one that KMS does not name, and that is said."""
        client = Client()
        key = read(client, facts(last_usage=KeyLastUsageData("Decrypt", NOW - days(1))))
        assert (key.last_user, client.asked) == (None, [])
        assert "KMS does not name its event" in " ".join(judge(key, 90).reasons)

    def test_only_its_event_is_asked_for(self) -> None:
        """One request for a key in use."""
        client = Client(EventId=[event(sourceIPAddress="x")])
        key = read(client, facts(last_usage=used(days(1))))
        assert key.last_user == KeyUser(principal_arn=ROLE, event_id="event", event_time=NOW - days(1))
        assert client.names() == ["EventId"]
        assert client.asked[0]["attribute_value"] == "event"


class TestSearchesThatFindNoUses:
    """An account in which a key's ARN does not find its uses."""

    def run(self, client: Client, *keys: KeyFacts) -> list[KeyFacts]:
        """Read several keys of one target."""

        async def read_all() -> list[KeyFacts]:
            trail = Trail(cast("TrailClient", client), lambda: None)
            questions = [trail_questions(key, 90) for key in keys]
            return [
                await trail.read(key, asked)
                for key, asked in zip(keys, questions, strict=True)
                if asked is not None
            ]

        return anyio.run(read_all)

    def test_shown_by_the_event_of_a_last_use(self) -> None:
        """If that is not listed by its key's ARN, what a search does not find is unknown."""
        client = Client(EventId=[event(listed=[KEY_ID])])
        _, unused = self.run(client, facts(last_usage=used(days(1))), facts(state="Disabled"))
        assert (unused.recent_uses, unused.failed_uses) == (None, None)
        told = " ".join(judge(unused, 90).reasons)
        assert "Whether CloudTrail has other uses of it is unknown" in told
        assert "Whether uses of it were refused is unknown" in told
        assert "no use of it" not in told
        assert client.names() == ["EventId", "ResourceName"]

    def test_shown_by_the_event_of_any_use(self) -> None:
        """Before the first empty answer is believed, any use of the account is looked at."""
        client = Client(EventName=[event(arns=(OTHER,), listed=[])])
        first, second = self.run(client, facts(), facts())
        assert (first.recent_uses, second.recent_uses) == (None, None)
        assert client.names() == ["ResourceName", "EventName", "ResourceName"]

    def test_shown_to_find_them(self) -> None:
        """Then an empty answer is none."""
        client = Client(EventName=[event(arns=(OTHER,), listed=["other-id", OTHER])])
        first, second = self.run(client, facts(), facts())
        assert (recent(first).count, recent(second).count) == (0, 0)
        assert client.names() == ["ResourceName", "EventName", "ResourceName"]

    def test_an_account_without_any_use(self) -> None:
        """Nothing speaks against the search; that is looked for once."""
        client = Client()
        first, second = self.run(client, facts(), facts())
        assert (recent(first).count, recent(second).count) == (0, 0)
        assert client.names() == ["ResourceName", *["EventName"] * 3, "ResourceName"]

    def test_what_is_found_is_a_minimum(self) -> None:
        """Uses that a search finds nevertheless are some of them."""
        client = Client([event()], EventId=[event(listed=[])])
        _, unused = self.run(client, facts(last_usage=used(days(1))), facts())
        assert (recent(unused).count, recent(unused).at_least) == (1, True)


def test_a_failure_is_raised() -> None:
    """What cannot be had is no empty answer, on a later page neither."""
    for pages in ([AccessDeniedException("no")], [[event()], AccessDeniedException("no")]):
        with pytest.raises(AccessDeniedException):
            read(Client(*pages), facts())
