"""The keys of one target, read: described, and asked about if their verdict depends on their last use.

    describe  DescribeKey, some at a time: fast, and enough for many keys
    usage     GetKeyLastUsage, at the rate that KMS allows
    details   what else is wanted: rotations, and events of CloudTrail, which is slower still

Each runs ahead of the slower calls behind it, within a limit, so that memory stays bounded.
"""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Self

import anyio
import anyio.lowlevel
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import evolve

from ..errors import KMSLiteError, ProtocolError
from ..models.keys import KeyMetadata, MultiRegionKey
from ..models.members import ResponseMetadata
from .clients import TargetClient
from .details import DetailOptions, DetailReader, read_tags
from .failures import failure_of, has_expired, is_outage, is_transient
from .filters import KeyFilter
from .inventory import Inventory, ListedKey
from .progress import TargetProgress
from .records import Answer, Failure, KeyFacts
from .rules import needs_usage
from .targets import TargetStatus

_DESCRIBE_TASKS = 4
"""Calls of DescribeKey at a time; KMS allows thousands a second, so this bounds the load on both sides."""
_USAGE_TASKS = 16
"""Calls of GetKeyLastUsage at a time: at 5 a second enough for answers that take three seconds."""
_DETAIL_TASKS = 8
"""Keys whose details are read at a time: at 2 requests a second enough for answers that take four seconds."""
_LOOKAHEAD = 500
"""Keys that wait for GetKeyLastUsage at most, and as many for their details."""
_ROUND_DELAYS = (5.0, 30.0)
"""Seconds between the rounds after an outage; a fifth of that if single keys failed."""
_OUTAGE_AFTER = 20
"""Keys in a row without an answer after which the others are not tried in this round."""


class _DescribedKey(NamedTuple):
    key: ListedKey
    facts: KeyFacts


