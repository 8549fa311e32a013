"""The pytest plugin: the fixture `local_kms`.

pytest loads this module in every run where the package is installed, so it loads nothing else by itself.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .local import LocalKMS


@pytest.fixture
def local_kms() -> "Iterator[LocalKMS]":
    """Run an embedded KMS for this test alone: without keys and faults, and closed after the test."""
    from .local import LocalKMS

    with LocalKMS() as kms:
        yield kms
