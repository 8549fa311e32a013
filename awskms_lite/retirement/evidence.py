"""What is read of a key before a step: everything that KMS and CloudTrail tell about who needs it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve, frozen

from ..call import ClientState, call
from ..errors import KMSLiteError, ProtocolError
from ..models.aliases import ListAliasesRequest
from ..models.events import Event, LookupAttribute, LookupEventsRequest
from ..models.grants import GrantListEntry, ListGrantsRequest
from ..models.keys import DescribeKeyRequest, KeyMetadata
from ..models.policies import GetKeyPolicyRequest
from ..models.tags import ListResourceTagsRequest
from ..models.usage import GetKeyLastUsageRequest, GetKeyLastUsageResponse
from ..operations import Operation
from ..operations.aliases import LIST_ALIASES
from ..operations.events import LOOKUP_EVENTS
from ..operations.grants import LIST_GRANTS
from ..operations.keys import DESCRIBE_KEY
from ..operations.policies import GET_KEY_POLICY
from ..operations.tags import LIST_RESOURCE_TAGS
from ..operations.usage import GET_KEY_LAST_USAGE
from ..steps import Flow
from .callers import Callers, Connection
from .trail import HISTORY, Trail, about, lists_uses_by_arn

_PAGES = 20
"""Pages of events that are read of a key: a thousand events, in ten seconds at CloudTrail's two pages a second."""
_WATCH_PAGES = 200
"""Pages that are read to see a whole watch: inventories read some keys every few minutes."""
_AHEAD = timedelta(minutes=5)
"""How far beyond now events are asked for: two services may have two clocks, and now is up to a second early."""
_MAX_LIST_PAGES = 1000
"""Pages of a list of KMS: a key may have 50,000 grants, in pages of a hundred."""


@frozen(kw_only=True)
class RelatedKey:
    """Another key of a multi-Region set, and when it was last used."""

    arn: str
    state: str
    usage: GetKeyLastUsageResponse


@frozen(kw_only=True)
class Evidence:
    """What was read of a key; times are aware UTC, `read_at` by the service's clock."""

    read_at: datetime
    metadata: KeyMetadata
    usage: GetKeyLastUsageResponse
    aliases: tuple[str, ...]
    tags: Mapping[str, str]
    grants: tuple[GrantListEntry, ...]
    policy: str
    related: tuple[RelatedKey, ...]
    trail: Trail


def service_time(state: ClientState) -> datetime:
    """Return the time by the service's answers, however wrong our own clock is."""
    return datetime.fromtimestamp(state.service_clock.dated_time(), UTC)


def describe(connection: Connection, key_arn: str) -> Flow[KeyMetadata]:
    """Return a key's metadata; raise `NotFoundException` if KMS does not know it."""
    response = yield from call(connection.kms, DESCRIBE_KEY, DescribeKeyRequest(key_id=key_arn))
    return response.key_metadata


def read_policy(connection: Connection, key_arn: str) -> Flow[str]:
    """Return a key's policy."""
    response = yield from call(connection.kms, GET_KEY_POLICY, GetKeyPolicyRequest(key_id=key_arn))
    return response.policy


def read_evidence(
    callers: Callers, connection: Connection, metadata: KeyMetadata, unusable_since: datetime | None
) -> Flow[Evidence]:
    """Read all there is to know about a key, back to the time from which on it could not be used if need be.

    Raise `KMSLiteError` if any of it cannot be read, except for CloudTrail, of which the trail says why.
    """
    arn, kms = metadata.arn, connection.kms
    usage = yield from call(kms, GET_KEY_LAST_USAGE, GetKeyLastUsageRequest(arn))
    aliases = yield from _list(kms, LIST_ALIASES, ListAliasesRequest(key_id=arn))
    tags = yield from _list(kms, LIST_RESOURCE_TAGS, ListResourceTagsRequest(key_id=arn))
    grants = yield from _list(kms, LIST_GRANTS, ListGrantsRequest(key_id=arn, limit=100))
    policy = yield from read_policy(connection, arn)
    related = yield from _read_related(callers, metadata)
    trail = yield from read_trail(connection, arn, unusable_since, usage)
    return Evidence(
        read_at=service_time(kms),
        metadata=metadata,
        usage=usage,
        aliases=tuple(sorted(alias.alias_name for alias in aliases)),
        tags={tag.tag_key: tag.tag_value for tag in tags},
        grants=tuple(grants),
        policy=policy,
        related=related,
        trail=trail,
    )


