"""Statistics: what the embedded KMS saw and did, counted."""

import threading
from collections import Counter
from collections.abc import Mapping

from attrs import frozen


@frozen
class Stats:
    """What happened up to one moment. A name that never came up counts 0.

    A request that was read whole and names an operation of KMS or of STS is one of `asked`, and is then
    either one of `answered` or one of `faults`, never both.
    """

    connections: int
    """How many were accepted, those included whose TLS handshake failed."""
    asked: Mapping[str, int]
    """Requests, by operation."""
    answered: Mapping[str, int]
    """Answers of the service itself that were sent whole and undisturbed, its errors included, by operation."""
    faults: Mapping[str, int]
    """Faults, by the name of their record; `Throttled` is a request beyond a quota."""


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
