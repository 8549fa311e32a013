"""Runs flows in virtual time: a heap of moments, at which they send to a simulated quota, sleep and end.

A flow that sleeps wakes a hair late, as on a real machine. Nothing waits, and a seed settles it all.
"""

import json
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from support.flow_world import answered
from support.servers import CREDENTIALS, USED

from awskms_lite.call import ClientState, create_state
from awskms_lite.errors import KMSLiteError
from awskms_lite.local.auth.quotas import Bucket
from awskms_lite.pacing import Pacing
from awskms_lite.settings import resolve_settings
from awskms_lite.steps import Exclusive, Flow, Response, Send, Sleep

NOW = 1_790_000_000.0
ANSWER = Response(200, {}, USED)
THROTTLED = Response(400, {}, json.dumps({"__type": "ThrottlingException"}).encode())


def session(clock: Callable[[], float], pacing: Pacing | None, **options: Any) -> ClientState:
    given: dict[str, Any] = {"retry": None, "timeout": None, "random": Random(1).random, **options}
    environ = {"AWS_REGION": "us-east-2"}
    return create_state(
        resolve_settings(environ, {}),
        credentials=CREDENTIALS,
        pacing=pacing,
        mfa=None,
        clock=clock,
        timer=clock,
        new_id=lambda: "call-1",
        **given,
    )


class World:
    """Runs flows in virtual time against one operation of KMS, whose quota others may draw on."""

    def __init__(self, quota: float, burst: float, seed: int = 1) -> None:
        self.now = NOW
        self.sent: list[float] = []
        """When a request came to KMS, in seconds from the beginning."""
        self.throttled = 0
        self.ended: list[tuple[float, object]] = []
        """When a flow ended, and what it gave or raised."""
        self._bucket = Bucket(quota, burst, NOW)
        self._random = Random(seed)
        self._moments: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def clock(self) -> float:
        return self.now

    @property
    def passed(self) -> float:
        """Seconds from the beginning."""
        return self.now - NOW

    @property
    def failures(self) -> list[KMSLiteError]:
        return [outcome for _, outcome in self.ended if isinstance(outcome, KMSLiteError)]

    def start(self, flow: Flow[object], after: float = 0) -> None:
        self._later(after, lambda: self._go_on(flow, None))

    def others(self, rate: float, begin: float, end: float) -> None:
        """Let others send so many requests a second, at random, between two moments."""

        def draw() -> None:
            self._bucket.take(self.now)
            if self.passed < end:
                self._later(self._random.uniform(0.5, 1.5) / rate, draw)

        self._later(begin, draw)

    def run(self) -> None:
        """Run all to their end."""
        while self._moments:
            self.step()

    def step(self) -> None:
        """Run what comes next."""
        self.now, _, do = heappop(self._moments)
        do()

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        heappush(self._moments, (self.now + seconds, next(self._order), do))

    def _go_on(self, flow: Flow[object], outcome: object) -> None:
        try:
            step = flow.throw(outcome) if isinstance(outcome, KMSLiteError) else flow.send(outcome)
        except StopIteration as end:
            self.ended.append((self.passed, end.value))
        except KMSLiteError as error:
            self.ended.append((self.passed, error))
        else:
            self._perform(flow, step)

    def _perform(self, flow: Flow[object], step: object) -> None:
        match step:
            case Sleep(seconds):
                self._later(seconds + self._random.uniform(0, 0.001), lambda: self._go_on(flow, None))
            case Send():
                self._later(self._random.uniform(0.002, 0.01), lambda: self._arrive(flow, step))
            case Exclusive(inner, _):
                self._go_on(flow, ended(inner))
            case _:
                raise AssertionError(f"no part of this world: {step}")

    def _arrive(self, flow: Flow[object], step: Send) -> None:
        self.sent.append(self.passed)
        admitted = self._bucket.take(self.now)
        self.throttled += not admitted
        answer = answered(step, ANSWER if admitted else THROTTLED)
        self._later(self._random.uniform(0.002, 0.01), lambda: self._go_on(flow, answer))


def ended(flow: Flow[Any]) -> object:
    """Run a flow that asks for nothing but to be alone to its end."""
    try:
        step = flow.send(None)
        while isinstance(step, Exclusive):
            step = flow.send(ended(step.flow))
    except StopIteration as end:
        return end.value
    raise AssertionError(f"the flow asks for {step}")
