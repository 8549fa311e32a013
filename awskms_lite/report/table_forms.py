"""The forms of the table: which columns there are, how wide, and what goes on a line of its own."""

from collections.abc import Iterator, Mapping, Set
from typing import NamedTuple

from ..layout import cut, display_width, wrap

_GAP = "  "
_INDENT = "  "
_MIN_NAMES = 16
"""Columns that aliases and descriptions need at least; with fewer, they go on a line of their own."""
_MAX_INLINE = 2
"""Lines of aliases beside a key; if there are more, they have lines of their own, as wide as the terminal."""
_MAX_PERSON = 16
"""Columns of an owner, of a user, and of an account's name on a terminal."""
_MAX_DESCRIPTION = 60
"""Columns of a description on lines of its own."""
_COLOURS = {
    "idle": "33",
    "never used": "33",
    "no record": "33",
    "unreadable": "31",
    "pending deletion": "35",
    "deletion": "35",
    "in use": "32",
}
"""By verdict: yellow is to be looked at, red could not be, magenta will go, green is in use (ECMA-48, SGR)."""


class Row(NamedTuple):
    """What the table shows of one key, each a printable text; one of aliases and description is empty.

    `notes` belong to the verdict, and stand before the names.
    """

    key_id: str
    region: str
    account_id: str
    account_name: str
    verdict: str
    idle_days: str
    cost: str
    last_used: str
    operation: str
    user: str
    owner: str
    notes: str
    aliases: str
    description: str

    @property
    def names(self) -> str:
        """Return what is in the last column."""
        return " ".join(filter(None, self[-3:]))


_HEADINGS = Row(
    key_id="KEY",
    region="REGION",
    account_id="ACCOUNT",
    account_name="ACCOUNT NAME",
    verdict="VERDICT",
    idle_days="IDLE",
    cost="COST",
    last_used="LAST USED (UTC)",
    operation="OPERATION",
    user="LAST USER",
    owner="OWNER",
    notes="",
    aliases="ALIASES OR DESCRIPTION",
    description="",
)
_NARROW_HEADING = "ALIASES"
_NUMBERS = ("idle_days", "cost")
_COLUMNS = Row._fields[:-3]
_OPTIONAL = ("account_name", "user", "owner")
"""Columns that are there if they are known of any key."""
_LEAST_NEEDED = ("operation", "user", "last_used")
"""Columns that are left out if there is no room for them, the first one first; then the region if all have one."""
_SHORT_VERDICTS = {"pending deletion": "deletion", "other account": "other acct"}
"""What there is room for in a column."""
_DATE = len("2026-11-28")


class Shape:
    """What there is to show in a table: how wide each column is, and which ones have anything in them."""

    def __init__(self) -> None:
        self._widths = {name: len(getattr(_HEADINGS, name)) for name in _COLUMNS}
        self._names = len(_HEADINGS.names)
        self._verdicts = {_HEADINGS.verdict}
        self._accounts: set[str] = set()
        self._regions: set[str] = set()
        self._known: set[str] = set()

    def add(self, row: Row) -> None:
        """Take a row into account."""
        for name, cell in zip(_COLUMNS, row, strict=False):
            self._widths[name] = max(self._widths[name], display_width(cell))
        self._names = max(self._names, display_width(row.names))
        self._verdicts.add(row.verdict)
        for seen, cell in ((self._accounts, row.account_id), (self._regions, row.region)):
            if len(seen) < 2:
                seen.add(cell)
        self._known.update(name for name in _OPTIONAL if getattr(row, name) != "-")

    def form(self, width: int | None, *, colour: bool) -> "Columns | ShortLines":
        """Return the form that fits a terminal of so many columns, or none."""
        widths = dict(self._widths)
        several = len(self._accounts) > 1
        known = self._known if several else self._known - {"account_name"}
        for name in (*(() if several else ("account_id",)), *(name for name in _OPTIONAL if name not in known)):
            del widths[name]
        if width is None:
            return Columns(widths, None, known, colour=colour)
        short_verdicts = (_SHORT_VERDICTS.get(verdict, verdict) for verdict in self._verdicts)
        widths.update(verdict=max(map(len, short_verdicts)), last_used=_DATE)
        widths.update({name: min(widths[name], _MAX_PERSON) for name in known})
        for dropped in ("", *_LEAST_NEEDED, *(["region"] if len(self._regions) < 2 else [])):
            widths.pop(dropped, None)
            if _total(widths) + min(self._names, _MIN_NAMES) <= width:
                return Columns(widths, width, known, colour=colour)
        for dropped in ("", "owner", "account_name"):
            widths.pop(dropped, None)
            if _total(widths) <= width + len(_GAP):
                return Columns(widths, width, known, below=True, colour=colour)
        return ShortLines(width, known, several=several, colour=colour)


