"""The lock under which is imported what is loaded only when it is needed.

    with loading:
        from . import sso

A fork while another thread imports leaves the child a module that nobody will ever finish, behind a lock that
nobody will ever release: the same import there would wait for ever. So every import in the middle of a call is
made under this lock, and a fork waits for it.
"""

import logging
import os
from threading import RLock

__all__ = ["loading"]

_FIRST = logging  # it takes a lock before a fork as well: registered after ours, the two could block each other
loading = RLock()  # what is loaded may load more

if hasattr(os, "register_at_fork"):  # Windows does not fork
    # Who forks holds it, in the child too.
    os.register_at_fork(before=loading.acquire, after_in_parent=loading.release, after_in_child=loading.release)
