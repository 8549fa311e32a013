"""Which request is struck by which fault: rules in the order they were given, and one seeded generator."""

import random
import threading
from typing import Generic, TypeVar

from attrs import define, field

from ..arguments import is_number

F = TypeVar("F")


@define(eq=False)
class FaultRule(Generic[F]):
    """One rule, and how far it has come; what the numbers mean is told by `LocalKMS.inject_fault`.

    Raises `ValueError` for numbers that can strike nothing.
    """

    fault: F
    times: int | None = None
    probability: float = 1.0
    operation: str | None = None
    skip: int = 0
    burst: int = 1
    _follow: int = field(default=0, init=False)  # how many of a burst are still to come

    def __attrs_post_init__(self) -> None:
        if self.times is not None and not _is_count(self.times, 1):
            raise ValueError(f"times={self.times!r} strikes nothing: pass a number from 1 up, or None for no end")
        if not (is_number(self.probability) and 0 < self.probability <= 1):
            raise ValueError(
                f"probability={self.probability!r} is no probability: pass a number above 0, at most 1"
            )
        if not _is_count(self.skip, 0):
            raise ValueError(f"skip={self.skip!r} is no number of requests: pass one from 0 up")
        if not _is_count(self.burst, 1):
            raise ValueError(f"burst={self.burst!r} is no number of requests: pass one from 1 up")

    def matches(self, operation: str | None) -> bool:
        """Count a request that the rule is about; say whether it may be struck."""
        if self.operation not in (None, operation):
            return False
        if self.skip == 0:
            return True
        self.skip -= 1
        return False

    def fires(self, generator: random.Random) -> bool:
        """Say whether this request is struck; a burst goes on without a draw."""
        if self._follow:
            self._follow -= 1
        elif self.probability == 1 or generator.random() < self.probability:
            self._follow = self.burst - 1
        else:
            return False
        if self.times is not None:
            self.times -= 1
        return True


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and value >= least


class FaultRules(Generic[F]):
    """Decides from a seed: the same requests, one at a time, meet the same faults. Safe among threads."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be repeated is what it is for
        self._lock = threading.Lock()
        self._rules: list[FaultRule[F]] = []

    def add(self, rule: FaultRule[F]) -> None:
        """Add a rule behind those that are there."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Forget every rule; the generator goes on from where it is."""
        with self._lock:
            self._rules.clear()

    def fire(self, operation: str | None = None) -> F | None:
        """Give the fault that the first rule to apply has for this request, None where none does."""
        if not self._rules:
            return None
        with self._lock:
            # Every rule counts the request, so that `skip` tells its place whatever else was struck.
            for rule in [rule for rule in self._rules if rule.matches(operation)]:
                if rule.fires(self._random):
                    if rule.times == 0:
                        self._rules.remove(rule)
                    return rule.fault
            return None

    def noise(self, count: int) -> bytes:
        """Give so many bytes from the generator."""
        with self._lock:
            return self._random.randbytes(count)
