"""Which proxy lies between here and a URL, by the environment's variables and the standard library's rules."""

import os
import sys
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore

from ..errors import ConfigurationError
from ..loading import loading
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
    if not _may_have_proxies():
        return None
    with loading:
        from urllib.request import getproxies, proxy_bypass  # which loads much more

    parts = urlsplit(url)
    proxies = getproxies()
    scheme = parts.scheme if proxies.get(parts.scheme) else "all"
    proxy = proxies.get(scheme)
    if not proxy or proxy_bypass(parts.netloc) or proxy_bypass(parts.hostname or ""):
        return None
    names = (f"{scheme}_proxy", f"{scheme}_PROXY".upper())
    variable = next((name for name in names if os.environ.get(name)), "the system's settings")
    return Proxy(proxy if "://" in proxy else f"http://{proxy}", variable)


def _may_have_proxies() -> bool:
    """Return whether the standard library has anything to find: variables, or the settings of such a system."""
    return sys.platform in ("win32", "darwin") or any(name.lower().endswith("_proxy") for name in os.environ)


def usable_proxy(proxy: Proxy, roots: TrustedRoots) -> httpcore.Proxy:
    """Return the proxy as httpcore wants it, held to the same roots as KMS if it speaks TLS itself.

    Raise `ConfigurationError` for a proxy that httpx cannot use, by whose rules its URL is read.
    """
    with loading:
        import httpx

    roots.complete()  # a proxy may be anyone's
    context = roots.context("https")
    try:
        usable = httpx.Proxy(proxy.url, ssl_context=context if proxy.url.lower().startswith("https:") else None)
        httpx.HTTPTransport(verify=context, proxy=usable)  # refuses what it lacks a module for
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        reason = error.msg if isinstance(error, ImportError) else "it is no URL, or of an unknown scheme"
    else:
        url = usable.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        return httpcore.Proxy(target, auth=usable.raw_auth, ssl_context=usable.ssl_context)
    raise ConfigurationError(  # httpx's own text may hold a part of the password
        f"httpx cannot use the proxy that {proxy.variable} names ({reason}). Correct the variable, name the host "
        "in NO_PROXY, or pass an http_client of your own."
    )
