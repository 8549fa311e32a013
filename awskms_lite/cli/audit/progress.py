"""How far an audit is, on standard error: a bar where rich is installed, else a line now and then."""

import os
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from ..text import note

if TYPE_CHECKING:
    from ...audit import Progress

_OFTEN = 0.2  # seconds between two looks of the bar
_SELDOM = 10.0  # seconds between two lines


@contextmanager
def shown_progress(look: Callable[[], "Progress"], *, streams: bool) -> Generator[None]:
    """Show how far it is until the end of the `with`, and take the bar away then.

    Only where standard error is a terminal; and where the report `streams` to a terminal too, it is seen to grow,
    and anything between its lines would be in its way.
    """
    if not _is_terminal(sys.stderr) or (streams and _is_terminal(sys.stdout)):
        yield
        return
    bar = None if os.environ.get("TERM") == "dumb" else _bar()
    if bar is None:
        with repeated(lambda: note(f"awskms-lite: {in_words(look())}"), _SELDOM):
            yield
        return
    with _started(bar):
        task = bar.add_task("listing the keys", total=None)
        with repeated(lambda: _turn(bar, task, look()), _OFTEN):
            yield


@contextmanager
def _started(bar: Any) -> Generator[None]:
    """Show a bar meanwhile. A terminal that goes away is no harm to the audit, and its cursor stays in sight."""
    with suppress(OSError):
        bar.start()
        bar.console.show_cursor(True)  # lest a shell be without one after Ctrl-Z
    try:
        yield
    finally:
        with suppress(OSError):
            bar.stop()


@contextmanager
def repeated(action: Callable[[], object], seconds: float) -> Generator[None]:
    """Do something every so many seconds, in a thread of its own, until the end of the `with`."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, name="awskms-lite progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _bar() -> Any:
    """Give a bar of rich's, None where rich is not installed (it comes with the extra `cli`)."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
    except ImportError:
        return None
    return Progress(
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # the report goes there, as it is
        redirect_stderr=False,
    )


def _turn(bar: Any, task: Any, progress: "Progress") -> None:
    total = progress.listed or None
    with suppress(OSError):
        bar.update(task, total=total, completed=progress.reported, description=in_words(progress))


def in_words(progress: "Progress") -> str:
    """Give a progress as one line."""
    if not progress.listed:
        return "listing the keys"
    parts = [f"{progress.reported}/{progress.listed} keys"]
    if progress.rate:
        parts.append(f"{progress.rate:.1f}/s")
    if progress.seconds_left:
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.throttled:
        parts.append(f"{progress.throttled} throttled")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Give a time in the two units that tell most of it."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"
