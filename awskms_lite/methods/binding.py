"""Binding: a method that is written once becomes a plain function of one client, a coroutine of the other.

The method of a subject returns an `Invocation`, which describes the call, and has the signature and the docstring
that users see. When a client's class is created, it gets a function for each of its methods, which runs the
invocation as that client does:

    class KMSClient(AliasMethods, SyncMethods): ...         # create_alias(...) returns a KMSResponse
    class AsyncKMSClient(AliasMethods, AsyncMethods): ...   # await create_alias(...) returns one

Type checkers see the same: a method that returns an `Invocation[R]` returns what `_run` of the client returns for
it. A method with overloads (`overloaded`) declares each of them for either client, by `self: Sync` and `self:
Async`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import update_wrapper
from types import CoroutineType, FunctionType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    NamedTuple,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    overload,
)

from ..call import call
from ..loading import loading
from ..models.members import KMSResponse
from ..settings import validated_timeout

if TYPE_CHECKING:
    from ..call import ClientState
    from ..drivers.asynchronous import AsyncDriver, AsyncSharedDriver
    from ..drivers.synchronous import Driver, SharedDriver
    from ..operations import Operation, PageMembers
    from ..paging import AsyncListing, Listing
    from ..steps import Flow

P = ParamSpec("P")
T = TypeVar("T")
Out = TypeVar("Out")
Out_co = TypeVar("Out_co", covariant=True)
ResponseT = TypeVar("ResponseT", bound=KMSResponse)


class Invocation(NamedTuple, Generic[T]):
    """A call to be made: its flow, how long it may take, and its operation."""

    flow: Flow[T]
    timeout: float | None
    """Seconds; None for no bound."""
    operation: str | None = None
    """The operation's name; None for a flow that makes many calls."""


class Pages(NamedTuple, Generic[T]):
    """A list to iterate: its first request, the member that has the items of a page, and how to ask for one.

    `max_items` and `max_pages` are how many of them the list may have; None for all.
    """

    request: Any
    items: str
    invoke: Callable[[Any], Invocation[Any]]
    max_items: int | None
    max_pages: int | None
    members: PageMembers


class Methods:
    """The base of the methods of every subject."""

    _state: ClientState

    def _seconds(self, timeout: float | timedelta | None) -> float | None:
        """Return how long a call may take, the client's own timeout if None; raise `ParameterError` if invalid."""
        return self._state.timeout if timeout is None else validated_timeout("timeout", timeout)

    def _call(
        self, operation: Operation[Any, ResponseT], timeout: float | timedelta | None, **members: object
    ) -> Invocation[ResponseT]:
        seconds = self._state.timeout if timeout is None else self._seconds(timeout)  # most calls have none
        flow = call(self._state, operation, operation.request(**members), seconds)
        return Invocation(flow, seconds, operation.name)

    def _pages(
        self,
        operation: Operation[Any, Any],
        timeout: float | timedelta | None,
        *,
        page_size: int | None,
        max_items: int | None,
        max_pages: int | None = None,
        **members: object,
    ) -> Pages[Any]:
        with loading:
            from ..paging import check_sizes

        seconds = self._seconds(timeout)
        check_sizes(page_size, max_items, max_pages, largest=operation.pages.largest)
        members[operation.pages.size] = page_size

        def invoke(request: object) -> Invocation[Any]:
            return Invocation(call(self._state, operation, request, seconds), seconds, operation.name)

        assert operation.items is not None
        request = operation.request(**members)
        return Pages(request, operation.items, invoke, max_items, max_pages, operation.pages)


class Sync(Protocol):
    """A client with plain methods, as overloads name it."""

    @property
    def _driver(self) -> Driver | SharedDriver: ...


class Async(Protocol):
    """A client with coroutine methods, as overloads name it."""

    @property
    def _driver(self) -> AsyncDriver | AsyncSharedDriver: ...


class _Runs(Protocol[T, Out_co]):
    """A client whose `_run` returns an `Out` for an `Invocation[T]`."""

    def _run(self, invocation: Invocation[T], /) -> Out_co: ...


class _Lists(Protocol[T, Out_co]):
    """A client whose `_list` returns an `Out` for `Pages[T]`."""

    def _list(self, pages: Pages[T], /) -> Out_co: ...


class SyncMethods:
    """Make the methods of a class plain functions, run by a `Driver`."""

    _driver: Driver | SharedDriver

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _bind(cls, _plain, "Listing")

    def _run(self, invocation: Invocation[T]) -> T:
        return self._driver.run(invocation.flow, invocation.timeout)

    def _list(self, pages: Pages[T]) -> Listing[T]:
        with loading:
            from ..paging import Listing

        request, items, invoke, max_items, max_pages, members = pages
        return Listing(request, items, lambda page: self._run(invoke(page)), max_items, max_pages, members)


class AsyncMethods:
    """Make the methods of a class coroutine functions, run by an `AsyncDriver`."""

    _driver: AsyncDriver | AsyncSharedDriver

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _bind(cls, _coroutine, "AsyncListing")

    async def _run(self, invocation: Invocation[T]) -> T:
        return await self._driver.run(invocation.flow, invocation.timeout)

    def _list(self, pages: Pages[T]) -> AsyncListing[T]:
        with loading:
            from ..paging import AsyncListing

        request, items, invoke, max_items, max_pages, members = pages
        return AsyncListing(request, items, lambda page: self._run(invoke(page)), max_items, max_pages, members)


