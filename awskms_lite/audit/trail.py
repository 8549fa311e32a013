"""What CloudTrail's event history is asked about the keys of one target: who used them, and who was refused.

LookupEvents takes one attribute, so a last use is looked up by its event id, and other uses by the key's ARN. AWS
documents the latter only for calls that change a key, so it is checked in each target by an event whose key is
known: if a search by ARN would not find that, it is unknown whether other keys were used. An empty answer is no
proof in any case.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio
from attrs import evolve

from ..models.events import LookupAttributeKey
from .inventory import try_repeatedly
from .records import KeyFacts, KeyUser
from .rules import TrailQuestions
from .uses import HISTORY, KeyEvents, creators_of, is_listed_by_arn, user_of

if TYPE_CHECKING:
    from ..models.events import Event, LookupEventsResponse
    from .clients import TrailClient

_PAGES_PER_KEY = 5
"""Pages of 50 events: 2.5 seconds at 2 requests a second. Whoever reads the keys every day leaves more events."""
_PAGES_OF_CREATIONS = 40
"""Pages of 50 events, at 2 requests a second: the latest 2,000 keys that an account created in a region."""
_COMMON_USES = ("Decrypt", "GenerateDataKey", "Encrypt")
"""Uses that an account has events of, if it has any."""


class Trail:
    """The event history of one target. It raises the error of a request that failed in spite of some patience."""

    def __init__(self, client: "TrailClient", answered: Callable[[], None]) -> None:
        self._client = client
        self._answered = answered
        self._finds_uses: bool | None = None
        self._is_checked = False
        self._checking = anyio.Lock()
        self._creators: dict[str, str] | None = None

    async def read(self, facts: KeyFacts, questions: TrailQuestions) -> KeyFacts:
        """Return the facts with the answers to these questions; what is unknown stays None."""
        if questions.last_user:
            facts = evolve(facts, last_user=await self._last_user(facts))
        if questions.creator:
            facts = evolve(facts, created_by=await self._creator(facts.arn))
        if questions.recent_uses or questions.failed_uses:
            facts = await self._search(facts, questions)
        return evolve(facts, cloudtrail_checked_at=self._client.now())

    async def _last_user(self, facts: KeyFacts) -> KeyUser | None:
        used = facts.last_usage
        assert used is not None
        assert used.cloud_trail_event_id is not None
        page = await self._look_up(LookupAttributeKey.EVENT_ID, used.cloud_trail_event_id)
        for event in page.events:
            user = user_of(event, facts.arn, used.cloud_trail_event_id)
            if user is not None:
                self._note(event)
                return user
        return None

    async def _creator(self, arn: str) -> str | None:
        """Return who created a key; all creations in the event history are read at once, when first asked."""
        async with self._checking:
            if self._creators is None:
                self._creators = await self._list_creators()
        return self._creators.get(arn)

    async def _list_creators(self) -> dict[str, str]:
        creators: dict[str, str] = {}
        token: str | None = None
        for _ in range(_PAGES_OF_CREATIONS):
            page = await self._look_up(LookupAttributeKey.EVENT_NAME, "CreateKey", token=token)
            creators.update(creators_of(page.events))
            token = page.next_token
            if token is None:
                break
        return creators

    def _note(self, event: "Event") -> None:
        """Note whether a search by ARN finds a use that was found otherwise; one that it misses counts for all."""
        is_listed = is_listed_by_arn(event)
        if is_listed is not None:
            self._finds_uses = is_listed and self._finds_uses is not False

    async def _search(self, facts: KeyFacts, questions: TrailQuestions) -> KeyFacts:
        """Return the facts with the uses that the key's ARN finds."""
        end = self._client.now()
        events = KeyEvents(facts, end - HISTORY)
        token: str | None = None
        for _ in range(_PAGES_PER_KEY):
            page = await self._look_up(LookupAttributeKey.RESOURCE_NAME, facts.arn, end - HISTORY, end, token)
            events.add(page.events)
            token = page.next_token
            if token is None or (events.was_enabled and not questions.recent_uses):
                break
        if events.found:
            self._finds_uses = self._finds_uses is not False
        elif not await self._can_find_uses():
            return facts
        complete = token is None and self._finds_uses is not False
        if questions.recent_uses:
            facts = evolve(facts, recent_uses=events.recent_uses(complete=complete))
        if questions.failed_uses:
            facts = evolve(facts, failed_uses=events.failed_uses(complete=complete))
        return facts

    async def _can_find_uses(self) -> bool:
        """Return whether a search by ARN finds uses, as far as is known; check it if nothing is known."""
        async with self._checking:
            for name in () if self._is_checked else _COMMON_USES:
                if self._finds_uses is not None:
                    break
                page = await self._look_up(LookupAttributeKey.EVENT_NAME, name)
                for event in page.events:
                    self._note(event)
            self._is_checked = True
        return self._finds_uses is not False

    async def _look_up(
        self,
        key: LookupAttributeKey,
        value: str,
        start: datetime | None = None,
        end: datetime | None = None,
        token: str | None = None,
    ) -> "LookupEventsResponse":
        """Return a page of the events with an attribute, the latest first."""
        page, error = await try_repeatedly(
            self._client,
            partial(
                self._client.lookup_events,
                attribute_key=key,
                attribute_value=value,
                start_time=start,
                end_time=end,
                next_token=token,
            ),
        )
        if page is None:
            assert error is not None
            raise error
        self._answered()
        return page
