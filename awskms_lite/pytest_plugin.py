"""What pytest finds of this package where it is installed: the fixture `local_kms`.

pytest loads this module in every run, whether it is needed or not, so nothing else is loaded with it.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .local import LocalKMS


@pytest.fixture
def local_kms() -> "Iterator[LocalKMS]":
    """Run an embedded KMS for this test alone: empty, well-behaved, and closed after it."""
    from .local import LocalKMS

    with LocalKMS() as kms:
        yield kms