if TYPE_CHECKING:
    # Two declarations of the same, since neither serves both checkers. When a method is looked up on a client,
    # mypy does not infer `Out` from what the `_run` of the client returns, and needs a descriptor. pyright infers
    # it, and does not accept a descriptor as a method: it would refuse overrides, and clients for a Protocol with
    # the method.
    MYPY = False  # mypy takes a variable of this name for true, and no other checker does
    if MYPY:
        Awaited: TypeAlias = Coroutine[Any, Any, T]  # pyright: ignore[reportRedeclaration]
        """What a coroutine function returns, as the checker has it."""

        class operation(Generic[P, T]):  # noqa: N801  # pyright: ignore[reportRedeclaration]
            """Declare what `operation` below does."""

            def __init__(self, method: Callable[Concatenate[Any, P], Invocation[T]]) -> None: ...
            @overload
            def __get__(self, client: None, owner: type[SyncMethods]) -> Callable[Concatenate[Any, P], T]: ...
            @overload
            def __get__(
                self, client: None, owner: type[AsyncMethods]
            ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]: ...
            @overload
            def __get__(self, client: SyncMethods, owner: type) -> Callable[P, T]: ...
            @overload
            def __get__(self, client: AsyncMethods, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
            def __get__(self, client: Any, owner: type) -> Any: ...

        class listing(Generic[P, T]):  # noqa: N801  # pyright: ignore[reportRedeclaration]
            """Declare what `listing` below does."""

            def __init__(self, method: Callable[Concatenate[Any, P], Pages[T]]) -> None: ...
            @overload
            def __get__(
                self, client: None, owner: type[SyncMethods]
            ) -> Callable[Concatenate[Any, P], Listing[T]]: ...
            @overload
            def __get__(
                self, client: None, owner: type[AsyncMethods]
            ) -> Callable[Concatenate[Any, P], AsyncListing[T]]: ...
            @overload
            def __get__(self, client: SyncMethods, owner: type) -> Callable[P, Listing[T]]: ...
            @overload
            def __get__(self, client: AsyncMethods, owner: type) -> Callable[P, AsyncListing[T]]: ...
            def __get__(self, client: Any, owner: type) -> Any: ...

    else:
        Awaited: TypeAlias = CoroutineType[Any, Any, T]  # pyright: ignore[reportRedeclaration]

        def operation(
            method: Callable[Concatenate[Any, P], Invocation[T]],
        ) -> Callable[Concatenate[_Runs[T, Out], P], Out]:
            """Declare that a method returns what the `_run` of its client returns."""
            ...

        def listing(
            method: Callable[Concatenate[Any, P], Pages[T]],
        ) -> Callable[Concatenate[_Lists[T, Out], P], Out]:
            """Declare that a method returns what the `_list` of its client returns."""
            ...

    def overloaded(method: Callable[..., Invocation[Any]]) -> Callable[..., Any]:
        """Declare nothing: the overloads before the method do."""
        ...

else:

    def operation(method):
        """Mark a method that returns an `Invocation`."""
        method.is_listing = False
        return method

    overloaded = operation
    Awaited = Coroutine[Any, Any, T]

    def listing(method):
        """Mark a method that returns `Pages`."""
        method.is_listing = True
        return method


def _bind(cls: type, wrap: Callable[[FunctionType], Callable[..., Any]], listing_type: str) -> None:
    """Set functions of a class for the marked methods that it inherits."""
    members = {name: member for base in reversed(cls.__mro__) for name, member in vars(base).items()}
    for name, member in members.items():
        is_listing = vars(member).get("is_listing") if isinstance(member, FunctionType) else None
        if is_listing is not None:
            function = _listing(member) if is_listing else wrap(member)
            _describe(function, member, f"{cls.__qualname__}.{name}", listing_type if is_listing else "")
            function.__module__ = cls.__module__
            setattr(cls, name, function)


def _plain(method: FunctionType) -> Callable[..., Any]:
    def bound(self: Any, /, *args: Any, **options: Any) -> Any:
        return self._run(method(self, *args, **options))

    return bound


def _coroutine(method: FunctionType) -> Callable[..., Any]:
    async def bound(self: Any, /, *args: Any, **options: Any) -> Any:
        return await self._run(method(self, *args, **options))

    return bound


def _listing(method: FunctionType) -> Callable[..., Any]:
    def bound(self: Any, /, *args: Any, **options: Any) -> Any:
        return self._list(method(self, *args, **options))

    return bound


def _describe(function: Callable[..., Any], method: FunctionType, qualname: str, listing_type: str) -> None:
    """Make a function show what its method declares, except for the result, which is that of its client.

    The function wraps, for `inspect`, a copy of the method that is never called, with the annotation of the
    result.
    """
    names = {**method.__globals__, **_LISTING_TYPES} if listing_type else method.__globals__
    shown = FunctionType(method.__code__, names, method.__name__, method.__defaults__, method.__closure__)
    result = method.__annotations__["return"].partition("[")[2].removesuffix("]")
    shown.__annotations__ = {
        **method.__annotations__,
        "return": f"{listing_type}[{result}]" if listing_type else result,
    }
    shown.__kwdefaults__, shown.__doc__, shown.__qualname__ = method.__kwdefaults__, method.__doc__, qualname
    update_wrapper(function, shown)
    function.__annotations__ = shown.__annotations__  # Python 3.14 no longer copies it
    if sys.version_info >= (3, 12) and inspect.iscoroutinefunction(function):
        inspect.markcoroutinefunction(shown)  # from 3.12.4 on, mocks look at the wrapped function


class _Unloaded:
    """A stand-in for a generic type of `paging` in annotations, which loads the type when they are evaluated."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, item: Any) -> Any:
        with loading:
            from .. import paging

        return getattr(paging, self._name)[item]


_LISTING_TYPES = {name: _Unloaded(name) for name in ("Listing", "AsyncListing")}
