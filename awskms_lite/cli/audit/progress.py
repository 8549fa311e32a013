"""How far an audit has come, on standard error: a bar if rich is installed, else a line that is rewritten."""

import os
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from ..text import print_error, terminal_width

if TYPE_CHECKING:
    from ...audit import Progress

_BAR_INTERVAL = 0.2
"""Seconds between two updates of the bar: it seems to move."""
_REWRITE_INTERVAL = 0.5
"""Seconds between two states of the line."""
_LINE_INTERVAL = 10.0
"""Seconds between two lines on a terminal that can rewrite none: they do not fill the screen."""


@contextmanager
def shown_progress(look: Callable[[], "Progress"], *, streams: bool) -> Generator[None]:
    """Show how far the audit has come until the end of the `with`, and remove the bar then.

    Only if standard error is a terminal; and not if the report `streams` to a terminal too, which shows it growing
    and has no room for anything between its lines.
    """
    if not _is_terminal(sys.stderr) or (streams and _is_terminal(sys.stdout)):
        yield
        return
    if os.environ.get("TERM") == "dumb":
        with repeated(lambda: print_error(progress_text(look())), _LINE_INTERVAL):
            yield
        return
    bar = _bar()
    if bar is None:
        with _status_line() as show, repeated(lambda: show(progress_text(look())), _REWRITE_INTERVAL):
            yield
        return
    with _started(bar):
        task = bar.add_task("listing the keys", total=None)
        with repeated(lambda: _update(bar, task, look()), _BAR_INTERVAL):
            yield


@contextmanager
def _started(bar: Any) -> Generator[None]:
    """Show a bar meanwhile. A terminal that is closed does no harm to the audit; its cursor stays visible."""
    with suppress(OSError):
        bar.start()
        bar.console.show_cursor(True)  # or a shell would be without one after Ctrl-Z
    try:
        yield
    finally:
        with suppress(OSError):
            bar.stop()


@contextmanager
def _status_line() -> Generator[Callable[[str], None]]:
    """Return what shows a text on a line in place of the one before; the last one is erased at the end.

    Blanks and a carriage return do that on any terminal. One that is closed does no harm to the audit.
    """
    shown = 0

    def show(text: str) -> None:
        nonlocal shown
        line = text[: (terminal_width(sys.stderr) or 0) - 1]  # a longer one could not be rewritten
        blanks = " " * (shown - len(line))
        shown = len(line)
        with suppress(OSError):
            print(line + blanks, end="\r", file=sys.stderr, flush=True)

    try:
        yield lambda text: show(f"awskms-lite: {text}")
    finally:
        show("")


@contextmanager
def repeated(action: Callable[[], object], seconds: float) -> Generator[None]:
    """Call a function at once and then every so many seconds, in a thread of its own, until the `with` ends."""
    ended = threading.Event()

    def repeat() -> None:
        action()
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
    """Return a bar of rich's; None if rich is not installed (it comes with the extra `cli`)."""
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


def _update(bar: Any, task: Any, progress: "Progress") -> None:
    total = progress.listed or None
    with suppress(OSError):
        bar.update(task, total=total, completed=progress.reported, description=progress_text(progress))


def progress_text(progress: "Progress") -> str:
    """Return a progress as one line."""
    if not progress.listed:
        return "listing the keys"
    parts = [f"{progress.reported}/{progress.listed} keys"]
    if progress.rate:
        parts.append(f"{progress.rate:.1f}/s")
    if progress.lookup_rate:
        parts.append(f"CloudTrail {progress.lookup_rate:.1f}/s")
    if progress.seconds_left:
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.throttled:
        parts.append(f"{progress.throttled} throttled")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Return a time in its two largest units."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"
