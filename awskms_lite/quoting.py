"""Makes foreign text safe to show in errors, logs and terminals.

A service, a proxy or whatever answers in its place may send anything: characters that make a terminal or a log
show what is not there, and the secrets of the request, as servers do that explain why they refused a signature.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

REDACTED = "***"

_SHORT = re.compile(r"[^=\n]{0,39}")  # shorter than a secret access key (40 characters), and no assignment
_PATH = re.compile(r"[^\s=]{1,255}")  # as long as the name of a file may be, and without arguments

_MIN_SECRET = 8
"""Characters: a shorter secret would be found in many a text by chance, and no key or token of AWS is as short."""

_MAX_ENCODINGS = 4
"""Encodings within each other that are undone: servers encode what they repeat once or twice."""


def printable(text: str) -> str:
    """Return the text with everything that is not printable escaped, line breaks too, as `repr` escapes it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def redact(text: str, secrets: Iterable[str], *, shortest: int = _MIN_SECRET) -> str:
    """Return the text without the secrets, be they there as they are, percent-encoded or escaped as in JSON.

    If the text holds one of them in any other form, such as encoded twice, nothing of the text is returned.
    Secrets of fewer characters than `shortest` are not looked for.
    """
    # A secret longer than the text is not in it, however encoded: no pattern is made of a token of many kilobytes.
    known = [each for each in secrets if shortest <= len(each) <= len(text)]
    if not known:
        return text
    for secret in sorted(known, key=len, reverse=True):
        for form in _forms(secret):
            text = re.sub(re.escape(form), REDACTED, text, flags=re.IGNORECASE)  # the case of %2f is free
    plain = _decoded(text)
    return REDACTED if any(secret in plain for secret in known) else text


def holds_any(text: str, secrets: Iterable[str]) -> bool:
    """Return whether a text holds any of the secrets, in whatever form."""
    return redact(text, secrets) != text


def shown(value: str, *, quoted: bool = True) -> str:
    """Return a value to be shown in an error: as it is if it is short and assigns nothing, else only its length.

    A key that was meant to be on a line of its own may end up behind a value, and must not be shown with it.
    """
    if not _SHORT.fullmatch(value):
        return f"a value of {len(value)} characters"
    return repr(value) if quoted else printable(value)


def shown_program(path: str) -> str:
    """Return the path of a program, or "the program" if it may be more than a path, such as a command line."""
    return printable(path) if _PATH.fullmatch(path) else "the program"


def _forms(secret: str) -> set[str]:
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {secret, quote(secret), quote(secret, safe=""), escaped, escaped.replace("/", "\\/")}


def _letter(code: re.Match[str]) -> str:
    number = int(code[3]) if code[3] else int(code[1] or code[2], 16)
    return chr(number)


def _decoded(text: str) -> str:
    """Return the text without the encodings that a service may have put it into, or into each other."""
    for _ in range(_MAX_ENCODINGS):
        before, text = text, unquote(text).replace("&amp;", "&").replace("\\/", "/").replace("\\\\", "\\")
        text = re.sub(r"\\u([0-9a-fA-F]{4})|&#x([0-9a-fA-F]{1,4});|&#([0-9]{1,5});", _letter, text)
        if text == before:
            break
    return text
