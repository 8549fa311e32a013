"""The table of the benches: what a line compares, what it says of the samples, and how it is written."""

from collections.abc import Callable
from statistics import median, quantiles
from typing import Any, NamedTuple

from rivals import Samples

UNITS: dict[str, Callable[[float], str]] = {
    "ms": lambda seconds: f"{1e3 * seconds:.1f} ms",
    "us": lambda seconds: f"{1e6 * seconds:.1f} us",
    "ns": lambda seconds: f"{1e9 * seconds:.0f} ns",
    "MB": lambda kilobytes: f"{kilobytes / 1024:.1f} MB",
    "B": lambda kilobytes: f"{kilobytes * 1024:.0f} B",
    "1/s": lambda seconds: f"{1 / seconds:,.0f} /s",
    "s": lambda seconds: f"{seconds:.2f} s",
    "%": lambda part: f"{100 * part:.1f}%",
    "": lambda number: f"{number:.0f}",
}
HEAD = f"  {'':<24}{'ours':>10}  {'other':<34}{'ratio':>6}  {'quartiles':<11}   limit"


class Row(NamedTuple):
    """A line of the table: what is compared, in which unit, and how far the ratio (ours / other) may go.

    A `plain` line has no ratio: its limit is for our own figure.
    """

    what: str
    metric: str
    unit: str
    other: str
    at_most: float | None = None
    at_least: float | None = None
    ours: str = "ours"
    plain: bool = False


class Bench(NamedTuple):
    """What is measured in one go, and the lines that come of it; `part` of the rounds are enough for it."""

    title: str
    measure: Callable[[int, dict[str, str]], Samples]
    rows: list[Row]
    part: float = 1.0


class Line(NamedTuple):
    """What came of a row: medians in seconds, kilobytes or numbers, and the median and quartiles of the ratios."""

    row: Row
    ours: float
    other: float
    ratio: float | None
    quartiles: tuple[float, float] | None

    @property
    def is_kept(self) -> bool:
        measured = self.ours if self.ratio is None else self.ratio
        return (self.row.at_most is None or measured <= self.row.at_most) and (
            self.row.at_least is None or measured >= self.row.at_least
        )


def compared(row: Row, samples: Samples) -> Line | None:
    """Return what a row says of the samples, None where one of the two is not installed."""
    if row.ours not in samples or row.other not in samples:
        return None
    ours, other = samples[row.ours][row.metric], samples[row.other][row.metric]
    if row.plain:
        return Line(row, max(ours), median(other), None, None)
    # Calls a second are the reciprocal of seconds a call, and so is their ratio.
    pairs = zip(ours, other, strict=True)
    ratios = [theirs / own if row.unit == "1/s" else own / theirs for own, theirs in pairs]
    spread = None
    if len(ratios) > 1:
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        spread = low, high
    return Line(row, median(ours), median(other), median(ratios), spread)


def written(line: Line) -> str:
    """Return a line of the table."""
    row, unit = line.row, UNITS[line.row.unit]
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    spread = "" if line.quartiles is None else "{:.2f}-{:.2f}".format(*line.quartiles)
    limit = ""
    show = unit if row.plain else "{:g}".format
    if row.at_most is not None:
        limit = f"<= {show(row.at_most)}"
    elif row.at_least is not None:
        limit = f">= {show(row.at_least)}"
    kept = ("ok" if line.is_kept else "OVER") if limit else ""
    figure = unit(line.ours) if row.what else ""
    other = "" if row.other == row.ours else f"{row.other} {unit(line.other)}"
    return f"  {row.what:<24}{figure:>10}  {other:<34}{ratio:>6}  {spread:<11}   {limit:<10} {kept}".rstrip()


def as_json(line: Line) -> dict[str, Any]:
    """Return a line for machines, in seconds, kilobytes and numbers; calls a second are in seconds a call."""
    row = line.row
    return {
        "what": row.what,
        "metric": row.metric,
        "unit": "kB" if row.metric in ("memory", "size") else "s" if row.metric in ("wall", "cpu") else "",
        "contenders": [row.ours, row.other],
        "figures": [line.ours, line.other],
        "ratio": line.ratio,
        "quartiles": line.quartiles,
        "at_most": row.at_most,
        "at_least": row.at_least,
        "kept": line.is_kept,
    }
