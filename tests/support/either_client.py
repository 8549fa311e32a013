"""A client of either kind beside a server of its own: each of its methods called as if it were synchronous."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import islice
from typing import Any, Protocol

import anyio.lowlevel
from support.servers import Way


class Server(Protocol):
    """What a client can be made for, as a LocalKMS is."""

    @property
    def environ(self) -> Mapping[str, str]: ...


class EitherClient:
    """A client of a region of a server; `on_pause` is called, with the seconds, where it would sleep."""

    def __init__(
        self,
        way: Way,
        server: Server,
        *,
        region: str | None = None,
        on_pause: Callable[[float], None] | None = None,
    ) -> None:
        pause = way.pauses.append if on_pause is None else on_pause

        async def pause_async(seconds: float) -> None:
            pause(seconds)
            await anyio.lowlevel.checkpoint()

        sleep = pause if way.is_sync else pause_async
        self._client = way.client(environ=server.environ, region=region, sleep=sleep).client
        self._way = way

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        return lambda *args, **kwargs: self._way.run(partial(method, *args, **kwargs))

    def take(self, listing: Any, count: int = 100) -> list[Any]:
        """Return the next items of a listing, so many at most."""
        if self._way.is_sync:
            return list(islice(listing, count))

        async def following() -> list[Any]:
            items: list[Any] = []
            while len(items) < count and (item := await anext(listing, None)) is not None:
                items.append(item)
            return items

        items: list[Any] = self._way.run(following)
        return items