def _read_related(callers: Callers, metadata: KeyMetadata) -> Flow[tuple[RelatedKey, ...]]:
    """Return the other keys of a multi-Region set: what one of them encrypted, each of them can decrypt."""
    configuration = metadata.multi_region_configuration
    if configuration is None:
        return ()
    arns = dict.fromkeys(key.arn for key in (configuration.primary_key, *configuration.replica_keys))
    caller = callers.of(metadata.aws_account_id)
    related: list[RelatedKey] = []
    for arn in arns:
        if arn != metadata.arn and caller is not None:
            connection = caller.connection(arn.split(":")[3])
            found = yield from describe(connection, arn)
            usage = yield from call(connection.kms, GET_KEY_LAST_USAGE, GetKeyLastUsageRequest(arn))
            related.append(RelatedKey(arn=arn, state=found.key_state, usage=usage))
    return tuple(related)


def _list(kms: ClientState, operation: Operation[Any, Any], request: Any) -> Flow[list[Any]]:
    """Return all items of a list of KMS."""
    assert operation.items is not None
    items: list[Any] = []
    markers: set[str] = set()
    for _ in range(_MAX_LIST_PAGES):
        page = yield from call(kms, operation, request)
        items += getattr(page, operation.items)
        if not page.truncated:
            return items
        if page.next_marker is None or page.next_marker in markers:
            break
        markers.add(page.next_marker)
        request = evolve(request, marker=page.next_marker)
    raise ProtocolError(f"The pages of {operation.name} have no end: list them again later.")


def read_trail(
    connection: Connection,
    key_arn: str,
    unusable_since: datetime | None,
    usage: GetKeyLastUsageResponse | None = None,
) -> Flow[Trail]:
    """Return what CloudTrail's event history tells about a key; its `problem` says what could not be read.

    The history is read from the latest event back, until `unusable_since` at least: a busy key has no end.
    """
    now = service_time(connection.kms)
    since = now - HISTORY
    try:
        last_use = yield from _last_use(connection, usage, since)
        yield from _check_index(connection)
        found, read_since = yield from _events_of(connection, key_arn, since, now + _AHEAD, unusable_since)
    except KMSLiteError as error:
        return Trail(since=now, until=now, problem=str(error), is_indexed=connection.is_indexed)
    indexed = None if last_use is None else lists_uses_by_arn([last_use])
    trail = Trail(since=read_since, until=now, events=tuple(about(found, key_arn)), last_use=last_use)
    if indexed or trail.uses() or trail.refused_uses(read_since):
        connection.is_indexed = indexed = True  # found by its ARN: so are those of all keys there
    return evolve(trail, is_indexed=connection.is_indexed if indexed is None else indexed)


def _last_use(
    connection: Connection, usage: GetKeyLastUsageResponse | None, since: datetime
) -> Flow[Event | None]:
    """Return the event behind the last use that KMS knows; None if there is none, or none any more."""
    known = None if usage is None else usage.key_last_usage
    if known is None or known.cloud_trail_event_id is None or known.timestamp is None or known.timestamp < since:
        return None
    page = yield from call(connection.cloudtrail, LOOKUP_EVENTS, _lookup("EventId", known.cloud_trail_event_id))
    return next((event for event in page.events if event.event_id == known.cloud_trail_event_id), None)


def _check_index(connection: Connection) -> Flow[None]:
    """Look once in each account and region whether uses are listed under the ARN of their key."""
    if not connection.was_checked:
        page = yield from call(connection.cloudtrail, LOOKUP_EVENTS, _lookup("EventSource", "kms.amazonaws.com"))
        connection.is_indexed = lists_uses_by_arn(page.events)
        connection.was_checked = True


def _events_of(
    connection: Connection, key_arn: str, since: datetime, until: datetime, needed: datetime | None
) -> Flow[tuple[list[Event], datetime]]:
    """Return the latest events under a key's ARN, and the time from which on these are all."""
    request = _lookup("ResourceName", key_arn, start_time=since, end_time=until)
    found: list[Event] = []
    oldest, is_empty = until, True
    for number in range(_WATCH_PAGES):
        page = yield from call(connection.cloudtrail, LOOKUP_EVENTS, request)
        found += page.events
        is_empty = not page.events
        oldest = min((event.event_time for event in page.events if event.event_time is not None), default=oldest)
        if page.next_token is None:
            return found, since
        if number + 1 >= _PAGES and (needed is None or oldest < needed):
            break
        request = evolve(request, next_token=page.next_token)
    if is_empty or oldest == until:  # pages that lead nowhere: nobody knows how far back these events reach
        raise ProtocolError(f"The pages of {LOOKUP_EVENTS.name} have no end: look them up again later.")
    return found, oldest + timedelta(seconds=1)  # of that second itself there may be more


def _lookup(key: str, value: str, **members: Any) -> LookupEventsRequest:
    attribute = LookupAttribute(attribute_key=key, attribute_value=value)
    return LookupEventsRequest(lookup_attributes=[attribute], max_results=50, **members)
