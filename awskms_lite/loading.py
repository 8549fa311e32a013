"""The lock for imports that are made only when they are needed.

    with loading:
        from . import sso

If a process forks while another of its threads imports a module, the child has a module that is never finished
and a lock that is never released: the same import would wait there for ever. So every import in the middle of a
call is made under this lock, and a fork waits for it.
"""

import logging
import os
import sys
from threading import RLock
from typing import Any

__all__ = ["Unloaded", "loading"]

_FIRST = logging  # its lock is taken by forks too: registered after ours, the two could block each other
loading = RLock()  # reentrant, since a module that is imported may import more in this way

if hasattr(os, "register_at_fork"):  # Windows does not fork
    # The thread that forks holds it, and is the one that goes on in the child.
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
