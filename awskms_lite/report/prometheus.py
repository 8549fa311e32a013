"""Prometheus: a few gauges for the textfile collector of node_exporter. No key has a label of its own.

Source: "Text format details" and "Metric and label naming" in the documentation of Prometheus.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from ..quoting import printable
from ..verdicts import UNUSED
from .totals import Totals

if TYPE_CHECKING:
    from ..audit import KeyUsageRecord
    from . import ReportContext

_Labels = tuple[str, str, str]
_LABELS = ("account", "region", "verdict")
_DAY = 86_400  # seconds


class PrometheusWriter:
    """Counts the records, and writes the gauges at the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._totals: defaultdict[_Labels, Totals] = defaultdict(Totals)
        self._oldest_idle_days = 0

    def add(self, record: "KeyUsageRecord", members: Mapping[str, Any]) -> None:  # noqa: ARG002 - as all writers
        """Count the key."""
        self._totals[record.account_id, record.region, record.verdict.value].add(record)
        if record.verdict.value in UNUSED:
            self._oldest_idle_days = max(self._oldest_idle_days, record.idle_days or 0)

    def end(self, context: "ReportContext") -> None:
        """Write the gauges."""
        for line in self._lines(context):
            self._stream.write(f"{line}\n")

    def _lines(self, context: "ReportContext") -> Iterator[str]:
        groups = sorted(self._totals.items())
        yield from _gauge("keys", "Keys in the report.", ((labels, group.keys) for labels, group in groups))
        yield from _gauge(
            "keys_monthly_cost_dollars",
            "What the keys cost in US dollars a month, as far as it is known.",
            ((labels, group.cost.usd) for labels, group in groups if group.cost.keys),
        )
        yield from _gauge(
            "oldest_idle_seconds",
            "The longest time without a use, of the keys that are idle, never used or without a record; 0 if "
            "there is none.",
            [(None, self._oldest_idle_days * _DAY)],
        )
        if context.summary is not None:  # a saved report does not tell how much of the account it covers
            yield from _gauge(
                "audit_coverage_ratio",
                "Keys evaluated / keys listed, times targets listed / targets tried.",
                [(None, context.summary.coverage)],
            )
        if context.ended_at is not None:
            yield from _gauge(
                "audit_end_timestamp_seconds",
                "When the audit ended, in seconds since 1970.",
                [(None, context.ended_at.timestamp())],
            )


def _gauge(name: str, text: str, samples: Iterable[tuple[_Labels | None, float]]) -> Iterator[str]:
    name = f"awskms_lite_{name}"
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        yield f"{name}{'' if labels is None else _written(labels)} {value!r}"


def _written(labels: _Labels) -> str:
    pairs = (f'{name}="{_escaped(value)}"' for name, value in zip(_LABELS, labels, strict=True))
    return f"{{{','.join(pairs)}}}"


def _escaped(value: str) -> str:
    """Return a label's value escaped; a backslash that `printable` wrote stays one to the reader."""
    return printable(value).replace("\\", "\\\\").replace('"', '\\"')
