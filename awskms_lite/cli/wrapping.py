"""Text in the columns that a terminal has."""

import os
import unicodedata
from typing import TextIO

_NARROWEST = 20
_USUAL = 80


def width_of(stream: TextIO | None) -> int | None:
    """Give how many columns the terminal has that a stream goes to; None where it goes to none."""
    if stream is None or not stream.isatty():
        return None
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and len(named) < 6 and int(named):
        return max(int(named), _NARROWEST)
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        width = 0
    return max(width, _NARROWEST) if width else _USUAL


def cells(text: str) -> int:
    """Give how many columns a text takes: East Asian letters take two, and accents none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def wrap(text: str, width: int) -> list[str]:
    """Give the text as lines of so many columns at most, broken at blanks, and within a word that is longer."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and cells(line) + 1 + cells(word) <= width:
            line = f"{line} {word}"
            continue
        *whole, rest = _pieces(word, width)
        lines += [line, *whole] if line else whole
        line = rest
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    """Break a word that is longer than a line."""
    pieces = [""]
    for char in word:
        if cells(pieces[-1]) + cells(char) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces
