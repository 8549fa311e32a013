"""The same work in many threads at once."""

import threading
from collections.abc import Callable


def run_in_threads(work: Callable[[], object], count: int) -> None:
    """Run the work in so many threads, and wait for all of them."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