class Collector:
    """Reads the keys of an inventory in tasks of its own; enter it and iterate over the answers, one for each key.

    A key whose error is transient is read again, in up to three rounds with pauses between them. If an operation
    gives no answer for twenty keys in a row, the round is broken off and the pause is longer: a short outage
    loses nothing, and a long one does not cost a timeout for each key. Credentials that expire end it: the keys
    that were not read by then have no answer. `ready` is awaited before each request, so that a consumer can
    slow it down. `known` returns what an earlier run read about a key, by its ARN, so that only details are read;
    None if there is nothing.
    """

    def __init__(
        self,
        client: TargetClient,
        inventory: Inventory,
        progress: TargetProgress,
        wanted: KeyFilter,
        details: DetailOptions,
        *,
        known: Callable[[str], KeyFacts | None] = lambda _: None,
        ready: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint,
    ) -> None:
        self._client = client
        self._inventory = inventory
        self._progress = progress
        # Without its aliases no key can be excluded by them: one that matches otherwise has this error.
        self._filter_error = inventory.alias_error if wanted.aliases else None
        self._wanted = wanted if self._filter_error is None else evolve(wanted, aliases=())
        self._details = details
        self._detail_reader = DetailReader(client, details, progress, self._expire)
        self._known = known
        self._ready = ready
        self._postponed: list[ListedKey] = []
        self._is_last_round = False
        self._unanswered: Counter[str] = Counter()
        self._outage: Failure | None = None
        self._has_expired = False
        self._undetailed: dict[str, KeyFacts] = {}
        self._answers: deque[Answer] = deque()
        self._arrived = anyio.Event()
        self._is_finished = False

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._read)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(exc_type, exc_value, traceback)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Answer:
        while not self._answers:
            if self._is_finished:
                raise StopAsyncIteration
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._answers.popleft()

    def left(self) -> Iterator[Answer]:
        """Yield the answers that had arrived when the iteration was cancelled, be it without their details."""
        while self._answers:
            yield self._answers.popleft()
        for arn, facts in self._undetailed.items():
            yield Answer(arn, facts)

    def _add(self, arn: str, facts: KeyFacts | None) -> None:
        """Add an answer at once: whatever is cancelled after a response, the answer is not lost."""
        self._answers.append(Answer(arn, facts))
        self._arrived.set()

    async def _read(self) -> None:
        todo = self._inventory.drain()
        for delay in (*_ROUND_DELAYS, None):
            self._is_last_round = delay is None
            await self._read_round(todo)
            if delay is None or not self._postponed or self._has_expired:
                break
            await self._client.sleep(delay if self._outage is not None else delay / 5)
            todo, self._postponed = iter(self._postponed), []
            self._unanswered.clear()
            self._outage = None
        self._is_finished = True
        self._arrived.set()

    async def _read_round(self, todo: Iterator[ListedKey]) -> None:
        described, to_ask = anyio.create_memory_object_stream[_DescribedKey](_LOOKAHEAD)
        read, to_detail = anyio.create_memory_object_stream[KeyFacts](_LOOKAHEAD)
        with to_ask, to_detail:
            async with anyio.create_task_group() as detail_tasks:
                for _ in range(_DETAIL_TASKS):
                    detail_tasks.start_soon(self._read_details, to_detail)
                with read:
                    async with anyio.create_task_group() as usage_tasks:
                        for _ in range(_USAGE_TASKS):
                            usage_tasks.start_soon(self._read_usages, to_ask, read)
                        with described:
                            async with anyio.create_task_group() as describe_tasks:
                                for _ in range(_DESCRIBE_TASKS):
                                    describe_tasks.start_soon(self._describe_keys, todo, described, read)

    async def _describe_keys(
        self,
        todo: Iterator[ListedKey],
        described: MemoryObjectSendStream[_DescribedKey],
        read: MemoryObjectSendStream[KeyFacts],
    ) -> None:
        for key in todo:
            await self._ready()
            listed = self._facts_of(key)
            known = self._known(listed.arn)
            if known is not None:
                await self._pass_on(known, read)
                continue
            self._progress.described += 1
            if not self._wanted.may_match(listed.aliases):
                self._add(listed.arn, None)
                continue
            facts = await self._describe(key, listed)
            if facts is None:
                continue
            if not self._wanted.matches(facts):
                self._add(facts.arn, None)
            elif needs_usage(facts):
                self._progress.usage_needed += 1
                await described.send(_DescribedKey(key, facts))
            else:
                await self._pass_on(facts, read)

    async def _describe(self, key: ListedKey, listed: KeyFacts) -> KeyFacts | None:
        """Return what DescribeKey tells about a key, with wanted tags; None if the key is postponed."""
        if self._outage is not None:
            return self._postpone(key, listed, self._outage)
        try:
            response = await self._client.describe_key(key.name)
            for named in (response.key_metadata.key_id, response.key_metadata.arn):
                check_is_about(listed.arn, named, "DescribeKey", response.metadata)
        except KMSLiteError as error:
            return self._failed(key, listed, error, "DescribeKey")
        self._unanswered["DescribeKey"] = 0
        facts = _described(listed, response.key_metadata, self._client.now())
        if self._filter_error is not None:
            return evolve(facts, error=self._filter_error)
        # Only its owner may read the tags of a shared key.
        wants_tags = self._wanted.tags and not facts.shared and self._wanted.matches(facts)
        return await self._with_tags(key, facts) if wants_tags else facts

    async def _with_tags(self, key: ListedKey, facts: KeyFacts) -> KeyFacts | None:
        try:
            tags = await read_tags(self._client, key.name)
        except KMSLiteError as error:
            return self._failed(key, facts, error, "ListResourceTags")
        self._unanswered["ListResourceTags"] = 0
        return evolve(facts, tags=tags)

    async def _read_usages(
        self, described: MemoryObjectReceiveStream[_DescribedKey], read: MemoryObjectSendStream[KeyFacts]
    ) -> None:
        async for key, facts in described:
            await self._ready()
            answer = await self._read_usage(key, facts)
            if answer is not None:
                await self._pass_on(answer, read)

    async def _pass_on(self, facts: KeyFacts, read: MemoryObjectSendStream[KeyFacts]) -> None:
        """Have the details of a key read that are missing; if none is, what is known of it is the answer."""
        if not self._details.are_missing(facts):
            self._add(facts.arn, facts)
            return
        self._progress.details_needed += 1
        self._undetailed[facts.arn] = facts
        await read.send(facts)

    async def _read_details(self, read: MemoryObjectReceiveStream[KeyFacts]) -> None:
        async for facts in read:
            await self._ready()
            answer = await self._detail_reader.read(facts)
            self._progress.details_read += 1
            del self._undetailed[facts.arn]
            self._add(answer.arn, answer)

    async def _read_usage(self, key: ListedKey, facts: KeyFacts) -> KeyFacts | None:
        """Return the facts with what GetKeyLastUsage answers; None if the key is postponed."""
        if self._outage is not None:
            self._progress.usage_needed -= 1
            return self._postpone(key, facts, self._outage)
        try:
            answer = await self._client.get_key_last_usage(key.name)
            check_is_about(facts.arn, answer.key_id, "GetKeyLastUsage", answer.metadata)
        except KMSLiteError as error:
            self._progress.usage_needed -= 1
            return self._failed(key, facts, error, "GetKeyLastUsage")
        self._unanswered["GetKeyLastUsage"] = 0
        self._progress.usage_calls += 1
        return evolve(
            facts,
            created=answer.key_creation_date or facts.created,
            tracking_start=answer.tracking_start_date,
            last_usage=answer.key_last_usage,
            checked_at=self._client.now(),
        )

    def _failed(self, key: ListedKey, facts: KeyFacts, error: KMSLiteError, operation: str) -> KeyFacts | None:
        """Return the facts with the error; None if the key is postponed."""
        failure = failure_of(error, operation)
        if has_expired(error):
            self._expire(failure)
        self._unanswered[operation] = self._unanswered[operation] + 1 if is_outage(error) else 0
        if self._unanswered[operation] >= _OUTAGE_AFTER:
            self._outage = failure
        if is_transient(error) or self._outage is not None:
            return self._postpone(key, facts, failure)
        return evolve(facts, error=failure, checked_at=self._client.now())

    def _expire(self, failure: Failure) -> None:
        """Read nothing more, and leave the rest for the next run: no pause renews a session token."""
        if not self._has_expired:
            self._progress.fail(failure, TargetStatus.FAILED)
        self._has_expired, self._outage = True, failure

    def _postpone(self, key: ListedKey, facts: KeyFacts, failure: Failure) -> KeyFacts | None:
        """Leave a key for the next round; return it with its failure if there is none."""
        if self._is_last_round and not self._has_expired:
            return evolve(facts, error=failure, checked_at=self._client.now())
        self._progress.described -= 1
        self._postponed.append(key)
        return None

    def _facts_of(self, key: ListedKey) -> KeyFacts:
        """Return what the listing tells about a key."""
        arn = self._inventory.arn(key.name)
        account_id = arn.split(":")[4] if arn.startswith("arn:") else self._inventory.account_id
        return KeyFacts(
            key_id=arn.rpartition("/")[2],
            arn=arn,
            account_id=account_id or "",
            audited_account_id=self._inventory.account_id,
            region=self._client.region,
            shared=account_id != self._inventory.account_id,
            aliases=None if self._inventory.alias_error else key.aliases,
            checked_at=self._client.now(),
        )


