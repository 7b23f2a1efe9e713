"""What both scripts share: arguments, messages, and the one place where a user's mistake becomes an exit code."""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from strategy_testing.console import tell
from strategy_testing.errors import ExitCode, TerminatedError, UserError
from strategy_testing.paths import DEFAULT_LEADERBOARD, DEFAULT_WORKSPACE


def add_database_arguments(parser: argparse.ArgumentParser) -> None:
    """--database-url and --leaderboard."""
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="PostgreSQL to use; else DATABASE_URL, else the PG* variables, else an embedded one kept in the project",
    )
    parser.add_argument(
        "--leaderboard",
        metavar="FILE",
        type=Path,
        default=DEFAULT_LEADERBOARD,
        help="Markdown file that is rewritten after the import "
        "(default: lean_projects/results/leaderboard/strategy_leaderboard.md)",
    )


def workspace_from(argument: Path | None) -> Path:
    """The lean workspace: --workspace, else LEAN_WORKSPACE, else lean_projects/ of the project.

    Raises:
        UserError: there is no such folder.
    """
    given = os.environ.get("LEAN_WORKSPACE")
    folder = argument or (Path(given) if given else DEFAULT_WORKSPACE)
    if not folder.is_dir():
        raise UserError(
            f"{folder}: no such folder; name the lean workspace in --workspace or LEAN_WORKSPACE",
            ExitCode.NO_WORKSPACE,
        )
    return folder.resolve()


def run_main(work: Callable[[], ExitCode]) -> int:
    """Does a script's work and returns its exit code; a user's mistake is told without a traceback."""
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
