"""What an audit asks about a key beyond its last use, if that is wanted: its tags, rotations and users.

What cannot be had is missing, and its cause is among the target's failures; a key's verdict does not depend on it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

from attrs import evolve, frozen

from ..costs import monthly_cost
from ..errors import KMSLiteError, UnsupportedOperationException
from .clients import TargetClient
from .failures import failure_of, has_expired, is_transient
from .inventory import try_repeatedly
from .progress import TargetProgress
from .records import Failure, KeyFacts
from .rules import TrailQuestions, trail_questions
from .trail import Trail

_TAGS_PER_PAGE = 50
"""The most tags that a key can have, and the largest page of ListResourceTags."""
_ROTATIONS_PER_PAGE = 1000
"""The largest page of ListKeyRotations."""
_OUTAGE_AFTER = 3
"""Keys in a row that an operation told nothing about, in spite of some patience, after which it is given up."""


async def read_tags(client: TargetClient, name: str) -> dict[str, str]:
    """Return the tags of a key."""
    listing = client.iter_list_resource_tags(name, page_size=_TAGS_PER_PAGE)
    return {tag.tag_key: tag.tag_value async for tag in listing}


@frozen
class DetailOptions:
    """Which details of keys are wanted; what CloudTrail is asked about a key depends on the idle window."""

    rotations: bool = False
    cloudtrail: bool = False
    idle_days: int = 90
    tags: bool = False
    owners: bool = False

    @property
    def are_wanted(self) -> bool:
        """Return whether there is anything to ask."""
        return self.tags or self.rotations or self.cloudtrail

    def are_missing(self, facts: KeyFacts) -> bool:
        """Return whether something that is wanted is not known of a key and may be had."""
        return self.lack_tags(facts) or self.lack_rotations(facts) or self.lack_users(facts)

    def lack_tags(self, facts: KeyFacts) -> bool:
        """Return whether the tags of a key are to be read: AWS managed keys have none, and only owners may."""
        return self.tags and facts.tags is None and facts.manager != "AWS" and not facts.shared

    def lack_rotations(self, facts: KeyFacts) -> bool:
        """Return whether the rotations of a key are to be counted: those of keys that cost something."""
        return self.rotations and facts.rotations is None and bool(monthly_cost(facts).usd)

    def lack_users(self, facts: KeyFacts) -> bool:
        """Return whether CloudTrail is to be asked about a key."""
        questions = self.trail_questions(facts) if self.cloudtrail else None
        return questions is not None and (questions.recent_uses or facts.cloudtrail_checked_at is None)

    def trail_questions(self, facts: KeyFacts) -> TrailQuestions | None:
        """Return what CloudTrail is to be asked about a key; None if nothing."""
        return trail_questions(facts, self.idle_days, owners=self.owners)


class DetailReader:
    """Reads the wanted details of the keys of one target; `expire` is called if its credentials have expired."""

    def __init__(
        self,
        client: TargetClient,
        options: DetailOptions,
        progress: TargetProgress,
        expire: Callable[[Failure], None],
    ) -> None:
        self._client = client
        self._options = options
        self._progress = progress
        self._expire = expire
        self._trail: Trail | None = None
        if options.cloudtrail:
            self._trail = Trail(client.cloudtrail, progress.count_lookup)
            progress.follow(client.cloudtrail.rate_limiters, ("LookupEvents",))
        self._unanswered: Counter[str] = Counter()
        self._given_up: set[str] = set()

    async def read(self, facts: KeyFacts) -> KeyFacts:
        """Return the facts with what could be had."""
        if self._options.lack_tags(facts):
            facts = await self._try("ListResourceTags", facts, self._with_tags)
        if self._options.lack_rotations(facts):
            facts = await self._try("ListKeyRotations", facts, self._with_rotations)
        if self._options.lack_users(facts):
            facts = await self._try("LookupEvents", facts, self._with_users)
        return facts

    async def _try(
        self, operation: str, facts: KeyFacts, read: Callable[[KeyFacts], Awaitable[KeyFacts]]
    ) -> KeyFacts:
        if operation in self._given_up:
            return facts
        try:
            facts = await read(facts)
        except KMSLiteError as error:
            self._failed(operation, error)
        else:
            self._unanswered[operation] = 0
        return facts

    def _failed(self, operation: str, error: KMSLiteError) -> None:
        """Note the failure, and give the operation up if it would fail for the other keys too."""
        failure = failure_of(error, operation)
        if has_expired(error):
            self._expire(failure)
            self._given_up |= {"ListResourceTags", "ListKeyRotations", "LookupEvents"}
            return
        self._progress.note_failure(failure)
        self._unanswered[operation] += is_transient(error)
        # A key's policy may refuse its tags or rotations; what refuses CloudTrail's events is not about the key.
        is_general = operation == "LookupEvents" and not is_transient(error)
        if is_general or self._unanswered[operation] >= _OUTAGE_AFTER:
            self._given_up.add(operation)

    async def _with_tags(self, facts: KeyFacts) -> KeyFacts:
        tags, error = await try_repeatedly(self._client, partial(read_tags, self._client, facts.key_id))
        if tags is None:
            assert error is not None
            raise error
        return evolve(facts, tags=tags)

    async def _with_rotations(self, facts: KeyFacts) -> KeyFacts:
        async def count() -> int:
            listing = self._client.iter_list_key_rotations(facts.key_id, page_size=_ROTATIONS_PER_PAGE)
            return len([rotation async for rotation in listing])

        number, error = await try_repeatedly(self._client, count)
        if isinstance(error, UnsupportedOperationException):  # its material cannot be rotated
            number = 0
        elif error is not None:
            raise error
        return evolve(facts, rotations=number)

    async def _with_users(self, facts: KeyFacts) -> KeyFacts:
        questions = self._options.trail_questions(facts)
        assert questions is not None
        assert self._trail is not None
        return await self._trail.read(facts, questions)
