"""Reading one place: its keys listed, then described, then asked about as far as their verdict depends on it.

    listing      ListKeys, ListAliases: all of it first
    describing   DescribeKey, some at a time: fast, and enough for many keys
    asking       GetKeyLastUsage, at the pace that KMS allows

Describing runs ahead of asking, but not without end, so that memory stays bounded. What failed and may pass is
read anew after the others.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import NamedTuple, TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import evolve

from ..errors import KMSLiteError, ProtocolError
from ..models.keys import KeyMetadata, MultiRegionKey
from ..models.members import ResponseMetadata
from .ledger import PlaceLedger
from .listing import Keys, Listed, list_keys, patiently
from .places import PlaceStatus
from .records import Failure, KeyFacts, failure_of, has_expired, is_no_answer, may_pass
from .rules import needs_asking
from .selection import KeyFilter
from .sessions import Asker, Sessions

Take: TypeAlias = Callable[[str, KeyFacts | None], Awaitable[None]]
"""Takes in an answer under the key's ARN: what was read, None for a key that the filter leaves out."""
Resume: TypeAlias = Callable[[Keys], Awaitable[None]]
"""Takes out of a listing what need not be read again."""

_DESCRIBING = 4
_ASKING = 16  # at 5 a second enough for answers that take three seconds
_AHEAD = 500
_PAUSES = (5.0, 30.0)
_SILENT = 20


async def read_place(
    sessions: Sessions, ledger: PlaceLedger, wanted: KeyFilter, *, resume: Resume, take: Take
) -> None:
    """Read a place from its credentials to its last key; the ledger tells what became of it.

    `resume` is called once, with the listing as far as there is one, before any key is read.
    """
    place = ledger.place
    asker = sessions.open(place)
    credentials, error = await patiently(asker, lambda: sessions.driver.run(asker.session.credentials.get()))
    if credentials is None:
        assert error is not None
        ledger.fail(failure_of(error, "AssumeRole" if place.role_arn else None), PlaceStatus.REFUSED)
        await resume(Keys(None))
        return
    ledger.account_id = ledger.account_id or credentials.account_id
    ledger.has_session_token = credentials.session_token is not None and place.role_arn is None
    ledger.watch(asker.session.paces)
    keys = await list_keys(asker, ledger)
    ledger.listed = len(keys)
    ledger.expect(keys.arns())
    await resume(keys)
    await _Reader(asker, ledger, keys, wanted, take).read()


class _Described(NamedTuple):
    """A key on its way from describing to asking."""

    key: Listed
    facts: KeyFacts


