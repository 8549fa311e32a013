"""The canonical request, stage by stage.

Patterns are handed to `re` as text: compiled at import, they would cost every process that only calls KMS.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from ..errors import ParameterError
from ..steps import Request

# Proxies and connections rewrite these and tracers add them late; `proxy-*` is left out by its prefix.
NEVER_SIGNED = frozenset((
    "authorization", "baggage", "connection", "expect", "keep-alive", "te", "traceparent", "tracestate",
    "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
))  # fmt: skip
_OWN_PARAMETERS = frozenset((
    "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-security-token",
    "x-amz-signature", "x-amz-signedheaders",
))  # fmt: skip
_DIGITS = frozenset("0123456789")
_ADDRESS = _DIGITS | frozenset("abcdef:.")
_HOST = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyz-._~")

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, section 5.6.2
# A line may end only if the next one begins with white space (RFC 9112, section 5.2).
_FORBIDDEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|\r(?!\n)|\n(?![ \t])"


def assemble(request: Request, headers: Mapping[str, str], normalize_path: bool) -> str:
    """Return the canonical request with these canonical headers; it does not end in a line break."""
    _, path, query = split_url(request.url)
    lines = [canonical_method(request.method), canonical_path(path, normalize_path), canonical_query(query)]
    lines += [f"{name}:{value}" for name, value in headers.items()]
    lines += ["", ";".join(headers), headers.get("x-amz-content-sha256") or payload_hash(request.body)]
    return "\n".join(lines)


def canonical_method(method: object) -> str:
    """Return the method in upper case, as HTTP clients send it."""
    if not isinstance(method, str) or not re.fullmatch(_NAME, method):
        raise ParameterError("The method is not an HTTP method: pass its name, such as POST.")
    return method.upper()


def split_url(url: object) -> tuple[str, str, str]:
    """Return the `Host` value, the path and the query.

    Raise `ParameterError`, which does not show the URL: a query can hold secrets.
    """
    if not isinstance(url, str) or any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in url):
        raise ParameterError("The url must be a str without control characters: percent-encode them.")
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        raise ParameterError("The url must be whole: begin it with https:// (or http://) and the host.")
    if "#" in rest:
        raise ParameterError("The url has a fragment, which is never sent: drop it, or write its # as %23.")
    target, _, query = rest.partition("?")
    authority, slash, path = target.partition("/")
    return _host(authority.lower(), "443" if scheme.lower() == "https" else "80"), slash + path, query


def _host(authority: str, default_port: str) -> str:
    """Return the value of the `Host` header, with the port unless it is the scheme's default."""
    if "@" in authority:
        raise ParameterError("The url holds a user or password, which is not signed: take them out.")
    colon = authority.find(":", authority.rfind("]") + 1)  # the colons in an IPv6 address are not the port's
    name, port = (authority[:colon], authority[colon + 1 :]) if colon >= 0 else (authority, "")
    bracketed = name.startswith("[") and name.endswith("]")
    bare, allowed = (name[1:-1], _ADDRESS) if bracketed else (name, _HOST)
    if not bare or not allowed.issuperset(bare) or not _DIGITS.issuperset(port):
        raise ParameterError("The url's host is missing or malformed: pass an ASCII name or an address.")
    return name if port in ("", default_port) else f"{name}:{port}"


def canonical_path(path: str, normalize: bool = True) -> str:
    """Return the path encoded once more, as every service but S3 expects it."""
    if normalize:
        segments: list[str] = []
        for segment in path.split("/"):
            if segment == "..":
                del segments[-1:]
            elif segment not in ("", "."):
                segments.append(segment)
        # The result ends in a slash only if the path did: /a/b/.. is /a, not RFC 3986's /a/.
        path = "/" + "/".join(segments) + ("/" if segments and path.endswith("/") else "")
    return quote(path or "/", safe="/")


