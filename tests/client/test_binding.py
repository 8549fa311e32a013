"""A method is written once, and is a method of either client as if it had been written there."""

import inspect
import pickle
import pydoc
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import AsyncMock, MagicMock, create_autospec, patch

import anyio
import httpx
import pytest
from support.servers import CREDENTIALS

from awskms_lite import AsyncKMSClient, KMSClient
from awskms_lite.errors import NotFoundException
from awskms_lite.models.usage import GetKeyLastUsageResponse

CLIENTS: list[type] = [KMSClient, AsyncKMSClient]
METHODS = Path(inspect.getfile(KMSClient)).parent / "methods"
USED = {"KeyId": "k", "TrackingStartDate": 0, "KeyCreationDate": 0}


def methods(cls: type) -> list[str]:
    """Return the names of what both clients have: the operations, the listings and the waiters."""
    own = {"close", "aclose", "in_region", "resolve_credentials"}
    return sorted(
        name for name, _ in inspect.getmembers(cls, inspect.isfunction) if name[0] != "_" and name not in own
    )


every_client = pytest.mark.parametrize("cls", CLIENTS)
every_method = pytest.mark.parametrize("name", methods(KMSClient))


def answered(answer: dict[str, Any]) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(400 if "__type" in answer else 200, json=answer))


@contextmanager
def opened(cls: type, answer: dict[str, Any]) -> Iterator[Any]:
    """Make a client of a class whose calls are all answered alike."""
    kind = httpx.Client if issubclass(cls, KMSClient) else httpx.AsyncClient
    http_client: Any = kind(transport=answered(answer))
    client = cls(region="us-east-2", environ={}, credentials=CREDENTIALS, http_client=http_client)
    yield client
    if isinstance(client, KMSClient):
        http_client.close()


def finish(method: Callable[..., Any], *args: Any) -> Any:
    """Call a method of either client, and return or raise what it does in the end."""

    async def run() -> Any:
        return await method(*args)

    return anyio.run(run) if inspect.iscoroutinefunction(method) else method(*args)


def test_there_are_methods_to_look_at() -> None:
    """The tests of every method are not empty: there are operations, listings and waiters on both clients."""
    assert methods(KMSClient) == methods(AsyncKMSClient)
    assert {"get_key_last_usage", "iter_list_keys", "wait_until_enabled"} <= set(methods(KMSClient))


@every_method
def test_each_client_shows_the_result_that_its_callers_get(name: str) -> None:
    """A signature has the parameters of the method and the plain result; help shows both, and the docstring."""
    for cls, listing in ((KMSClient, "Listing["), (AsyncKMSClient, "AsyncListing[")):
        method = getattr(cls, name)
        signature = inspect.signature(method)
        result = signature.return_annotation
        assert result.startswith(listing if name.startswith("iter_") else ("models.", "None", "str"))
        assert "timeout" in signature.parameters
        shown = pydoc.render_doc(method, renderer=pydoc.TextDoc())
        assert result in shown
        assert "timeout" in shown
        assert (method.__doc__ or "missing").partition("\n")[0] in shown
        assert "Invocation" not in shown
        assert "Pages" not in shown


@every_client
@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("get_key_last_usage", "models.GetKeyLastUsageResponse"),
        ("import_key_material", "models.ImportKeyMaterialResponse"),
        ("iter_list_keys", "listing[models.KeyListEntry]"),
        ("wait_until_deleted", "type(None)"),
        ("resolve_key", "str"),
        ("decrypt", "models.DecryptResponse | models.DecryptForRecipientResponse"),
    ],
)
def test_type_hints_are_there_in_a_fresh_process(cls: type, name: str, result: str) -> None:
    """The annotations of a method can be evaluated though nothing has loaded the models that they name."""
    code = f"""
import typing
from awskms_lite import {cls.__name__}
hints = typing.get_type_hints({cls.__name__}.{name})
from awskms_lite import models, paging
listing = paging.{"Listing" if cls is KMSClient else "AsyncListing"}
assert hints["return"] == {result}, hints
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


@every_client
def test_every_annotation_can_be_evaluated(cls: type) -> None:
    """No method's annotations name anything that is not there."""
    code = f"""
import typing
from awskms_lite import {cls.__name__} as Client
for name in {methods(cls)!r}:
    assert typing.get_type_hints(getattr(Client, name)).keys() >= {{"timeout", "return"}}
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)


@every_method
def test_each_client_has_functions_of_its_own_kind(name: str) -> None:
    """The asynchronous client's methods are coroutine functions, on its class and on it, and no others are."""
    listing = name.startswith("iter_")
    for cls in CLIENTS:
        with opened(cls, USED) as client:
            for method in (getattr(cls, name), getattr(client, name), inspect.getattr_static(cls, name)):
                assert inspect.isroutine(method)
                assert inspect.iscoroutinefunction(method) is (cls is AsyncKMSClient and not listing)


@every_method
def test_a_method_knows_its_place(name: str) -> None:
    """A method says which class it is of, can be pickled by that, and shows the source that it was written as."""
    for cls in CLIENTS:
        method = getattr(cls, name)
        assert (method.__module__, method.__qualname__) == (cls.__module__, f"{cls.__name__}.{name}")
        assert pickle.loads(pickle.dumps(method)) is method
        assert f"def {name}(" in inspect.getsource(method)


def test_subclasses_take_over_what_they_do_not_override() -> None:
    """A subclass has its base's own functions, also where another of its methods is overridden."""

    class Mine(KMSClient):
        def create_alias(self, *args: Any, **options: Any) -> Any:
            return super().create_alias(*args, **options)

    assert "describe_key" not in vars(Mine)
    assert Mine.describe_key is KMSClient.describe_key
    assert Mine.create_alias is not KMSClient.create_alias


