"""What every test starts from: an empty environment, and both event loops for the async ones."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from hypothesis import settings

from awskms_lite import config

settings.register_profile("calm", deadline=None)  # a busy machine is not a failure
settings.load_profile("calm")

gc.disable()  # until everything is collected: see `pytest_collection_finish`


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave the thousands of tests themselves out of every later garbage collection: they are half of its time."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_configure() -> None:
    """Take Ctrl-C as ever: what a shell runs in the background begins with it ignored, its children too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the folder whose cases `make cases` runs beside our own."""
    parser.addoption("--cases", metavar="DIR", help="run the case files of this folder too")


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own credentials, proxies, certificates and users out of the tests."""
    for name in os.environ:
        if name.upper().startswith(("AWS_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", os.devnull)
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


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each async test on both event loops."""
    backend: str = request.param
    return backend
