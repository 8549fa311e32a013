"""The rules of fault injection, in the order in which they were added, and their seeded random generator."""

import random
import threading
from typing import Generic, TypeVar

from attrs import define, field

from ..arguments import check_times, is_count, is_number

F = TypeVar("F")


@define(eq=False)
class FaultRule(Generic[F]):
    """One rule and its progress; `LocalKMS.inject_fault` describes the numbers.

    Raises `ValueError` for numbers with which the rule could never fire.
    """

    fault: F
    times: int | None = None
    probability: float = 1.0
    operation: str | None = None
    skip: int = 0
    burst: int = 1
    _burst_left: int = field(default=0, init=False)  # requests of the current burst that are still to come

    def __attrs_post_init__(self) -> None:
        check_times(self.times)
        if not (is_number(self.probability) and 0 < self.probability <= 1):
            raise ValueError(
                f"probability={self.probability!r} is not a probability: pass a number above 0, at most 1"
            )
        if not is_count(self.skip, 0):
            raise ValueError(f"skip={self.skip!r} is not a number of requests: pass one from 0 up")
        if not is_count(self.burst, 1):
            raise ValueError(f"burst={self.burst!r} is not a number of requests: pass one from 1 up")

    def matches(self, operation: str | None) -> bool:
        """Return whether the rule may fire for this request; count one that is to be skipped."""
        if self.operation not in (None, operation):
            return False
        if self.skip == 0:
            return True
        self.skip -= 1
        return False

    def fires(self, generator: random.Random) -> bool:
        """Return whether the rule fires for this request; a burst goes on without a random number."""
        if self._burst_left:
            self._burst_left -= 1
        elif self.probability == 1 or generator.random() < self.probability:
            self._burst_left = self.burst - 1
        else:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FaultRules(Generic[F]):
    """The rules of one server. The same seed and sequence of requests give the same faults. Thread-safe."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - faults must be reproducible
        self._lock = threading.Lock()
        self._rules: list[FaultRule[F]] = []

    def add(self, rule: FaultRule[F]) -> None:
        """Add a rule after those that are there."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Remove every rule; the generator is not seeded again."""
        with self._lock:
            self._rules.clear()

    def fire(self, operation: str | None = None) -> F | None:
        """Return the fault of the first rule that fires for this request, None if none does."""
        if not self._rules:
            return None
        with self._lock:
            # Every rule counts the request, so that `skip` does not depend on the other rules.
            for rule in [rule for rule in self._rules if rule.matches(operation)]:
                if rule.fires(self._random):
                    if rule.times == 0:
                        self._rules.remove(rule)
                    return rule.fault
            return None

    def noise(self, count: int) -> bytes:
        """Return `count` random bytes from the generator."""
        with self._lock:
            return self._random.randbytes(count)
