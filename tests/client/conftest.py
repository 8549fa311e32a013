"""What most tests of the client start from: a way to call, a KMS beside it, and all that is logged."""

import logging
from collections.abc import Callable, Iterator

import pytest
from support.either_client import EitherClient
from support.servers import TLS, WAYS, Way, open_way

from awskms_lite.local import LocalKMS


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """Run the test with the synchronous client, and with the asynchronous one on both event loops."""
    with open_way(request.param) as way:
        yield way


@pytest.fixture
def local() -> Iterator[LocalKMS]:
    """Run a KMS in us-east-2 for this test alone."""
    with LocalKMS(region="us-east-2") as server:
        yield server


@pytest.fixture
def kms(way: Way, local: LocalKMS) -> EitherClient:
    """Make a client of that KMS."""
    return EitherClient(way, local)


@pytest.fixture(scope="session")
def tls() -> TLS:
    """Make an authority once, and a certificate for localhost."""
    return TLS()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Let every logger say all it can; return a function that returns each message and what it was made of."""
    for name in (None, "awskms_lite", "httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return lambda: "\n".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
