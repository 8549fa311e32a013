"""From what was read of a key to what has to be known before the next step. Pure.

Every rule is one function, which yields its findings; none of them decides about another's. That nothing is found
means only that.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from ..costs import in_dollars, monthly_cost
from ..models.grants import GrantListEntry
from ..models.usage import GetKeyLastUsageResponse, UsageVerdict
from . import texts
from .dependents import Dependent, clocked, distinct, from_arn, from_context, from_principal, from_via_service
from .evidence import Evidence
from .key_policy import WAY_BACK, Access, KeyPolicy, Parties
from .path import History
from .records import LONG_WATCH_DAYS, NEED_CONSENT, Finding, Rules, Severity
from .trail import Trail, described, who

_MAX_EVIDENCE = 20
"""Lines of evidence of one finding: a key may have thousands of grants."""
_STORES = {"AWS_CLOUDHSM": "a CloudHSM cluster", "EXTERNAL_KEY_STORE": "an external key manager"}
"""By origin: where the material of a key in a custom key store is."""


@frozen(kw_only=True)
class Case:
    """What the rules look at: what was read of a key, who acts, and how carefully.

    `action` is the act that is next, `unusable_since` the time from which on the key could not be used; None if it
    can be.
    """

    evidence: Evidence
    parties: Parties
    rules: Rules
    history: History
    action: str
    unusable_since: datetime | None = None


def aws_managed() -> Finding:
    """Return the finding of a key that AWS manages."""
    text = (
        "AWS manages it for one of its services: it cannot be disabled or deleted, and keeping it costs nothing."
    )
    return Finding("aws_managed", Severity.BLOCKS, text)


def other_account(account_id: str, accounts: Sequence[str]) -> Finding:
    """Return the finding of a key that none of the callers' accounts owns."""
    known = " and ".join(accounts)
    return Finding(
        "other_account",
        Severity.BLOCKS,
        f"It belongs to account {account_id}, and these credentials are of {known}. Only its own account can "
        "retire it: use that account's credentials, or a role in it (--role-arn).",
    )


def unreadable(why: str) -> Finding:
    """Return the finding of a key of which something could not be read."""
    return Finding(
        "unreadable", Severity.BLOCKS, f"Something about it could not be read, so nothing is certain: {why}"
    )


def find(case: Case) -> tuple[Finding, ...]:
    """Return all findings of a key that could be read: those that need consent first, then the notes."""
    rules = (
        _recent_use,
        _too_new,
        _service_use,
        _service_use_deletion,
        _grants,
        _replicas,
        _way_back_closed,
        _guarded,
        _material,
        _asymmetric_public_key,
        _cloudtrail_unknown,
        _long_watch,
        _taken_back,
        _names_and_tags,
        _cost,
    )
    found = [finding for rule in rules for finding in rule(case)]
    return tuple(sorted(found, key=lambda finding: finding.severity is Severity.NOTE))  # stable


def needed(findings: Sequence[Finding], accepted: Sequence[str]) -> tuple[str, ...]:
    """Return the names of findings that stand against the next step, in the order in which they are listed."""
    names = {finding.name for finding in findings if finding.severity is Severity.NEEDS_CONSENT}
    return tuple(name for name in NEED_CONSENT if name in names and name not in accepted)


def dependents_of(evidence: Evidence) -> list[Dependent]:
    """Return the services and resources that the grants, the policy and CloudTrail name."""
    return distinct(_all_dependents(evidence))


def idle_days(usage: GetKeyLastUsageResponse, now: datetime) -> int:
    """Return the whole days without a use, as kms:TrailingDaysWithoutKeyUsage counts them; 0 if unknown."""
    since = _unused_since(usage)
    return 0 if since is None else max((now - since).days, 0)


def _unused_since(usage: GetKeyLastUsageResponse) -> datetime | None:
    if usage.key_last_usage is not None:
        return usage.key_last_usage.timestamp
    if usage.verdict is UsageVerdict.NEVER_USED:
        return usage.key_creation_date
    return usage.tracking_start_date


def _consent(name: str, text: str, evidence: Sequence[str] = ()) -> Finding:
    shown = tuple(evidence[:_MAX_EVIDENCE])
    if len(evidence) > _MAX_EVIDENCE:
        shown += (f"and {len(evidence) - _MAX_EVIDENCE} more",)
    return Finding(name, Severity.NEEDS_CONSENT, text, shown)


