"""Which proxy lies between here and a URL, by the environment's variables and the standard library's rules."""

import os
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


class Proxy(NamedTuple):
    """A proxy, and the variable that names it. Its URL may hold a password: `str` leaves that out."""

    url: str
    variable: str

    def __repr__(self) -> str:
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2].partition('/')[0]}"


def proxy_of(url: str) -> Proxy | None:
    """Return the proxy that applies to a URL, None where it is to be reached directly.

    Of `http_proxy` and `HTTP_PROXY` and their like the one in lower case goes first; NO_PROXY names hosts by their
    ends. A proxy without a scheme speaks http.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    kind = parts.scheme if proxies.get(parts.scheme) else "all"
    proxy = proxies.get(kind)
    if not proxy or proxy_bypass(parts.netloc) or proxy_bypass(parts.hostname or ""):
        return None
    names = (f"{kind}_proxy", f"{kind}_PROXY".upper())
    variable = next((name for name in names if os.environ.get(name)), "the system's settings")
    return Proxy(proxy if "://" in proxy else f"http://{proxy}", variable)
