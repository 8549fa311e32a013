"""A comparison of two reports written down: lines for a terminal, Markdown, or JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..costs import CostTotal, MonthlyCost, in_dollars
from ..layout import cut, display_width
from ..quoting import printable
from ..verdicts import NO_PERMISSION, label
from .comparison import CHANGES, Change, Comparison, KeyStatus
from .markdown import MAX_ROWS, markdown_table, more_line
from .totals import short_cost

_COLUMNS = ("Key", "Region", "Account", "Before", "Now", "Days", "Cost", "Owner", "Name")
_GAP = "  "


def title(kind: str) -> str:
    """Return a kind of change as people write it."""
    return kind.replace("_", " ")


def text_lines(comparison: Comparison, width: int | None) -> Iterator[str]:
    """Yield the changes as tables; `width` is that of the terminal, None if there is none."""
    for kind, changes in comparison.changes.items():
        if changes:
            yield f"{title(kind)}: {_counted(len(changes))}. Each {CHANGES[kind]}."
            yield from _aligned([tuple(map(str.upper, _COLUMNS)), *map(_cells, changes)], width)
            yield ""
    if not any(comparison.changes.values()):
        yield "No key has changed."
    yield _cost_line(comparison)


def markdown_lines(comparison: Comparison) -> Iterator[str]:
    """Yield the changes as Markdown; what others wrote stands in it as text."""
    yield "# Changes in the use of AWS KMS keys"
    yield ""
    yield _cost_line(comparison)
    yield ""
    rows = [(title(kind), str(len(changes))) for kind, changes in comparison.changes.items() if changes]
    if not rows:
        yield "No key has changed."
        return
    yield from markdown_table(("Change", "Keys"), rows, numbers=1)
    for kind, changes in comparison.changes.items():
        if changes:
            yield f"## {title(kind).capitalize()}"
            yield ""
            yield f"Each {CHANGES[kind]}."
            yield ""
            yield from markdown_table(_COLUMNS, map(_cells, changes[:MAX_ROWS]))
            yield from more_line(len(changes) - MAX_ROWS, "key")
    yield NO_PERMISSION


def as_json(comparison: Comparison) -> Mapping[str, Any]:
    """Return the comparison for `json.dumps`: the ARNs of the keys that changed, and the counts and costs."""
    difference = comparison.cost_difference
    return {
        "changes": {kind: [each.key.arn for each in changes] for kind, changes in comparison.changes.items()},
        "keys": {"old": comparison.old.keys, "new": comparison.new.keys},
        "monthly_cost": {
            "old": comparison.old.cost.usd,
            "new": comparison.new.cost.usd,
            "difference": difference.usd,
            "is_minimum": difference.is_minimum,
        },
    }


def _cells(change: Change) -> tuple[str, ...]:
    key = change.key
    return (
        key.key_id,
        key.place[1],
        key.account_id,
        _status(change.old),
        _status(change.new),
        "-" if key.idle_days is None else str(key.idle_days),
        short_cost(key.cost),
        key.owner or "-",
        key.name,
    )


def _status(key: KeyStatus | None) -> str:
    if key is None:
        return "-"
    return label(key.verdict) if key.state in ("Enabled", None) else f"{label(key.verdict)} ({key.state})"


def _aligned(rows: list[tuple[str, ...]], width: int | None) -> Iterator[str]:
    """Yield the rows in columns, without the columns that tell nothing: one account of all, and no owner."""
    kept = [at for at, name in enumerate(_COLUMNS) if _tells(name, {row[at] for row in rows[1:]})]
    table = [[printable(row[at]) for at in kept] for row in rows]
    widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell + " " * (wide - display_width(cell)) for cell, wide in zip(row, widths, strict=True))
        line = f"{_GAP}{_GAP.join(cells)}".rstrip()
        yield line if width is None else cut(line, width)


def _tells(name: str, cells: set[str]) -> bool:
    if name == "Account":
        return len(cells) > 1
    return name != "Owner" or cells != {"-"}


def _cost_line(comparison: Comparison) -> str:
    old, new, difference = comparison.old, comparison.new, comparison.cost_difference
    assert difference.usd is not None
    change = f"{abs(difference.usd):,.2f}".removesuffix(".00")
    sign = "more" if difference.usd > 0 else "less"
    told = f"{change} USD {sign}" if difference.usd else "as much as before"
    return f"Before: {_side(old.keys, old.cost)}. Now: {_side(new.keys, new.cost)}, {told}."


def _side(keys: int, cost: CostTotal) -> str:
    return f"{_counted(keys)}, {in_dollars(MonthlyCost(cost.usd, cost.is_minimum))} a month"


def _counted(number: int) -> str:
    return "1 key" if number == 1 else f"{number:,} keys"
