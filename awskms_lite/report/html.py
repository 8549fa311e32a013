"""The report as one HTML page that is complete in itself: data, style and script, and no request to anywhere.

The keys are in the page as blocks of JSON: a column for each member, with each distinct value once, which browsers
read many times faster than an object for each key. The script keeps only those rows in the document that are seen.

The page's policy allows this script and this style by their hashes and nothing else, and no markup made of text.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from operator import attrgetter
from string import Template
from typing import TYPE_CHECKING, Any, TextIO

from ..verdicts import LIMITS, label
from . import ReportContext
from .causes import STATUS_LABELS, explained
from .order import PRIORITY

if TYPE_CHECKING:
    from ..audit import AuditSummary, KeyUsageRecord, TargetReport

_BLOCK = 2_000
"""Keys in a block of data: few enough for a browser to read one in some milliseconds, and 1 MB here."""

_VALUES = (
    "key_id", "account_id", "account_name", "audited_account_id", "region", "description", "state", "manager",
    "spec", "usage", "origin", "multi_region_role", "rotations", "verdict", "idle_days", "advice", "monthly_cost",
    "monthly_cost_is_minimum", "owner", "created_by",
)  # fmt: skip
_OBJECTS = ("error", "last_user", "recent_uses", "failed_uses")
_ARRAYS = ("aliases", "related_arns", "unread_regions", "reasons")
_TIMES = ("created", "deletion_date", "tracking_start", "checked_at", "cloudtrail_checked_at")
_COLUMNS = (
    *_VALUES, *_OBJECTS, *_ARRAYS, *_TIMES, "tags", "last_used", "last_operation", "event_id", "request_id", "arn",
    "arn_stem",
)  # fmt: skip
"""The columns of a block, in the order of `_cells`."""
_arrays, _times = attrgetter(*_ARRAYS), attrgetter(*_TIMES)

_COMMENT_OR_INDENT = re.compile(r"^ *(?:(?://.*|/\*.*\*/)\n)?", re.MULTILINE)
"""What of the page's sources is not written into each report: an eighth of the page."""


class HTMLWriter:
    """Writes the page; it holds no more than a block of keys at a time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._before, self._after = _page()
        self._rows: list[tuple[Any, ...]] = []
        self._keys = 0

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:
        """Take the next record, and write the block that it fills."""
        self._rows.append(_cells(record, members))
        if len(self._rows) == _BLOCK:
            self._write_rows()

    def end(self, context: ReportContext) -> None:
        """Write the last block, and what the page tells beside its keys."""
        self._write_rows()
        self._write_data('id="context"', {"keys": self._keys, **_context(context)})
        self._stream.write(self._after)

    def _write_rows(self) -> None:
        if not self._keys:
            self._stream.write(self._before)
        if self._rows:
            values = zip(_COLUMNS, zip(*self._rows, strict=True), strict=True)
            columns = {name: _encoded(column, hashable=name not in _OBJECTS) for name, column in values}
            self._write_data('class="keys"', {"rows": len(self._rows), "columns": columns})
        self._keys += len(self._rows)
        self._rows.clear()

    def _write_data(self, attribute: str, data: object) -> None:
        """Write a block of data, in ASCII and without any character that HTML could take for markup."""
        text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
        self._stream.write(f'<script type="application/json" {attribute}>{text}</script>\n')


def _page() -> tuple[str, str]:
    """Return the page without its data: what stands before it, and what behind it."""
    folder = files("awskms_lite.report") / "page"
    page, style, script = (
        _COMMENT_OR_INDENT.sub("", (folder / name).read_text(encoding="utf-8"))
        for name in ("page.html", "style.css", "script.js")
    )
    before, after = page.split("$data\n")
    known = {"style": style, "style_hash": _hash(style), "script": script, "script_hash": _hash(script)}
    return Template(before).substitute(known), Template(after).substitute(known)


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _cells(record: "KeyUsageRecord", members: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return a record's values in the order of `_COLUMNS`; times in whole seconds since 1970."""
    usage = record.last_usage
    # Nearly every ARN ends with the key id, and what is before it is the same for all keys of a target.
    ends_with_id = record.arn.endswith(record.key_id)
    return (
        *map(members.get, _VALUES),
        *map(members.get, _OBJECTS),
        *_arrays(record),
        *map(_seconds, _times(record)),
        None if record.tags is None else tuple(record.tags.items()),
        usage and _seconds(usage.timestamp),
        usage and usage.operation,
        usage and usage.cloud_trail_event_id,
        usage and usage.kms_request_id,
        None if ends_with_id else record.arn,
        record.arn.removesuffix(record.key_id) if ends_with_id else None,
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _encoded(values: Sequence[Any], *, hashable: bool) -> Sequence[Any]:
    """Return a column: each value once and the index of each key's, or all values if that is shorter."""
    if not hashable:
        return (values,) if any(values) else ([None],)
    positions: dict[Any, int] = {}
    indices = [positions.setdefault(value, len(positions)) for value in values]
    if len(positions) == 1:
        return (list(positions),)
    return (values,) if len(positions) > len(values) / 2 else (list(positions), indices)


def _context(context: ReportContext) -> dict[str, Any]:
    summary = context.summary
    return {
        "version": context.version,
        "ended_at": _seconds(context.ended_at),
        "idle_days": context.idle_days,
        "filters": context.filters,
        "source": context.source,
        "verdicts": {verdict: label(verdict) for verdict in PRIORITY},
        "limits": LIMITS,
        "summary": summary and _summary(summary),
    }


def _summary(summary: "AuditSummary") -> dict[str, Any]:
    return {
        "complete": summary.complete,
        "stopped": summary.stopped,
        "coverage": summary.coverage,
        "listed": summary.listed,
        "filtered": summary.filtered,
        "evaluated": summary.evaluated,
        "targets": len(summary.targets),
        "partial": sum(report.is_partial for report in summary.targets),
        "unread": [_target(report) for report in summary.targets if report.is_partial],
    }


def _target(report: "TargetReport") -> dict[str, str]:
    return {
        "region": report.target.region,
        "caller": report.target.caller,
        "status": STATUS_LABELS[report.status],
        "text": " ".join(map(explained, report.failures)),
    }