class Columns:
    """A line for each key, and lines below it for names that are too long for theirs.

    If `below`, all names are there, and whatever else has no room. `widths` are those of the columns, `width` is
    that of the terminal, None if there is none, and `known` are the optional columns that some key has.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int | None,
        known: Set[str],
        *,
        below: bool = False,
        colour: bool = False,
    ) -> None:
        self._widths = widths
        self._width = width
        self._optional = known - set(widths)
        self._below = below
        self._colour = colour

    def headings(self) -> Iterator[str]:
        """Yield the line with the headings, and that of what is below each key."""
        headings = _HEADINGS if self._width is None else _HEADINGS._replace(last_used="LAST USED")
        line = self._front(headings, colour=False) + self._names_heading()
        lines = [line.rstrip()]
        if self._below and self._width is not None:
            lines += _indented(_details_heading(self._optional), self._width)
        yield from (bold(line) if self._colour else line for line in lines)

    def lines(self, row: Row) -> Iterator[str]:
        """Yield the line of a key, and those below it."""
        front = self._front(row if self._width is None else _short(row), colour=self._colour)
        if self._width is None:
            yield f"{front}{row.names}".rstrip()
        elif self._below:
            yield front.rstrip()
            yield from _indented(_details(row, self._optional), self._width)
        else:
            beside = _fitted(row, self._width - _total(self._widths))
            for line in beside or [""]:
                yield f"{front}{line}".rstrip()
                front = " " * _total(self._widths)
            if beside is None:
                yield from _indented(_shown_names(row), self._width)

    def _names_heading(self) -> str:
        if self._below:
            return ""
        fits = self._width is None or _total(self._widths) + len(_HEADINGS.names) <= self._width
        return _HEADINGS.names if fits else _NARROW_HEADING

    def _front(self, row: Row, *, colour: bool) -> str:
        cells: list[str] = []
        for name, width in self._widths.items():
            cell = cut(getattr(row, name), width)
            blanks = " " * (width - display_width(cell))
            padded = blanks + cell if name in _NUMBERS else cell + blanks
            cells.append(_coloured(padded, row.verdict) if colour and name == "verdict" else padded)
        return "".join(f"{cell}{_GAP}" for cell in cells)


class ShortLines:
    """A few short lines for each key, each broken if need be; for a narrow terminal."""

    def __init__(self, width: int, known: Set[str], *, several: bool, colour: bool = False) -> None:
        self._width = width
        self._optional = known - {"account_name"}
        self._several = several
        self._colour = colour

    def headings(self) -> Iterator[str]:
        """Yield a heading for each of the lines; nothing if they have no room, as on a very narrow terminal."""
        account = ", ACCOUNT" if self._several else ""
        lines = ("KEY", f"VERDICT, IDLE, REGION{account}, COST", _details_heading(self._optional))
        if max(map(len, lines)) + len(_INDENT) <= self._width:
            for line in (lines[0], *(f"{_INDENT}{line}" for line in lines[1:])):
                yield bold(line) if self._colour else line

    def lines(self, row: Row) -> Iterator[str]:
        """Yield the key, then its verdict, place and cost, then its owner, last use and names."""
        idle = "" if row.idle_days == "-" else f", {row.idle_days} {'day' if row.idle_days == '1' else 'days'}"
        name = "" if row.account_name == "-" else f" ({row.account_name})"
        where = f", account {row.account_id}{name}" if self._several else ""
        cost = "" if row.cost == "-" else f", {row.cost}"
        yield from wrap(row.key_id, self._width)
        for line in _indented(f"{row.verdict}{idle}, {row.region}{where}{cost}", self._width):
            yield line.replace(row.verdict, _coloured(row.verdict, row.verdict), 1) if self._colour else line
        yield from _indented(_details(row, self._optional), self._width)


def _short(row: Row) -> Row:
    """Return a row with its verdict and its last use as they are in columns of a terminal."""
    return row._replace(verdict=_SHORT_VERDICTS.get(row.verdict, row.verdict), last_used=row.last_used[:_DATE])


def _details(row: Row, optional: Set[str]) -> str:
    """Return what stands below a key: those of the optional columns, its last use and its names."""
    account, user, owner = (
        f"{word} {getattr(row, name)}" if name in optional and getattr(row, name) != "-" else ""
        for name, word in zip(_OPTIONAL, ("account", "by", "owner"), strict=True)
    )
    used = " ".join(part for part in (row.operation, row.last_used, user) if part not in ("-", ""))
    return "; ".join(filter(None, (account, owner, used, _shown_names(row))))


def _details_heading(optional: Set[str]) -> str:
    """Return the heading of `_details`."""
    used = "OPERATION, LAST USED (UTC)" + (" BY" if "user" in optional else "")
    before = [getattr(_HEADINGS, name) for name in ("account_name", "owner") if name in optional]
    return "; ".join([*before, used, _HEADINGS.names])


def _shown_names(row: Row) -> str:
    """Return the names as they stand on lines of their own: all aliases, or as much of a description as helps."""
    return row._replace(description=cut(row.description, _MAX_DESCRIPTION)).names


def _fitted(row: Row, room: int) -> list[str] | None:
    """Return the lines of the last column: aliases are all there, a description is cut.

    None if they would be many, or if a note or an alias would be broken.
    """
    lines = [cut(row.names, room)] if row.description else wrap(row.names, room)
    is_broken = not lines[0].startswith(row.notes) or any(
        display_width(each) > room for each in row.aliases.split()
    )
    return None if is_broken or len(lines) > _MAX_INLINE else lines


def _indented(text: str, width: int) -> Iterator[str]:
    for line in wrap(text, width - len(_INDENT)):
        if line:
            yield f"{_INDENT}{line}"


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + len(_GAP) * len(widths)


def _coloured(text: str, verdict: str) -> str:
    code = _COLOURS.get(verdict)
    return text if code is None else f"\x1b[{code}m{text}\x1b[0m"


def bold(text: str) -> str:
    """Return a text as a terminal shows it bold."""
    return f"\x1b[1m{text}\x1b[0m"
