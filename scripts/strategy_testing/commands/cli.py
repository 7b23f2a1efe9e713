"""The one place where a user's mistake, or a signal, becomes an exit code."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from strategy_testing.console import tell
from strategy_testing.errors import ExitCode, TerminatedError, UserError


def run_main(work: Callable[[], ExitCode]) -> int:
    """Does a script's work and returns its exit code; a user's mistake is reported without a traceback."""
    try:
        with _ending_signals_raise():
            return int(work())
    except UserError as error:
        tell(f"error: {error}" if "\n" not in str(error) else f"errors:\n{error}")
        return int(error.exit_code)
    except KeyboardInterrupt:
        tell("interrupted")
        return int(ExitCode.INTERRUPTED)
    except TerminatedError:
        tell("terminated")
        return int(ExitCode.TERMINATED)
    except BrokenPipeError:
        # Whoever read our output has gone; what was to be stored is stored.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)


@contextlib.contextmanager
def _ending_signals_raise() -> Iterator[None]:
    def raise_terminated(_signal: int, _frame: FrameType | None) -> None:
        raise TerminatedError

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup
            signal.signal(number, raise_terminated)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
