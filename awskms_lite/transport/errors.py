"""Maps what fails below HTTP to errors of ours.

The libraries below quote what they were sent, and that may be plaintext or a token: so of their own texts only
those are repeated that are known to hold nothing, and none of their exceptions is held by an error of ours.
"""

import os
import re
import socket
import ssl
import sys
import traceback
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

import httpcore

from .. import errors
from ..quoting import printable
from ..steps import Request

# What h11 and httpcore say without repeating anything that was sent.
_HARMLESS = re.compile(
    r"Server disconnected without sending a response\.?|timed out|[0-9]{3}(?= )"
    r"|peer closed connection without sending complete message body \([a-z0-9 ,]+\)"
)
_REGION = re.compile(r"\.([a-z]{2,}(?:-[a-z]+)+-[0-9]+)\.")  # within the name of a host of AWS
_DUAL_STACK = re.compile(r"\.(api\.aws|api\.amazonwebservices|api\.cloud-aws)\b")
_NO_SUCH_HOST = {code for name in ("EAI_NONAME", "EAI_NODATA") if (code := getattr(socket, name, None))}
_WRONG_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL
_CONSTANT = re.compile("[A-Z0-9_]{1,80}")  # the name of an error in OpenSSL, such as CERTIFICATE_VERIFY_FAILED
_LIBRARIES = ("httpx", "httpx2", "httpcore", "h11", "h2", "hpack", "socksio", "ssl", "anyio", "trio")


_CONNECTION_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def connection_errors() -> tuple[type[Exception], ...]:
    """Return what a connection of our own may fail with.

    What takes httpcore's place in tests, such as respx, raises httpx's errors, which are known once it is loaded.
    """
    raised_by_mocks = getattr(sys.modules.get("httpx"), "RequestError", None)
    return _CONNECTION_ERRORS if raised_by_mocks is None else (*_CONNECTION_ERRORS, raised_by_mocks)


def map_transport_error(
    error: BaseException, request: Request, *, proxy: str = "", roots: str | None = None
) -> errors.TransportError:
    """Return our error for a failure below HTTP, whatever library it comes from: all are known by their names.

    `proxy` names the proxy if it is the proxy that failed, and `roots` the file, directory or variable that the
    user took the TLS roots from.
    """
    host = f"the proxy {proxy}" if proxy else origin_of(request.url)
    names = {cls.__name__ for cls in type(error).__mro__}
    reason = _reason(error)
    untrusted = _find(error, ssl.SSLCertVerificationError)
    if untrusted or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return _untrusted(host, reason, getattr(untrusted, "verify_code", None), roots)
    if names & {"ConnectTimeout", "PoolTimeout"}:
        return errors.ConnectTimeoutError(
            f"No connection to {host} in time ({reason}). Check the endpoint, the network and the proxy."
        )
    if "TimeoutException" in names or isinstance(error, TimeoutError):
        return errors.TimeoutError(
            f"No answer from {host} in time ({reason}). Try again later, or allow a longer read_timeout."
        )
    lookup = _find(error, socket.gaierror)
    if isinstance(lookup, socket.gaierror) and lookup.errno in _NO_SUCH_HOST:
        return _unresolved(host, reason, proxy)
    if names & {"ConnectError", "ProxyError", "UnsupportedProtocol"}:
        remedy = "Check the proxy and its variable." if proxy else "Check the endpoint, the network and the proxy."
        return errors.ConnectError(f"No connection to {host} ({reason}). {remedy}")
    return errors.TransportError(
        f"The connection to {host} broke off ({reason}). Try again; check proxies and firewalls on the way."
    )


def is_untrusted(error: BaseException) -> bool:
    """Return whether a failure to connect is that the server's certificate was refused."""
    return _find(error, ssl.SSLCertVerificationError) is not None


def too_late(request: Request) -> errors.TimeoutError:
    """Return the error for a response that was not complete at its deadline."""
    return errors.TimeoutError(
        f"No complete answer from {origin_of(request.url)} in time. Try again later, or allow a longer timeout or "
        "read_timeout."
    )


def detach(error: errors.KMSLiteError) -> None:
    """Let an error that was raised `from None` hold nothing of the exception that led to it."""
    if error.__suppress_context__ and error.__cause__ is None:
        error.__context__ = None


@lru_cache(maxsize=64)  # asked for with every request
def origin_of(url: str) -> str:
    """Return the scheme and the host of a URL, for people to read."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _untrusted(host: str, reason: str, verify_code: int | None, roots: str | None) -> errors.ConnectError:
    if verify_code in _WRONG_NAME:
        remedy = "The certificate is another host's: check the endpoint, and which server answers in its place."
    elif roots is not None:
        remedy = f"No root in {roots!a} vouches for it: add the root of its certificate, or name another file."
    else:
        remedy = (
            "Check the endpoint; if a company's proxy or an authority of your own signs its certificate, name a "
            "file with that root in AWS_CA_BUNDLE."
        )
    error = errors.ConnectError(f"{host} could not prove who it is ({reason}). {remedy}")
    error.retryable = False  # the certificate will be the same
    return error


def _unresolved(host: str, reason: str, proxy: str) -> errors.ConnectError:
    """Return the error for a host name that has no address, with what may be wrong with it."""
    region = _REGION.search(host)
    if proxy:
        remedy = "Check the variable."
    elif region is None:
        remedy = "Check the endpoint and the network's name servers."
    else:
        remedy = f"Check that there is a region {region[1]}, and the network's name servers."
        if "-fips." in host:
            remedy += " FIPS endpoints exist only in some regions: AWS_USE_FIPS_ENDPOINT asks for them."
        if _DUAL_STACK.search(host):
            remedy += " Dual-stack endpoints exist only in some regions: AWS_USE_DUALSTACK_ENDPOINT asks for them."
    error = errors.ConnectError(f"No connection to {host}: the name does not resolve ({reason}). {remedy}")
    error.unresolved = not proxy
    return error


def _reason(error: BaseException) -> str:
    """Return the class, and the text where it is known to be harmless."""
    name = type(error).__name__
    texts = (text for cause in _chain(error) if (text := _system_text(cause)))
    if text := next(texts, ""):
        return f"{name}: {text}"
    known = _HARMLESS.match(str(error))
    if known:
        return f"{name}: {known[0]}"
    return name if _is_from_library(error) else f"{name}, raised at {_location(error)}"


def _system_text(cause: BaseException) -> str:
    """Return the system's text for an error's number, or what OpenSSL and the resolver name as the reason."""
    if isinstance(cause, socket.gaierror):
        return "the name was not found" if cause.errno in _NO_SUCH_HOST else "the look-up of the name failed"
    if isinstance(cause, ssl.SSLError):
        reason = getattr(cause, "reason", None)
        if not isinstance(reason, str) or not _CONSTANT.fullmatch(reason):  # else it is not one of OpenSSL's
            return ""
        return f"{reason} {printable(str(getattr(cause, 'verify_message', '') or ''))}".rstrip()
    return os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else ""


def _location(error: BaseException) -> str:
    """Return the file and line that raised an exception, for the author of a given HTTP client."""
    *_, last = traceback.extract_tb(error.__traceback__) or [traceback.FrameSummary("unknown", 0, "")]
    return f"{last.filename}:{last.lineno}"


def _is_from_library(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in _LIBRARIES


def _find(error: BaseException, cls: type[BaseException]) -> BaseException | None:
    return next((cause for cause in _chain(error) if isinstance(cause, cls)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and those that led to it; under asyncio several addresses fail as a group."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [*getattr(cause, "exceptions", ()), cause.__cause__, cause.__context__]