def test_a_synchronous_method_can_be_overridden() -> None:
    """An override calls the method of its base by `super()`, by the class, and with keywords."""

    class Mine(KMSClient):
        def get_key_last_usage(
            self, key_id: str, *, timeout: float | timedelta | None = None
        ) -> GetKeyLastUsageResponse:
            usage = super().get_key_last_usage(key_id=key_id.lower(), timeout=timeout)
            assert KMSClient.get_key_last_usage(self, key_id) == usage
            return usage

    with opened(Mine, USED) as client:
        assert client.get_key_last_usage("K").key_id == "k"


def test_an_asynchronous_method_can_be_overridden() -> None:
    """An override awaits the method of its base by `super()`, by the class, and with keywords."""

    class Mine(AsyncKMSClient):
        async def get_key_last_usage(
            self, key_id: str, *, timeout: float | timedelta | None = None
        ) -> GetKeyLastUsageResponse:
            usage = await super().get_key_last_usage(key_id=key_id.lower(), timeout=timeout)
            assert await AsyncKMSClient.get_key_last_usage(self, key_id) == usage
            return usage

    with opened(Mine, USED) as client:
        assert finish(client.get_key_last_usage, "K").key_id == "k"


@every_client
def test_a_wrong_call_is_a_type_error(cls: type) -> None:
    """Arguments that a method does not have are refused as any function refuses them."""
    with opened(cls, USED) as client:
        with pytest.raises(
            TypeError, match=r"get_key_last_usage\(\) missing 1 required positional argument: 'key_id'"
        ):
            finish(client.get_key_last_usage)
        with pytest.raises(TypeError, match="get_key_last_usage"):
            finish(client.get_key_last_usage, "k", 5)
        with pytest.raises(TypeError, match="iter_list_keys"):
            client.iter_list_keys(5)


@every_client
def test_a_traceback_shows_two_frames_of_binding_at_most(cls: type) -> None:
    """Between the line that called and the driver an error's traceback has one or two frames."""
    with opened(cls, {"__type": "NotFoundException"}) as client, pytest.raises(NotFoundException) as caught:
        finish(client.get_key_last_usage, "k")
    files = [Path(frame.filename) for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert 1 <= len([file for file in files if file.parent == METHODS]) <= 2
    assert files[[file.parent for file in files].index(METHODS) - 1] == Path(__file__)


@every_client
def test_a_warm_call_goes_through_four_functions(cls: type) -> None:
    """What is called, the method, what makes the flow of it and what runs that: nothing else lies in between."""
    entered: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and Path(frame.f_code.co_filename).parent == METHODS:
            entered.append(frame.f_code.co_name)

    async def run_async(client: Any) -> None:
        await client.get_key_last_usage("k")
        sys.setprofile(note)
        try:
            await client.get_key_last_usage("k")
        finally:
            sys.setprofile(None)

    def run(client: Any) -> None:
        client.get_key_last_usage("k")
        sys.setprofile(note)
        try:
            client.get_key_last_usage("k")
        finally:
            sys.setprofile(None)

    with opened(cls, USED) as client:
        finish(partial(run if cls is KMSClient else run_async, client))
    first = list(dict.fromkeys(entered))  # a coroutine is entered again whenever it goes on
    assert first == ["bound", "get_key_last_usage", "_call", "_run"]
    assert cls is AsyncKMSClient or entered == first


# Mocks.


@every_client
def test_an_autospec_refuses_what_a_method_refuses(cls: type) -> None:
    """A mock with the client's own spec checks arguments, and is awaited where the client is."""
    for mock in (create_autospec(cls, instance=True), create_autospec(cls)(region="us-east-2")):
        for name in methods(cls):
            method = getattr(mock, name)
            assert isinstance(method, AsyncMock) is inspect.iscoroutinefunction(getattr(cls, name))
            with pytest.raises(TypeError):
                method(no_such_argument=1)


@pytest.mark.parametrize("make", [AsyncMock, MagicMock, create_autospec])
def test_a_mocked_method_can_be_awaited(make: Callable[..., Any]) -> None:
    """What stands in for the asynchronous client is awaited, whichever way it is made."""
    with opened(AsyncKMSClient, USED) as client:
        mock = make(spec=client)
    mock.get_key_last_usage.return_value = "usage"
    assert anyio.run(mock.get_key_last_usage, "k") == "usage"
    mock.get_key_last_usage.assert_awaited_once_with("k")


@pytest.mark.parametrize("name", ["get_key_last_usage", "wait_until_enabled"])
def test_a_patched_method_is_of_the_same_kind(name: str) -> None:
    """A method that is patched on the class, before anything has touched it, is mocked in its own kind."""
    with patch.object(AsyncKMSClient, name) as awaited, patch.object(KMSClient, name) as plain:
        assert isinstance(awaited, AsyncMock)
        assert not isinstance(plain, AsyncMock)
    assert inspect.iscoroutinefunction(getattr(AsyncKMSClient, name))


@every_client
@pytest.mark.parametrize("make", [AsyncMock, MagicMock])
def test_a_mock_has_the_methods_of_its_client(make: Callable[..., Any], cls: type) -> None:
    """A mock with a client as its spec is awaited where the client is, and has nothing that the client has not."""
    mock = make(spec=cls)
    for name in methods(cls):
        assert isinstance(getattr(mock, name), AsyncMock) is inspect.iscoroutinefunction(getattr(cls, name))
    assert not hasattr(mock, "no_such_operation")


def test_a_mocked_listing_is_not_awaited() -> None:
    """A listing is gone through, not awaited, and so is what stands in for it."""
    mock = AsyncMock(spec=AsyncKMSClient)
    mock.iter_list_keys.return_value = "listing"
    assert mock.iter_list_keys() == "listing"