def check_is_about(arn: str, named: str | None, operation: str, metadata: ResponseMetadata) -> None:
    """Raise `ProtocolError` if an answer names another key than the one with this ARN.

    This does not rely on the client's own check: an answer under another key's name would be the worst error of
    an audit. Two ARNs must be the same, since the keys of a multi-Region set share their id; of other names the
    key id must be the same. Capitals do not count.
    """
    asked, answered = arn.casefold(), (named or "").casefold()
    both_are_arns = asked.startswith("arn:") and answered.startswith("arn:")
    is_same = asked == answered if both_are_arns else asked.rpartition("/")[2] == answered.rpartition("/")[2]
    if named is not None and not is_same:
        raise ProtocolError(
            f"{operation} was asked about {arn} and answered about {named}. Look for a proxy or server that mixes "
            "up answers.",
            status_code=metadata.status_code,
            request_id=metadata.request_id,
        )


def _described(listed: KeyFacts, metadata: KeyMetadata, now: datetime) -> KeyFacts:
    """Return the facts with what DescribeKey tells, under the ARN that the key was listed with."""
    multi_region = metadata.multi_region_configuration
    related: list[MultiRegionKey | None] = []
    if multi_region is not None:
        related = [multi_region.primary_key, *multi_region.replica_keys]
    return evolve(
        listed,
        description=metadata.description,
        state=metadata.key_state,
        manager=metadata.key_manager,
        spec=metadata.key_spec or metadata.customer_master_key_spec,
        usage=metadata.key_usage,
        origin=metadata.origin,
        multi_region_role=multi_region.multi_region_key_type if multi_region is not None else None,
        related_arns=tuple(key.arn for key in related if key is not None and key.arn not in (None, listed.arn)),
        created=metadata.creation_date,
        deletion_date=metadata.deletion_date,
        checked_at=now,
    )
