"""The lock under which is imported what is loaded only when it is needed.

    with loading:
        from . import sso

A fork while another thread imports leaves the child a module that nobody will ever finish, behind a lock that
nobody will ever release: the same import there would wait for ever. So every import in the middle of a call is
made under this lock, and a fork waits for it.
"""

import logging
import os
import sys
from threading import RLock
from typing import Any

__all__ = ["Unloaded", "loading"]

_FIRST = logging  # it takes a lock before a fork as well: registered after ours, the two could block each other
loading = RLock()  # what is loaded may load more

if hasattr(os, "register_at_fork"):  # Windows does not fork
    # Who forks holds it, in the child too.
    os.register_at_fork(before=loading.acquire, after_in_parent=loading.release, after_in_child=loading.release)


class Unloaded:
    """Stands for a public class in annotations, and loads it when they are evaluated, as `get_type_hints` does."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _load(self) -> Any:
        with loading:
            return getattr(
                sys.modules[str(__package__)], self._name
            )  # the package loads its names when they are used

    def __or__(self, other: Any) -> Any:
        return self._load() | other

    def __ror__(self, other: Any) -> Any:
        return other | self._load()
