"""What of a text from elsewhere may stand in a text of ours.

A service, a proxy or whoever answers in its place may send anything: characters that make a terminal or a log
show what is not there, and the request's own secrets, as servers do that explain a refused signature.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote, unquote

from .loading import loading

REDACTED = "***"

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
    known = sorted((secret for secret in secrets if len(secret) >= shortest), key=len, reverse=True)
    for secret in known:
        for form in _forms(secret):
            text = re.sub(re.escape(form), REDACTED, text, flags=re.IGNORECASE)  # the case of %2f is free
    plain = _decoded(text) if known else text
    return REDACTED if any(secret in plain for secret in known) else text


def redact_all(value: Any, secrets: Iterable[str]) -> Any:
    """Return a JSON value with each of its texts redacted, the names of its members too."""
    secrets = tuple(secrets)
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, Mapping):
        members = cast(Mapping[str, Any], value)
        return {redact(name, secrets): redact_all(member, secrets) for name, member in members.items()}
    if isinstance(value, list):
        return [redact_all(item, secrets) for item in value]
    return value


def _forms(secret: str) -> set[str]:
    escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
    return {secret, quote(secret), quote(secret, safe=""), escaped, escaped.replace("/", "\\/")}


def _decoded(text: str) -> str:
    """Return what the text comes to once no encoding is left that a service may have put it into."""
    with loading:
        from html import unescape  # its table is large, and only errors come here

    for _ in range(_MOST_ENCODINGS):
        before, text = text, unescape(unquote(text)).replace("\\/", "/").replace("\\\\", "\\")
        text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
        if text == before:
            break
    return text
