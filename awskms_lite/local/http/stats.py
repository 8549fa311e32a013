"""Statistics: the requests, answers and faults of the embedded KMS, counted."""

import threading
from collections import Counter
from collections.abc import Mapping

from attrs import frozen


@frozen
class Stats:
    """The counts up to one moment. A name that did not occur counts 0.

    A request that was read whole and names an operation of one of the services counts in `asked`, and then in
    either `answered` or `faults`.
    """

    connections: int
    """Connections accepted, including those whose TLS handshake failed."""
    asked: Mapping[str, int]
    """Requests, by operation."""
    answered: Mapping[str, int]
    """Answers of the service that no fault changed, its errors included, by operation."""
    faults: Mapping[str, int]
    """Faults, by the name of their class; `Throttled` is an answer of ThrottlingException, as beyond a quota."""


class Counters:
    """The running counts behind `Stats`. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()

    def count_request(self, operation: str) -> None:
        """Count a request."""
        with self._lock:
            self._asked[operation] += 1

    def count_answer(self, operation: str) -> None:
        """Count an answer of the service."""
        with self._lock:
            self._answered[operation] += 1

    def count_fault(self, fault: str) -> None:
        """Count a fault."""
        with self._lock:
            self._faults[fault] += 1

    def snapshot(self, connections: int) -> Stats:
        """Return the counts as they are now."""
        with self._lock:
            return Stats(connections, Counter(self._asked), Counter(self._answered), Counter(self._faults))