def _note(name: str, text: str, evidence: Sequence[str] = ()) -> Finding:
    return Finding(name, Severity.NOTE, text, tuple(evidence[:_MAX_EVIDENCE]))


def _recent_use(case: Case) -> Iterator[Finding]:
    evidence, days = case.evidence, case.rules.idle_days
    window = evidence.read_at - timedelta(days=days)
    lines = list(_last_uses(evidence, days))
    known = evidence.usage.key_last_usage
    events = [
        event
        for event in evidence.trail.uses()
        if (event.event_time is None or event.event_time > window)
        and (known is None or event.event_id != known.cloud_trail_event_id)
    ]
    lines += described(events)
    lines += described(evidence.trail.refused_uses(window))
    if lines:
        yield _consent("recent_use", f"Somebody used it, or tried to, within {days} days.", lines)


def _last_uses(evidence: Evidence, days: int) -> Iterator[str]:
    """Yield a line about the last use of the key, and of each other key of its set, within so many days."""
    named = [("", evidence.usage), *((f" of {key.arn}", key.usage) for key in evidence.related)]
    for whose, usage in named:
        if usage.key_last_usage is not None and idle_days(usage, evidence.read_at) < days:
            when = usage.key_last_usage.timestamp
            moment = "at a time that KMS does not tell" if when is None else f"{when:%Y-%m-%d %H:%M:%S} UTC"
            by = "" if whose or evidence.trail.last_use is None else f" by {who(evidence.trail.last_use)}"
            yield f"last use{whose}: {usage.key_last_usage.operation or 'an unnamed operation'}, {moment}{by}"


def _too_new(case: Case) -> Iterator[Finding]:
    usage, days = case.evidence.usage, case.rules.idle_days
    if usage.key_last_usage is None and idle_days(usage, case.evidence.read_at) < days:
        since = _unused_since(usage)
        known = "" if since is None else f" since {since:%Y-%m-%d}"
        yield _consent(
            "too_new",
            f"It was not used yet, but its use is known only{known}, which is less than {days} days. Nothing can "
            "be said about the time before, nor about a use that comes once a quarter.",
        )


def _service_use(case: Case) -> Iterator[Finding]:
    found = dependents_of(case.evidence)
    if found:
        warnings = [texts.CLOCKED[name] for name in clocked(found)]
        text = " ".join(["AWS services use it, or are named as its users.", *warnings])
        yield _consent("service_use", text, list(map(str, found)))


def _service_use_deletion(case: Case) -> Iterator[Finding]:
    if case.action != "ScheduleKeyDeletion":
        return
    before = (Dependent(line.partition(" ")[0], None, "the ledger") for line in case.history.users)
    names = clocked([*dependents_of(case.evidence), *before])  # what stops for want of its key uses it no more
    if names:
        text = f"{' and '.join(map(texts.NAMES.__getitem__, names))} {texts.DELETION_ASKS}"
        yield _consent("service_use_deletion", text)


def _all_dependents(evidence: Evidence) -> Iterator[Dependent]:
    policy = _parsed(evidence.policy)
    for name in policy.services():
        yield from from_via_service(name, "kms:ViaService in the key policy")
    for name in policy.principals():
        yield from from_principal(name, "the key policy")
    for grant in evidence.grants:
        yield from _of_grant(grant)
    trail = evidence.trail
    asked = trail.uses() + trail.refused_uses(trail.since)
    for event in asked if trail.last_use is None else [trail.last_use, *asked]:
        when = "" if event.event_time is None else f" on {event.event_time:%Y-%m-%d}"
        source = f"CloudTrail: {event.event_name}{when}"
        yield from from_context(event.encryption_context, source)
        yield from from_principal(event.invoked_by, source)
        yield from from_principal(event.principal_arn, source)


def _of_grant(grant: GrantListEntry) -> Iterator[Dependent]:
    source = f"grant {grant.grant_id}"
    for name in (
        grant.grantee_principal,
        grant.grantee_service_principal,
        grant.retiring_principal,
        grant.retiring_service_principal,
    ):
        yield from from_principal(name, source)
    if grant.constraints is not None:
        yield from from_context(grant.constraints.encryption_context_equals, source)
        yield from from_context(grant.constraints.encryption_context_subset, source)
        yield from from_arn(grant.constraints.source_arn, source)


def _grants(case: Case) -> Iterator[Finding]:
    grants = case.evidence.grants
    if grants:
        count = "1 grant lets" if len(grants) == 1 else f"{len(grants)} grants let"
        yield _consent("grants", f"{count} somebody use it.", list(map(_grant_line, grants)))


