"""What of a text from elsewhere may stand in a text of ours.

A service, a proxy or whoever answers in its place may send anything: characters that make a terminal or a log
show what is not there, and the request's own secrets, as servers do that explain a refused signature.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

REDACTED = "***"

_SHORT = re.compile(r"[^=\n]{0,39}")  # shorter than a secret access key, and no assignment
_PATH = re.compile(r"[^\s=]{1,255}")

# Characters. A shorter secret would stand in many a text by chance, and no key or token of AWS is as short.
_SHORTEST_SECRET = 8

# Encodings one within the other that are looked through; each turn undoes one of every kind.
_MOST_ENCODINGS = 4


def printable(text: str) -> str:
    """Return the text with everything that is not printable escaped, line breaks too, as `repr` escapes it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def redact(text: str, secrets: Iterable[str], *, shortest: int = _SHORTEST_SECRET) -> str:
    """Return the text without the secrets, which may be there as they are, percent-encoded or escaped as in JSON.

    Where one of them is there in any other form, such as within two encodings, nothing of the text is returned.
    Secrets of fewer characters than `shortest` are not looked for.
    """
    # A secret longer than the text is not in it, however encoded: no pattern is made of a token of many kilobytes.
    known = sorted((each for each in secrets if shortest <= len(each) <= len(text)), key=len, reverse=True)
    for secret in known:
        for form in _forms(secret):
            text = re.sub(re.escape(form), REDACTED, text, flags=re.IGNORECASE)  # the case of %2f is free
    plain = _decoded(text) if known else text
    return REDACTED if any(secret in plain for secret in known) else text


def holds_any(text: str, secrets: Iterable[str]) -> bool:
    """Return whether a text holds any of the secrets, in whatever form."""
    return redact(text, secrets) != text


def shown(value: str, *, quoted: bool = True) -> str:
    """Return a value for a text about it: as it is if it is short and assigns nothing, else by its length alone.

    What was meant to stand on another line, such as a key, ends up behind a value and must not be shown with it.
    """
    if not _SHORT.fullmatch(value):
        return f"a value of {len(value)} characters"
    return repr(value) if quoted else printable(value)


def shown_program(path: str) -> str:
    """Return the path of a program, or "the program" if more than a path seems to be in it."""
    return printable(path) if _PATH.fullmatch(path) else "the program"


def _forms(secret: str) -> set[str]:
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {secret, quote(secret), quote(secret, safe=""), escaped, escaped.replace("/", "\\/")}


def _letter(code: re.Match[str]) -> str:
    number = int(code[3]) if code[3] else int(code[1] or code[2], 16)
    return chr(number)


def _decoded(text: str) -> str:
    """Return what the text comes to once no encoding is left that a service may have put it into."""
    for _ in range(_MOST_ENCODINGS):
        before, text = text, unquote(text).replace("&amp;", "&").replace("\\/", "/").replace("\\\\", "\\")
        text = re.sub(r"\\u([0-9a-fA-F]{4})|&#x([0-9a-fA-F]{1,4});|&#([0-9]{1,5});", _letter, text)
        if text == before:
            break
    return text