class _Reader:
    """Reads the keys of one place and hands each out once, in up to three rounds.

    What failed and may pass waits for the next round, which begins after a pause. Where an operation gives no
    answer any more, for twenty keys in a row, the round is broken off and the pause is longer: so a short outage
    loses nothing, and a long one does not take a timeout for each key. Credentials that are over end it all: the
    keys that were not read by then are in no record.
    """

    def __init__(self, asker: Asker, ledger: PlaceLedger, keys: Keys, wanted: KeyFilter, take: Take) -> None:
        self._asker = asker
        self._ledger = ledger
        self._keys = keys
        self._untold = keys.nameless if wanted.aliases else None  # no key can be told to be one of those
        self._wanted = wanted if self._untold is None else evolve(wanted, aliases=())
        self._take = take
        self._again: list[Listed] = []
        self._is_last_round = False
        self._unanswered: Counter[str] = Counter()
        self._silence: Failure | None = None
        self._has_expired = False

    async def read(self) -> None:
        """Read all keys."""
        todo = self._keys.drain()
        for pause in (*_PAUSES, None):
            self._is_last_round = pause is None
            await self._sweep(todo)
            if pause is None or not self._again or self._has_expired:
                return
            await self._asker.rest(pause if self._silence is not None else pause / 5)
            todo, self._again = iter(self._again), []
            self._unanswered.clear()
            self._silence = None

    async def _sweep(self, todo: Iterator[Listed]) -> None:
        into, out_of = anyio.create_memory_object_stream[_Described](_AHEAD)
        with out_of:
            async with anyio.create_task_group() as asking:
                for _ in range(_ASKING):
                    asking.start_soon(self._ask_all, out_of)
                with into:
                    async with anyio.create_task_group() as describing:
                        for _ in range(_DESCRIBING):
                            describing.start_soon(self._describe_all, todo, into)

    async def _describe_all(self, todo: Iterator[Listed], described: MemoryObjectSendStream[_Described]) -> None:
        for key in todo:
            bare = self._bare(key)
            self._ledger.described += 1
            if not self._wanted.may_match(bare.aliases):
                await self._take(bare.arn, None)
                continue
            facts = await self._describe(key, bare)
            if facts is None:
                continue
            if not self._wanted.matches(facts):
                await self._take(bare.arn, None)
            elif needs_asking(facts):
                self._ledger.to_ask += 1
                await described.send(_Described(key, facts))
            else:
                await self._take(bare.arn, facts)

    async def _describe(self, key: Listed, bare: KeyFacts) -> KeyFacts | None:
        """Give what DescribeKey tells of a key, with its tags if they are wanted; None where that has to wait."""
        if self._silence is not None:
            return self._put_off(key, bare, self._silence)
        try:
            response = await self._asker.describe_key(key.name)
            for named in (response.key_metadata.key_id, response.key_metadata.arn):
                check_is_about(bare.arn, named, "DescribeKey", response.metadata)
        except KMSLiteError as error:
            return self._failed(key, bare, error, "DescribeKey")
        self._unanswered["DescribeKey"] = 0
        facts = _described(bare, response.key_metadata, self._asker.now())
        if self._untold is not None:
            return evolve(facts, error=self._untold)
        if not self._wanted.tags or facts.shared or not self._wanted.matches(facts):
            return facts  # tags of other accounts' keys are their owners' business
        try:
            listed = self._asker.iter_list_resource_tags(key.name, page_size=50)
            tags = {tag.tag_key: tag.tag_value async for tag in listed}
        except KMSLiteError as error:
            return self._failed(key, facts, error, "ListResourceTags")
        self._unanswered["ListResourceTags"] = 0
        return evolve(facts, tags=tags)

    async def _ask_all(self, described: MemoryObjectReceiveStream[_Described]) -> None:
        async for key, facts in described:
            answered = await self._ask(key, facts)
            if answered is not None:
                await self._take(facts.arn, answered)

    async def _ask(self, key: Listed, facts: KeyFacts) -> KeyFacts | None:
        """Give what GetKeyLastUsage tells of a key beside the rest; None where that has to wait."""
        if self._silence is not None:
            self._ledger.to_ask -= 1
            return self._put_off(key, facts, self._silence)
        try:
            answer = await self._asker.get_key_last_usage(key.name)
            check_is_about(facts.arn, answer.key_id, "GetKeyLastUsage", answer.metadata)
        except KMSLiteError as error:
            self._ledger.to_ask -= 1
            return self._failed(key, facts, error, "GetKeyLastUsage")
        self._unanswered["GetKeyLastUsage"] = 0
        self._ledger.asked += 1
        return evolve(
            facts,
            created=answer.key_creation_date or facts.created,
            tracking_start=answer.tracking_start_date,
            last_usage=answer.key_last_usage,
            checked_at=self._asker.now(),
        )

    def _failed(self, key: Listed, facts: KeyFacts, error: KMSLiteError, operation: str) -> KeyFacts | None:
        """Give a key with its error; None where it is to be read once more, after the others."""
        failure = failure_of(error, operation)
        if has_expired(error):
            self._expire(failure)
        self._unanswered[operation] = self._unanswered[operation] + 1 if is_no_answer(error) else 0
        if self._unanswered[operation] >= _SILENT:
            self._silence = failure
        if may_pass(error) or self._silence is not None:
            return self._put_off(key, facts, failure)
        return evolve(facts, error=failure, checked_at=self._asker.now())

    def _expire(self, failure: Failure) -> None:
        """Ask for nothing more, and leave what was not read for the next run: no pause renews a token."""
        if not self._has_expired:
            self._ledger.fail(failure, PlaceStatus.FAILED)
        self._has_expired, self._silence = True, failure

    def _put_off(self, key: Listed, facts: KeyFacts, failure: Failure) -> KeyFacts | None:
        """Leave a key to the next round; give it with its failure where there is none."""
        if self._is_last_round and not self._has_expired:
            return evolve(facts, error=failure, checked_at=self._asker.now())
        self._ledger.described -= 1
        self._again.append(key)
        return None

    def _bare(self, key: Listed) -> KeyFacts:
        """Give what the listing tells of a key."""
        arn = self._keys.arn(key.name)
        account_id = arn.split(":")[4] if arn.startswith("arn:") else self._keys.account_id
        return KeyFacts(
            key_id=arn.rpartition("/")[2],
            arn=arn,
            account_id=account_id or "",
            audited_account_id=self._keys.account_id,
            region=self._asker.session.region,
            shared=account_id != self._keys.account_id,
            aliases=None if self._keys.nameless else key.aliases,
            checked_at=self._asker.now(),
        )


def check_is_about(arn: str, named: str | None, operation: str, metadata: ResponseMetadata) -> None:
    """Raise `ProtocolError` if an answer names another key than the one with this ARN.

    A client's own check is not relied on: an answer under another key's name would be the worst that an audit can
    report. Two ARNs must be the same, since the keys of a multi-Region set share their id; of any other form the
    key id must be, whatever its case.
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


def _described(bare: KeyFacts, metadata: KeyMetadata, now: datetime) -> KeyFacts:
    """Add what DescribeKey tells of a key, under the ARN that it was listed with."""
    multi_region = metadata.multi_region_configuration
    related: list[MultiRegionKey | None] = []
    if multi_region is not None:
        related = [multi_region.primary_key, *multi_region.replica_keys]
    return evolve(
        bare,
        description=metadata.description,
        state=metadata.key_state,
        manager=metadata.key_manager,
        spec=metadata.key_spec or metadata.customer_master_key_spec,
        usage=metadata.key_usage,
        origin=metadata.origin,
        multi_region_role=multi_region.multi_region_key_type if multi_region is not None else None,
        related_arns=tuple(key.arn for key in related if key is not None and key.arn not in (None, bare.arn)),
        created=metadata.creation_date,
        deletion_date=metadata.deletion_date,
        checked_at=now,
    )