def _grant_line(grant: GrantListEntry) -> str:
    parts = [f"grant {grant.grant_id}: {', '.join(grant.operations)}"]
    parts.append(f"for {grant.grantee_principal or grant.grantee_service_principal or 'an unnamed grantee'}")
    retiring = grant.retiring_principal or grant.retiring_service_principal
    if retiring is not None:
        parts.append(f"retired by {retiring}")
    limits = grant.constraints
    for word, context in (
        ("containing", limits and limits.encryption_context_subset),
        ("equal to", limits and limits.encryption_context_equals),
    ):
        if context:
            pairs = ", ".join(f"{name}={value}" for name, value in context.items())
            parts.append(f"with an encryption context {word} {pairs}")
    if limits is not None and limits.source_arn is not None:
        parts.append(f"on behalf of {limits.source_arn}")
    return ", ".join(parts)


def _replicas(case: Case) -> Iterator[Finding]:
    set_of_keys = case.evidence.metadata.multi_region_configuration
    if set_of_keys is None:
        return
    lines = [f"{key.arn}: {key.state}" for key in case.evidence.related]
    if set_of_keys.multi_region_key_type != "PRIMARY":
        yield _note(
            "replicas",
            "It is a replica of a multi-Region set: what it encrypted, the others of the set can decrypt.",
            lines,
        )
    elif set_of_keys.replica_keys:
        yield _consent(
            "replicas",
            "It is the primary of a multi-Region set. Disabling it leaves its replicas usable; its deletion "
            "waits for the deletion of the last replica (PendingReplicaDeletion) and has no date until then.",
            lines,
        )


def _parsed(policy: str) -> KeyPolicy:
    try:
        return KeyPolicy(policy)
    except ValueError:
        return KeyPolicy('{"Statement": []}')  # it gives nothing to anybody


def way_back_closed(policy: str, key_arn: str, parties: Parties) -> Iterator[Finding]:
    """Yield the finding if a key policy does not certainly let anybody take a retirement back."""
    read = _parsed(policy)
    access = read.way_back(key_arn, parties)
    if access is Access.OPEN:
        return
    both = " and ".join(WAY_BACK)
    whom = f"account {parties.account_id}" + ("" if parties.caller_arn is None else f" nor {parties.caller_arn}")
    if access is Access.CLOSED:
        text = f"The key policy gives neither {whom} {both}: nobody may be able to take this back."
    else:
        text = (
            f"Whether the key policy gives {whom.replace(' nor ', ' or ')} {both} depends on conditions, or on "
            "whom a NotPrincipal leaves out, which are not evaluated here: see that the way back is open."
        )
    # All statements: consent holds as long as they are the same.
    statements = tuple(read.way_back_statements(key_arn, parties))
    yield Finding("way_back_closed", Severity.NEEDS_CONSENT, text, statements)


def _way_back_closed(case: Case) -> Iterator[Finding]:
    yield from way_back_closed(case.evidence.policy, case.evidence.metadata.arn, case.parties)


def _guarded(case: Case) -> Iterator[Finding]:
    days = idle_days(case.evidence.usage, case.evidence.read_at)
    action = f"kms:{case.action}"
    refuses = _parsed(case.evidence.policy).guard(action, case.evidence.metadata.arn, case.parties, days)
    if refuses is not False:
        may = "refuses" if refuses else "may refuse"
        yield _consent(
            "guarded",
            f"A guard in the key policy {may} {action}: it denies that within some days of the last use "
            f"(kms:TrailingDaysWithoutKeyUsage, which is {days} now). Wait, or have whoever keeps the guard "
            "change it.",
        )


def _material(case: Case) -> Iterator[Finding]:
    metadata = case.evidence.metadata
    if metadata.origin == "EXTERNAL":
        yield _consent(
            "imported_material",
            "Its key material was imported. A deleted symmetric key does not come back with a copy of the "
            "material: ciphertexts belong to the key, not to the material. Its material is not deleted on the "
            "way, since that would take effect at once.",
        )
    if metadata.origin in _STORES:
        yield _consent(
            "custom_key_store",
            f"Its key material is in {_STORES[metadata.origin]}: it may stay behind when the key goes, and "
            "whoever runs that store may still need it.",
            [] if metadata.custom_key_store_id is None else [f"custom key store {metadata.custom_key_store_id}"],
        )


