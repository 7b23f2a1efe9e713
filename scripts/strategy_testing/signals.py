"""The signals that ask a program to end: one rule for all of them."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from strategy_testing.errors import TerminatedError

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU")
ENDING = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""What would end a program that does nothing about it, and can be caught."""
_SECONDS_OF_ONE_REQUEST = 0.3
"""A terminal that is closed, or a service manager, sends several at once; a later one is impatience."""


class Requests:
    """The signals that have come: which was the first, and how many times an end was asked for."""

    def __init__(self) -> None:
        """None has."""
        self.first: signal.Signals | None = None
        self.count = 0
        self._last = 0.0

    def add(self, number: int) -> bool:
        """Notes a signal; whether it asks anew."""
        now = time.monotonic()
        is_new = self.first is None or now - self._last > _SECONDS_OF_ONE_REQUEST
        if is_new:
            self.count += 1
            self._last = now
        self.first = self.first or signal.Signals(number)
        return is_new


@contextlib.contextmanager
def caught(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Hands every ending signal to a handler; those that were ignored before, as under nohup, stay so."""
    before = {number: signal.getsignal(number) for number in ENDING}
    for number, known in before.items():
        if known is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


@contextlib.contextmanager
def raised() -> Iterator[Requests]:
    """Makes an ending signal an exception: KeyboardInterrupt for SIGINT, else TerminatedError.

    Whatever comes later raises the same again, so that the first one says how the program ends, which it then does
    without being disturbed.
    """
    requests = Requests()

    def receive(number: int, _frame: FrameType | None) -> None:
        if requests.add(number):
            raise KeyboardInterrupt if requests.first is signal.SIGINT else TerminatedError

    with caught(receive):
        yield requests
    if requests.first is not None:
        ignored()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Keeps ending signals back until it is over: for what must not be left half done."""
    if threading.current_thread() is not threading.main_thread():  # which alone they can disturb
        yield
        return
    late: list[int] = []
    try:
        with caught(lambda number, _frame: late.append(number)):
            yield
    finally:
        for number in late:
            signal.raise_signal(number)


@contextlib.contextmanager
def collected() -> Iterator[Requests]:
    """Collects ending signals, instead of being thrown out of the middle of something."""
    requests = Requests()

    def receive(number: int, _frame: FrameType | None) -> None:
        requests.add(number)

    with caught(receive):
        yield requests


def ignored() -> None:
    """From now on none of them does anything: the program is at its end."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
