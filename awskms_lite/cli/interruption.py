"""Signals that end a run early: what it was doing is brought to an end first."""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNAL_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP, which a terminal sends that is closed
_SIGNALS = tuple(getattr(signal, name) for name in _SIGNAL_NAMES if hasattr(signal, name))


class Interruption:
    """Lets the first Ctrl-C, SIGTERM or SIGHUP stop a run, and the second one end the process as usual.

    `number` is the signal that came, None if none did. Signals that the process was started to ignore, as by
    nohup, stay ignored.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}
        self.number: int | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread set handlers
            for number in _SIGNALS:
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as Python calls it
        self.number = number
        self._restore()
        self._stop()

    def _restore(self) -> None:
        while self._before:
            number, before = self._before.popitem()
            signal.signal(number, before)


class Stop:
    """Raises `KeyboardInterrupt` when it is called: at once if that is `allowed`, else as soon as it is."""

    def __init__(self) -> None:
        self._is_allowed = False
        self._was_called = False

    def __call__(self) -> None:
        """Raise it now or later."""
        self._was_called = True
        self._check()

    @contextmanager
    def allowed(self, *, is_allowed: bool = True) -> Generator[None]:
        """Allow it within, or not."""
        before, self._is_allowed = self._is_allowed, is_allowed
        try:
            self._check()
            yield
        finally:
            self._is_allowed = before
        self._check()

    def _check(self) -> None:
        if self._was_called and self._is_allowed:
            raise KeyboardInterrupt