def _asymmetric_public_key(case: Case) -> Iterator[Finding]:
    spec = case.evidence.metadata.key_spec
    if spec != "SYMMETRIC_DEFAULT" and not spec.startswith("HMAC_"):
        yield _consent(
            "asymmetric_public_key",
            "Its public key may be in use outside KMS, where it needs nobody's permission and leaves no trace: "
            "verifying or encrypting with it goes on unseen, and what is encrypted with it nobody can decrypt "
            "any more.",
            [f"{spec}, {case.evidence.metadata.key_usage}"],
        )


def _cloudtrail_unknown(case: Case) -> Iterator[Finding]:
    trail = case.evidence.trail
    problem = trail_problem(trail, case.unusable_since)
    if problem is not None:
        yield cloudtrail_unknown(problem, trail)
        return
    notes: list[str] = []
    if trail.covers(trail.until - timedelta(days=89)) and not trail.uses():
        notes.append("The event history of the last 90 days has no use of it, which is no proof.")
    elif not trail.uses():
        notes.append(f"The event history was read back to {trail.since:%Y-%m-%d %H:%M} UTC, and has no use of it.")
    usage = case.evidence.usage.key_last_usage
    if usage is not None and trail.last_use is None:
        notes.append(
            "Who made its last use is not known: the event is not in CloudTrail's history, which reaches back 90 "
            "days. A trail that is kept in a bucket may have it (docs/retire.md has a query)."
        )
    if trail.is_indexed is None:
        notes.append(
            "Whether the history lists uses under the ARN of their key could not be seen in this account."
        )
    if notes:
        yield _note("cloudtrail_unknown", " ".join(notes))


def cloudtrail_unknown(problem: str, trail: Trail) -> Finding:
    """Return the finding of a key about which CloudTrail does not tell enough."""
    return _consent("cloudtrail_unknown", problem, described(trail.unread()))


def trail_problem(trail: Trail, since: datetime | None) -> str | None:
    """Return why CloudTrail does not tell whether somebody uses a key, or misses it since then; None if it may."""
    if trail.problem is not None:
        return f"CloudTrail could not be read, so nobody knows who uses or misses the key: {trail.problem}"
    if trail.is_indexed is False:
        return (
            "The event history of this account does not list uses under the ARN of their key, so who uses or "
            "misses it cannot be looked up."
        )
    if trail.unread():
        return "The records of some events cannot be read, and may be uses that were refused."
    if since is not None and not trail.covers(since):
        return (
            "The event history has more events of this key than are read: nothing is known between "
            f"{since:%Y-%m-%d %H:%M} and {trail.since:%Y-%m-%d %H:%M} UTC."
        )
    return None


def _long_watch(case: Case) -> Iterator[Finding]:
    if case.rules.watch_days > LONG_WATCH_DAYS:
        yield _consent(
            "long_watch",
            f"A watch of {case.rules.watch_days} days leaves the key unusable for as long. Services give up on "
            "data whose key they cannot reach: DynamoDB archives a table after more than seven days, RDS keeps "
            "an instance recoverable for seven at most.",
        )


def _taken_back(case: Case) -> Iterator[Finding]:
    before = case.history.taken_back
    if before is not None:
        yield _consent(
            "taken_back",
            f"It was taken back on {before.time:%Y-%m-%d %H:%M} UTC by "
            f"{before.caller_arn or 'an unknown caller'}, who had a reason. Accepting this begins its retirement "
            "again.",
        )


def _names_and_tags(case: Case) -> Iterator[Finding]:
    evidence = case.evidence
    if evidence.aliases:
        yield _note("aliases", "Programs may use it by these names.", evidence.aliases)
    if evidence.tags:
        lines = [f"{name}={value}" for name, value in evidence.tags.items()]
        yield _note("tags", "Its tags may name its owner.", lines)


@frozen
class _Billed:
    """A key as the price list sees it; its rotations are not counted."""

    manager: str
    state: str
    multi_region_role: str | None
    shared: bool = False
    rotations: int | None = None


def _cost(case: Case) -> Iterator[Finding]:
    metadata = case.evidence.metadata
    set_of_keys = metadata.multi_region_configuration
    role = None if set_of_keys is None else set_of_keys.multi_region_key_type
    cost = monthly_cost(_Billed(metadata.key_manager, metadata.key_state, role))
    yield _note("cost", f"It costs {in_dollars(cost)} a month until its deletion is scheduled, disabled or not.")
