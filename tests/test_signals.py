"""What a program does about the signals that ask it to end."""

import signal
import time

import pytest

from strategy_testing import signals
from strategy_testing.errors import TerminatedError


@pytest.mark.parametrize("number", signals.ENDING)
def test_any_of_them_becomes_an_exception(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # under nohup one of them is ignored
    expected = KeyboardInterrupt if number is signal.SIGINT else TerminatedError
    try:
        with pytest.raises(expected), signals.raised():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_the_first_one_says_how_the_program_ends() -> None:
    """Those that come at once are one request; a later one is obeyed again, as the first one was."""
    with signals.caught(lambda _number, _frame: None), signals.raised() as requests:
        with pytest.raises(TerminatedError):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.35)
        with pytest.raises(TerminatedError):
            signal.raise_signal(signal.SIGINT)
        assert (requests.first, requests.count) == (signal.SIGTERM, 2)
        requests.first = None  # nothing is ignored behind it


def test_what_was_ignored_before_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.raised() as requests:
            signal.raise_signal(signal.SIGHUP)
        assert requests.first is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_batch_collects_them() -> None:
    with signals.collected() as requests:
        signal.raise_signal(signal.SIGQUIT)
        signal.raise_signal(signal.SIGINT)
    assert (requests.first, requests.count) == (signal.SIGQUIT, 1)
