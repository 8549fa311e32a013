"""How a method that is written once becomes a plain function of one client and a coroutine function of the other.

The method of a subject says what is to be done, as an `Invocation`, and has the signature and the docstring that
users see. A client's class is given a function for each of its methods when it is made, which carries the
invocation out as that client does:

    class KMSClient(AliasMethods, SyncMethods): ...         # create_alias(...) returns a KMSResponse
    class AsyncKMSClient(AliasMethods, AsyncMethods): ...   # await create_alias(...) returns one

Type checkers see the same: what `_run` of a client makes of an `Invocation[R]` is what its methods return.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine
from functools import update_wrapper
from types import FunctionType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar, overload

from ..call import call
from ..loading import loading
from ..models.members import KMSResponse

if TYPE_CHECKING:
    from ..call import ClientState
    from ..drivers.asynchronous import AsyncDriver, AsyncSharedDriver
    from ..drivers.synchronous import Driver, SharedDriver
    from ..operations import Operation
    from ..paging import AsyncListing, Listing
    from ..steps import Flow

P = ParamSpec("P")
T = TypeVar("T")
Out = TypeVar("Out")
Out_co = TypeVar("Out_co", covariant=True)
ResponseT = TypeVar("ResponseT", bound=KMSResponse)


class Invocation(NamedTuple, Generic[T]):
    """What a method does when it is called: a flow, how long it may take, and which operation it is a call of."""

    flow: Flow[T]
    timeout: float | None
    """Seconds; the client's own where it is None."""
    operation: str | None = None
    """The operation's name; None for a flow that makes many calls."""


class Pages(NamedTuple, Generic[T]):
    """What a listing begins with, which member of an answer has its items, and how a page is asked for."""

    request: Any
    items: str
    invoke: Callable[[Any], Invocation[Any]]


class Methods:
    """What the methods of every subject are made from."""

    _state: ClientState

    def _call(
        self, operation: Operation[Any, ResponseT], timeout: float | None, **members: object
    ) -> Invocation[ResponseT]:
        flow = call(self._state, operation, operation.request(**members), timeout)
        return Invocation(flow, timeout, operation.name)

    def _pages(self, operation: Operation[Any, Any], timeout: float | None, **members: object) -> Pages[Any]:
        def invoke(request: object) -> Invocation[Any]:
            return Invocation(call(self._state, operation, request, timeout), timeout, operation.name)

        assert operation.items is not None
        return Pages(operation.request(**members), operation.items, invoke)


class _Runs(Protocol[T, Out_co]):
    """A client that makes an `Out` of an `Invocation[T]`."""

    def _run(self, invocation: Invocation[T], /) -> Out_co: ...


class _Lists(Protocol[T, Out_co]):
    """A client that makes an `Out` of `Pages[T]`."""

    def _list(self, pages: Pages[T], /) -> Out_co: ...


class SyncMethods:
    """Make the methods of a class plain functions, carried out by a `Driver`."""

    _driver: Driver | SharedDriver

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _bind(cls, _plain, "Listing")

    def _run(self, invocation: Invocation[T]) -> T:
        return self._driver.run(invocation.flow, invocation.timeout)

    def _list(self, pages: Pages[T]) -> Listing[T]:
        with loading:
            from ..paging import Listing

        return Listing(pages.request, pages.items, lambda request: self._run(pages.invoke(request)))


class AsyncMethods:
    """Make the methods of a class coroutine functions, carried out by an `AsyncDriver`."""

    _driver: AsyncDriver | AsyncSharedDriver

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _bind(cls, _coroutine, "AsyncListing")

    async def _run(self, invocation: Invocation[T]) -> T:
        return await self._driver.run(invocation.flow, invocation.timeout)

    def _list(self, pages: Pages[T]) -> AsyncListing[T]:
        with loading:
            from ..paging import AsyncListing

        return AsyncListing(pages.request, pages.items, lambda request: self._run(pages.invoke(request)))


if TYPE_CHECKING:
    # Two declarations of the same, since neither serves both checkers. Looking a method up on a client, mypy does
    # not infer `Out` from what that client's `_run` returns: a descriptor tells it. pyright does, and does not
    # take a descriptor for a method: it would refuse overrides, and clients where a Protocol asks for a method.
    MYPY = False  # mypy takes a variable of this name for true, and nobody else does
    if MYPY:

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

        def operation(
            method: Callable[Concatenate[Any, P], Invocation[T]],
        ) -> Callable[Concatenate[_Runs[T, Out], P], Out]:
            """Make what a method does the result that its client's `_run` returns."""
            ...

        def listing(
            method: Callable[Concatenate[Any, P], Pages[T]],
        ) -> Callable[Concatenate[_Lists[T, Out], P], Out]:
            """Make what a method lists the iterator that its client's `_list` returns."""
            ...

else:

    def operation(method):
        """Mark a method that returns an `Invocation`."""
        method.is_listing = False
        return method

    def listing(method):
        """Mark a method that returns `Pages`."""
        method.is_listing = True
        return method


def _bind(cls: type, wrap: Callable[[FunctionType], Callable[..., Any]], listing_type: str) -> None:
    """Give a class functions of its own for the marked methods that it inherits."""
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
    """Let a function show what its method declares, but for the result, which is that of its client.

    It shows what it wraps: a copy of the method that nobody calls, with the annotation of the result in its place.
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
    function.__annotations__ = shown.__annotations__  # Python 3.14 copies it no more
    if sys.version_info >= (3, 12) and inspect.iscoroutinefunction(function):
        inspect.markcoroutinefunction(shown)  # mocks look at what is wrapped, from 3.12.4 on


class _Unloaded:
    """Stands for a generic type of `paging` in annotations, and loads it when they are evaluated."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, item: Any) -> Any:
        with loading:
            from .. import paging

        return getattr(paging, self._name)[item]


_LISTING_TYPES = {name: _Unloaded(name) for name in ("Listing", "AsyncListing")}
