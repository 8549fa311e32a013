"""What both drivers have in common: timeouts, who sends a request, the end of a run, and the end of a client."""

import os
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Any, Generic, Protocol, TypedDict, TypeVar
from weakref import WeakSet

from .. import transport
from ..errors import ClosedError, CredentialsError, KMSLiteError, TimeoutError
from ..retry import may_have_executed
from ..steps import Send, Step
from ..transport import DeadlineExceeded, Proxy

OwnT = TypeVar("OwnT")
GivenT = TypeVar("GivenT")

_METADATA_HINT = (
    "The http_client given to this client carries the metadata requests too. If it has a proxy, keep them off it: "
    'mounts={"all://169.254.169.254": None, "all://169.254.170.2": None, "all://169.254.170.23": None}, or these '
    "addresses in NO_PROXY."
)


class Routes(Generic[OwnT]):
    """Which sender of our own sends a request, by its origin. There is one for each proxy, and one for none."""

    def __init__(
        self, open_sender: Callable[[Proxy | None], OwnT], check_open: Callable[[], None], *, trust_env: bool
    ) -> None:
        self._open_sender = open_sender
        self._check_open = check_open
        self._trust_env = trust_env
        self._lock = Lock()
        self._senders: dict[Proxy | None, OwnT] = {}
        self._by_origin: dict[tuple[str, bool], OwnT] = {}

    def sender(self, step: Send) -> OwnT:
        """Return the sender for a request, which is opened if it is the first to be sent that way.

        Raise `ClosedError` if the client was closed, and `ConfigurationError` for a proxy that cannot be used.
        """
        route = transport.origin_of(step.request.url), step.direct
        sender = self._by_origin.get(route)
        return self._choose(route, step) if sender is None else sender

    def _choose(self, route: tuple[str, bool], step: Send) -> OwnT:
        with self._lock:
            self._check_open()
            proxy = transport.proxy_of(step.request.url) if self._trust_env and not step.direct else None
            if proxy not in self._senders:
                self._senders[proxy] = self._open_sender(proxy)
            self._by_origin[route] = self._senders[proxy]
            return self._senders[proxy]

    def clear(self) -> list[OwnT]:
        """Return all senders, to be closed, and forget them."""
        with self._lock:
            senders = list(self._senders.values())
            self._senders.clear()
            self._by_origin.clear()
            return senders


class DriverOptions(TypedDict):
    """What a driver is made with, but for its `sleep`; a timeout that is a number is in seconds."""

    http_client: Any
    connect_timeout: float | timedelta | None
    read_timeout: float | timedelta | None
    trust_env: bool
    ca_bundle: str | None


class DriverBase(Generic[GivenT]):
    """What both drivers keep: the timeouts, the sender that was given, and whether the client was closed."""

    def __init__(
        self,
        http_client: Any,
        wrap: Callable[[Any, transport.Timeouts], GivenT],
        *,
        connect_timeout: float | timedelta | None,
        read_timeout: float | timedelta | None,
        trust_env: bool,
        ca_bundle: str | None,
    ) -> None:
        self.options = DriverOptions(
            http_client=http_client,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            trust_env=trust_env,
            ca_bundle=ca_bundle,
        )
        self._timeouts = transport.resolve_timeouts(http_client, connect_timeout, read_timeout)
        self._roots = transport.TrustedRoots(trust_env, ca_bundle)
        self._given = None if http_client is None else wrap(http_client, self._timeouts)
        self._http_client = http_client
        self._has_asked_metadata = False
        self._closed = False
        self.renew()
        renew_after_fork(self)

    def check_open(self) -> None:
        """Raise `ClosedError` once the client was closed."""
        check_not_closed(self._closed)

    def renew(self) -> None:
        """Begin without connections and locks; in a forked process too, where they are the parent's."""
        raise NotImplementedError

    def _given_sender(self, step: Send) -> GivenT | None:
        """Return what sends through the client that the caller gave, None if there is none."""
        if self._given is None:
            return None
        if self._http_client in _inherited_clients:
            raise ClosedError(
                "The http_client given to this client was used before this process was forked, so its connections "
                "are the parent's: make a new http_client, and a new client, in the child process."
            )
        _used_clients.add(self._http_client)
        self._has_asked_metadata = self._has_asked_metadata or step.direct
        return self._given

    def _with_hint(self, error: CredentialsError) -> CredentialsError:
        """Return the error, with a hint if metadata was asked for through a client of the caller's."""
        if self._given is not None and self._has_asked_metadata:
            error.args = (f"{error}\n{_METADATA_HINT}",)
        return error


def check_not_closed(closed: bool) -> None:
    """Raise `ClosedError` if a client is closed."""
    if closed:
        raise ClosedError(
            "This client (or its parent, if in_region made it) is closed: make a new one, or close it later."
        )


def may_be_executed(step: Step, error: KMSLiteError) -> bool:
    """Return whether a step that ended in an error may have changed something all the same."""
    return isinstance(step, Send) and step.mutating and may_have_executed(error)


def out_of_time(timeout: float | None, end: DeadlineExceeded) -> TimeoutError:
    """Return the error for a run that did not come to its end within its timeout, in seconds."""
    error = TimeoutError(
        f"The call did not end within its timeout of {timeout:g} s. Try again later, or allow a longer one."
    )
    error.outcome_unknown = end.may_have_executed
    return error


class _Renewable(Protocol):
    def renew(self) -> None:
        """Begin anew in a forked process, where another thread's lock may be held for ever."""


_renewed_after_fork: WeakSet[_Renewable] = WeakSet()
_used_clients: WeakSet[object] = WeakSet()
"""The callers' http clients that sent something in this process: they may have connections."""
_inherited_clients: WeakSet[object] = WeakSet()
"""Those that did so in a parent process, which has the same connections."""


def renew_after_fork(*shared: _Renewable | None) -> None:
    """Let what the calls of a client share begin anew in a forked process; None is passed over."""
    _renewed_after_fork.update(filter(None, shared))


def _renew_all() -> None:
    _inherited_clients.update(_used_clients)
    for shared in list(_renewed_after_fork):
        shared.renew()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_renew_all)
