"""Which proxy lies between here and a URL, by the environment's variables and the standard library's rules."""

import os
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from ..errors import ConfigurationError
from .tls import TrustedRoots


class Proxy(NamedTuple):
    """A proxy, and the variable that names it. Its URL may hold a password, which `str` leaves out."""

    url: str
    variable: str

    def __repr__(self) -> str:
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2].partition('/')[0]}"


def proxy_of(url: str) -> Proxy | None:
    """Return the proxy that applies to a URL, None if its host is reached directly.

    Variables in lower case, such as `http_proxy`, go before those in upper case; NO_PROXY names hosts by the ends
    of their names. A proxy without a scheme speaks http.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    scheme = parts.scheme if proxies.get(parts.scheme) else "all"
    proxy = proxies.get(scheme)
    if not proxy or proxy_bypass(parts.netloc) or proxy_bypass(parts.hostname or ""):
        return None
    names = (f"{scheme}_proxy", f"{scheme}_PROXY".upper())
    variable = next((name for name in names if os.environ.get(name)), "the system's settings")
    return Proxy(proxy if "://" in proxy else f"http://{proxy}", variable)


def usable_proxy(proxy: Proxy, roots: TrustedRoots) -> httpx.Proxy:
    """Return the proxy as httpx wants it, held to the same roots as KMS if it speaks TLS itself.

    Raise `ConfigurationError` for a proxy that httpx cannot use.
    """
    context = roots.context("https")
    try:
        usable = httpx.Proxy(proxy.url, ssl_context=context if proxy.url.lower().startswith("https:") else None)
        httpx.HTTPTransport(verify=context, proxy=usable)  # refuses what it lacks a module for
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        reason = error.msg if isinstance(error, ImportError) else "it is no URL, or of an unknown scheme"
    else:
        return usable
    raise ConfigurationError(  # httpx's own text may hold a part of the password
        f"httpx cannot use the proxy that {proxy.variable} names ({reason}). Correct the variable, name the host "
        "in NO_PROXY, or pass an http_client of your own."
    )