def canonical_query(query: str) -> str:
    """Return the parameters sorted by encoded name, then value. A plus sign stays one: only %20 is a space."""
    pairs = sorted(
        (_encode_once(name), _encode_once(value))
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    )
    return "&".join(f"{name}={value}" for name, value in pairs if name != "X-Amz-Signature")


def _encode_once(part: str) -> str:
    """Return a part of a query percent-encoded once, whether it was encoded before or not."""
    return quote(unquote_to_bytes(part), safe="")


def extend_query(url: str, parameters: Mapping[str, str]) -> str:
    """Return the URL with the parameters appended, encoded."""
    joint = "?" if "?" not in url else "" if url.endswith(("?", "&")) else "&"
    return url + joint + "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())


def canonical_headers(request: Request, added: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the headers to sign, by lower-case name in order; an added one replaces those of its name.

    Duplicates are joined by commas in the order they stand. A missing `Host` is taken from the URL.
    """
    new = {name.lower(): [value] for name, value in added}
    values: dict[str, list[str]] = {}
    for name, value in validated_headers(request.headers):
        if name not in NEVER_SIGNED and name not in new and not name.startswith("proxy-"):
            values.setdefault(name, []).append(value)
    values.update(new)
    if "host" not in values:
        values["host"] = [split_url(request.url)[0]]
    return {name: ",".join(map(canonical_value, values[name])) for name in sorted(values)}


def validated_headers(headers: Iterable[tuple[object, object]]) -> list[tuple[str, str]]:
    """Return the headers with lower-case names.

    Raise `ParameterError` for a name or a value that could smuggle in another header.
    """
    checked: list[tuple[str, str]] = []
    for name, value in headers:
        if not isinstance(name, str) or not re.fullmatch(_NAME, name):
            raise ParameterError("A header's name is not a str of HTTP token characters: correct or drop it.")
        if not isinstance(value, str) or re.search(_FORBIDDEN, value):
            raise ParameterError(f"The header {name} must be a str without control characters: encode it.")
        checked.append((name.lower(), value))
    return checked


def canonical_value(value: str) -> str:
    """Return the value with white space trimmed and folded.

    Each line of a folded value counts as a value of its own, as in AWS's test suite.
    """
    lines = (re.sub(r"[ \t]+", " ", line).strip(" ") for line in re.split(r"\r?\n", value))
    return ",".join(filter(None, lines))


def payload_hash(body: object) -> str:
    """Return the body's SHA-256 in lower-case hex; raise `ParameterError` if it is not bytes."""
    if not isinstance(body, bytes):
        raise ParameterError("The body must be bytes: encode it, as it will be sent.")
    return sha256(body).hexdigest()


def added_headers(request: Request, token: str | None, stamp: str, sign_body: bool) -> list[tuple[str, str]]:
    """Return the headers that `sign` adds before Authorization; none for a presigned URL, which has its query."""
    if "x-amz-algorithm" in _parameter_names(request.url):
        return []
    headers = [("X-Amz-Security-Token", token)] if token else []
    headers.append(("X-Amz-Date", stamp))
    if sign_body and "x-amz-content-sha256" not in dict(validated_headers(request.headers)):
        headers.append(("x-amz-content-sha256", payload_hash(request.body)))
    return headers


def check_unsigned(request: Request, token: str | None) -> None:
    """Raise `ParameterError` if the request has a signature or a part of one.

    The caller's own X-Amz-Security-Token is signed like any header, unless the credentials have a token too.
    """
    own = {"authorization", "x-amz-date"}
    if token:
        own.add("x-amz-security-token")
    names = {name for name, _ in validated_headers(request.headers)}
    if names & own or _parameter_names(request.url) & _OWN_PARAMETERS:
        raise ParameterError(
            "The request is signed already: pass it without Authorization, X-Amz-Date and "
            "X-Amz-Security-Token headers, and a presigned url without its X-Amz- parameters."
        )


def _parameter_names(url: str) -> set[str]:
    query = split_url(url)[2]
    return {_encode_once(part.partition("=")[0]).lower() for part in query.split("&")}
