"""When a signal may end a run."""

import signal

import pytest

from awskms_lite.cli.interruption import Interruption, Stop


def test_where_it_is_allowed_it_ends_at_once() -> None:
    """As Ctrl-C does without a handler."""
    stop = Stop()
    with Interruption(stop) as interruption:
        with pytest.raises(KeyboardInterrupt), stop.allowed():
            signal.raise_signal(signal.SIGTERM)
        assert interruption.number == signal.SIGTERM


def test_where_it_is_not_it_ends_as_soon_as_it_is_again() -> None:
    """Behind what has to be whole."""
    stop, done = Stop(), []

    def report() -> None:
        with stop.allowed(is_allowed=False):
            signal.raise_signal(signal.SIGTERM)
            done.append("whole")
        done.append("too late")

    with Interruption(stop), pytest.raises(KeyboardInterrupt), stop.allowed():
        report()
    assert done == ["whole"]


def test_before_it_is_allowed_it_ends_there() -> None:
    """And not at all if it never is."""
    stop = Stop()
    with Interruption(stop):
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt), stop.allowed():
            pytest.fail("it was allowed, and went on")
