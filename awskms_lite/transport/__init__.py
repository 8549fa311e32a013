"""The only place that knows HTTP libraries: what sends a request, and what its failures mean.

A client that the caller gave sends everything, and its owner closes it. Else an httpx client of our own sends
where a proxy applies, for each proxy one, and connections of our own send the rest, one for each call under way.
"""

from ..steps import Request
from .connections import AsyncConnections, Connections
from .failures import origin_of, too_late
from .httpx_client import (
    AsyncClient,
    AsyncHTTPClient,
    Client,
    ClientInThreads,
    HTTPClient,
    ProxiedAsyncClient,
    ProxiedClient,
    check_client,
)
from .lines import Timeouts
from .proxies import Proxy, proxy_of
from .tls import TrustedRoots

__all__ = [
    "AsyncClient",
    "AsyncConnections",
    "AsyncHTTPClient",
    "Client",
    "ClientInThreads",
    "Connections",
    "HTTPClient",
    "ProxiedAsyncClient",
    "ProxiedClient",
    "Proxy",
    "Timeouts",
    "TrustedRoots",
    "check_client",
    "origin_of",
    "proxy_of",
    "route",
    "too_late",
]


def route(request: Request, roots: TrustedRoots, *, direct: bool) -> Proxy | None:
    """Return the proxy that a request of ours goes through, None for none."""
    return None if direct or not roots.trust_env else proxy_of(request.url)
