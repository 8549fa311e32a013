"""What every test starts from: an empty environment, and both event loops for the async ones."""

import gc
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from hypothesis import settings

from awskms_lite import config

settings.register_profile("calm", deadline=None)  # a busy machine is not a failure
settings.register_profile("fast", deadline=None, max_examples=20)  # for --fast
settings.load_profile("calm")

gc.disable()  # until everything is collected: see `pytest_collection_finish`

OUTWARD_MODULE = re.compile(
    r"^import (socket|subprocess)$|\b(EitherClient|LocalKMS|ScriptedServer|local_kms)\b", re.MULTILINE
)
WITHOUT_TRIO = Path(__file__).parent / "support" / "without_trio"
OUTWARD_EVENTS = {"os.fork", "os.posix_spawn", "socket.bind", "socket.connect", "subprocess.Popen"}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --fast, pass over the modules that use servers, sockets or processes."""
    if not config.option.fast or collection_path.suffix != ".py":
        return None
    return OUTWARD_MODULE.search(collection_path.read_text(encoding="utf-8")) is not None or None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --fast, pass over what is marked as outward; measure no coverage in what hypothesis repeats.

    A line that only a property test reaches has no example that can be read, and tracing hundreds of repetitions
    takes longer than the rest of the test.
    """
    for item in items:
        if item.get_closest_marker("hypothesis") is not None:
            item.add_marker("no_cover")
    if config.option.fast:
        outward = [item for item in items if item.get_closest_marker("outward") is not None]
        items[:] = [item for item in items if item.get_closest_marker("outward") is None]
        config.hook.pytest_deselected(items=outward)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave the thousands of tests themselves out of every later garbage collection: they are half of its time."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Take Ctrl-C as ever: what a shell runs in the background begins with it ignored, its children too."""
    if config.option.fast:
        settings.load_profile("fast")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make cases` and `make test-fast`."""
    parser.addoption("--cases", metavar="DIR", help="run the case files of this folder too")
    parser.addoption("--fast", action="store_true", help="run what opens no socket and starts no process")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own credentials, proxies, certificates and users out of the tests."""
    for name in os.environ:
        if name.upper().startswith(("AWS_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.setenv("PYTHONPATH", str(WITHOUT_TRIO), prepend=os.pathsep)  # for child processes
    monkeypatch.setattr(config, "home_in_database", lambda user=None: None)


@pytest.fixture(scope="session", autouse=True)
def _few_roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let certifi name its first two roots only: reading all takes 25 ms a client, and no test goes abroad."""
    end = "-----END CERTIFICATE-----\n"
    roots = Path(certifi.where()).read_text(encoding="utf-8").split(end)
    path = tmp_path_factory.mktemp("certifi") / "cacert.pem"
    path.write_text("".join(root + end for root in roots[:2]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(certifi, "where", lambda: str(path))
        yield


@pytest.fixture(scope="session", autouse=True)
def _nothing_outward(pytestconfig: pytest.Config) -> None:
    """With --fast, fail a test that opens a socket or starts a process: it belongs to the others."""

    def refuse(event: str, arguments: object) -> None:
        if event in OUTWARD_EVENTS:
            raise AssertionError(f"{event} under --fast: mark the test with pytest.mark.outward")

    if pytestconfig.option.fast:
        sys.addaudithook(refuse)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each async test on both event loops."""
    backend: str = request.param
    return backend
