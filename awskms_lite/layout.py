"""Text in the columns of a terminal, by what it shows and not by letters."""

import unicodedata


def display_width(text: str) -> int:
    """Return how many columns a text takes: East Asian letters take two, and combining accents none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def wrap(text: str, width: int) -> list[str]:
    """Return the text as lines of so many columns at most, broken at blanks, and within a word that is longer."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and display_width(line) + 1 + display_width(word) <= width:
            line = f"{line} {word}"
            continue
        *full, rest = _pieces(word, width)
        lines += [line, *full] if line else full
        line = rest
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    """Break a word that is longer than a line."""
    pieces = [""]
    for char in word:
        if display_width(pieces[-1]) + display_width(char) > width:
            pieces.append("")
        pieces[-1] += char
    return pieces


def cut(text: str, width: int) -> str:
    """Return as much of a text as so many columns show, with an ellipsis if that is not all."""
    if display_width(text) <= width:
        return text
    return _pieces(text, max(width - 1, 0))[0] + "…"
