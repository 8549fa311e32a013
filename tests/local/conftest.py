"""What the tests of LocalKMS share: a server for each test, and a client of it that is none of the library's."""

from collections.abc import Iterator

import pytest
from support.local_client import Client, client
from support.raw_connection import RawConnection, connect_to

from awskms_lite.local import LocalKMS


@pytest.fixture
def kms() -> Iterator[LocalKMS]:
    """Run a LocalKMS for one test."""
    with LocalKMS() as kms:
        yield kms


@pytest.fixture
def call(kms: LocalKMS) -> Client:
    """Return a client of the default account and region."""
    return client(kms)


@pytest.fixture
def connection(kms: LocalKMS) -> Iterator[RawConnection]:
    """Open a connection whose every byte the test sees."""
    with connect_to(kms) as connection:
        yield connection
