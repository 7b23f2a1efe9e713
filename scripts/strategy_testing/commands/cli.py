"""What the commands share: configs, and the one place where a mistake or a signal becomes an exit code."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from strategy_testing import signals
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.console import tell
from strategy_testing.database import waiting
from strategy_testing.errors import ExitCode, TerminatedError, UserError
from strategy_testing.files import access_needed


def run_main(work: Callable[[], ExitCode]) -> int:
    """Does a script's work and returns its exit code; a user's mistake is reported without a traceback."""
    waiting.begin(tell)
    with signals.raised():
        try:
            with access_needed():
                return int(work())
        except UserError as error:
            tell(f"error: {error}" if "\n" not in str(error) else f"errors:\n{error}")
            return int(error.exit_code)
        except (KeyboardInterrupt, TerminatedError) as stopped:
            signals.ignored()
            is_terminated = isinstance(stopped, TerminatedError)
            tell("terminated" if is_terminated else "interrupted")
            return int(ExitCode.TERMINATED if is_terminated else ExitCode.INTERRUPTED)
        except BrokenPipeError:
            # Whoever read our output has gone; what was to be stored is stored.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return int(ExitCode.OK)


def load_config(file: Path) -> OptimizationConfig:
    """Reads a config and shows its warnings.

    Raises:
        UserError: all that is wrong with it.
    """
    config = read_config(file)
    for warning in config.warnings:
        tell(f"warning: {warning}")
    return config
