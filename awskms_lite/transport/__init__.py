"""The only place that knows HTTP libraries: what sends a request, until when, and what its failures mean.

A client that the caller gave sends everything, and its owner closes it. Otherwise connections of our own do, one
for each call under way, directly or through a proxy. All of them send in the same way:

    send(step, accept, deadline)      # -> what `accept` makes of the response, or an error of ours
"""

from .deadline import NEVER, Deadline, DeadlineExceeded, Timeouts, resolve_timeouts
from .errors import detach, origin_of
from .httpx_client import AsyncClient, AsyncHTTPClient, Client, ClientInThreads, HTTPClient, check_client
from .pools import AsyncConnectionPool, ConnectionPool
from .proxies import Proxy, proxy_of
from .tls import TrustedRoots, roots_variable

__all__ = [
    "NEVER",
    "AsyncClient",
    "AsyncConnectionPool",
    "AsyncHTTPClient",
    "Client",
    "ClientInThreads",
    "ConnectionPool",
    "Deadline",
    "DeadlineExceeded",
    "HTTPClient",
    "Proxy",
    "Timeouts",
    "TrustedRoots",
    "check_client",
    "detach",
    "origin_of",
    "proxy_of",
    "resolve_timeouts",
    "roots_variable",
]
