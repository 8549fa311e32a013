"""What the tests of the report formats share: all kinds of records, foreign texts, and what a writer writes."""

import io
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from attrs import evolve
from support.audit_data import ACCOUNT, NOW, days, facts, used

from awskms_lite.audit import AuditSummary, Failure, KeyUsageRecord, KeyUser, KeyUses, judge
from awskms_lite.audit.serialize import to_members
from awskms_lite.audit.targets import Target, TargetReport, TargetStatus
from awskms_lite.report import ReportContext, Writer

OTHER = "444455556666"
DENIED = Failure("AccessDeniedException", "denied", "request-7", "GetKeyLastUsage")
FOREIGN = (
    "<script>alert(1)</script>",
    "a | b || \\| c \\",
    "`code` ``more`` ~~~",
    "[text](https://evil.example) ![x](http://evil.example/x.png) <https://evil.example>",
    "https://evil.example www.evil.example me@evil.example @everyone",
    "# *bold* _em_ __b__ ~~s~~ $x$ &lt;b&gt; &#60;i&#62; :smile:",
    "1. one\n- two\r\n\n> three",
    "\u202egnp.exe \u2066 \x1b[31m \x00 \ud800 \u2028",
    '{a="b"} "quoted" \\" \\n',
    "=1+1",
)
"""Texts that some reader could act on."""


def record(original: KeyUsageRecord | None = None, **members: Any) -> KeyUsageRecord:
    """Return a record that differs in these members from another one, by default from one without any use."""
    return evolve(original or judge(facts(), 90), **members)


def every_record() -> list[KeyUsageRecord]:
    """Return a record of each verdict, in the order of the verdicts, the first with everything there can be."""
    everything = facts(
        key_id="00000000-12ab-34cd-56ef-1234567890ab",
        audited_account_id=ACCOUNT,
        aliases=("alias/orders", "alias/old"),
        description="the orders",
        last_usage=used(days(3)),
        tags={"team": "shop", "empty": ""},
        rotations=2,
        owner="shop",
        last_user=KeyUser(event_id="1", event_time=NOW - days(3), encryption_context={"aws:s3:arn": "x"}),
        recent_uses=KeyUses(count=3, since=NOW - days(90), last=NOW - days(3), users=("a",)),
        failed_uses=KeyUses(count=0, since=NOW - days(90)),
    )
    keys = [
        everything,
        facts(last_usage=used(days(120)), owner="shop"),
        facts(created=NOW - days(150), region="eu-west-1"),
        facts(),
        facts(created=NOW - days(10)),
        facts(state="PendingDeletion", deletion_date=NOW + days(8)),
        facts(manager="AWS", aliases=("alias/aws/s3",)),
        facts(shared=True, account_id=OTHER, audited_account_id=ACCOUNT),
        facts(error=DENIED),
    ]
    return [
        evolve(
            judge(key, 90),
            key_id=f"{at}{key.key_id[1:]}",
            monthly_cost=None if key.shared else float(at),
            monthly_cost_is_minimum=False,
        )
        for at, key in enumerate(keys)
    ]


def foreign_records() -> list[KeyUsageRecord]:
    """Return records that carry each of the foreign texts wherever somebody else's text can stand."""
    return [
        evolve(
            judge(
                facts(
                    key_id=f"{at:08}-12ab-34cd-56ef-1234567890ab",
                    aliases=(f"alias/{text}",) if at % 2 else (),
                    description=text,
                    tags={text: text},
                    owner=text,
                    error=Failure("Bad" + text, text, text, "GetKeyLastUsage") if at % 3 == 0 else None,
                ),
                90,
            )
        )
        for at, text in enumerate(FOREIGN)
    ]


def summary(records: Iterable[KeyUsageRecord], *targets: TargetReport) -> AuditSummary:
    """Return the summary of an audit that read these records, in these targets besides."""
    found = list(records)
    evaluated = sum(each.verdict != "unreadable" for each in found)
    read = TargetReport(target=Target("us-east-2"), status=TargetStatus.READ, listed=len(found))
    return AuditSummary(
        targets=(read, *targets),
        verdicts={each.verdict: 1 for each in found},
        listed=len(found),
        filtered=0,
        reported=len(found),
        evaluated=evaluated,
        resumed=0,
        resumed_from=None,
        usage_calls=0,
        throttled=0,
        stopped=False,
    )


def context(records: Iterable[KeyUsageRecord] = (), *targets: TargetReport) -> ReportContext:
    return ReportContext(ended_at=NOW, idle_days=90, summary=summary(records, *targets))


def written(
    make: Callable[[TextIO], Writer], records: Iterable[KeyUsageRecord], told: ReportContext | None = None
) -> str:
    """Return what a writer makes of these records; it has to be UTF-8 with what cannot be escaped."""
    stream, found = io.StringIO(), list(records)
    writer = make(stream)
    for each in found:
        writer.add(each, to_members(each))
    writer.end(told or context(found))
    return stream.getvalue()
