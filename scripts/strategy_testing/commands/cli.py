"""What the commands share: arguments, configs, and the one place where a mistake or a signal becomes an exit code."""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from strategy_testing import __version__, signals
from strategy_testing.console import end_streams, keep_streams_open, tell
from strategy_testing.errors import ExitCode, TerminatedError, UserError
from strategy_testing.files import access_needed, exit_code_of

if TYPE_CHECKING:
    from strategy_testing.config.model import OptimizationConfig


LOADED_LATER = ("jinja2", "numpy", "rich", "simdjson", "tabulate", "vl_convert")
"""Packages without which a run cannot end well, though it could begin."""


class Parser(argparse.ArgumentParser):
    """Parses a script's arguments; a mistake in them is one line with a suggestion."""

    def __init__(self, prog: str, description: str) -> None:
        """With --help and --version."""
        super().__init__(prog=prog, description=description)
        self.add_argument("--version", action="version", version=f"{prog} {__version__}", help="print the version")

    def parsed(self, argv: Sequence[str] | None) -> argparse.Namespace:
        """The arguments, of which unknown ones are said before any that lacks."""
        words = list(sys.argv[1:] if argv is None else argv)
        known = list(self._option_string_actions)
        for name in (word.partition("=")[0] for word in words):
            if name == "--":
                break
            if name.startswith("--") and not any(option.startswith(name) for option in known):
                close = get_close_matches(name, known, n=1)
                self.error(f"{name}: no such argument; " + (f"did you mean {close[0]}?" if close else "see --help"))
        return self.parse_args(words)

    def error(self, message: str) -> NoReturn:
        """Ends with the exit code of a mistake."""
        tell(f"error: {message}")
        raise SystemExit(int(ExitCode.INVALID_INPUT))


def run_script(main: Callable[[], int]) -> int:
    """Runs a script's main; its exit code does not depend on who takes its output."""
    keep_streams_open()
    try:
        return main()
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("strategy_testing"):
            raise
        tell(f"error: the package {missing.name} is not installed; run `make install` and use .venv/bin/python")
        return int(ExitCode.INTERNAL_ERROR)
    except BrokenPipeError:  # argparse's help, which somebody does not read to its end
        return int(ExitCode.OK)
    finally:
        end_streams()
        gc.freeze()  # the process ends: to look at all that is left for cycles takes it 60 ms, and frees nothing


def miss_packages_early() -> None:
    """Looks for what is loaded only when LEAN has been started, as it is slow to import.

    Raises:
        ModuleNotFoundError: the first package that is not installed.
    """
    for name in LOADED_LATER:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def run_main(work: Callable[[], ExitCode]) -> int:
    """Does a script's work and returns its exit code; a user's mistake is reported without a traceback."""
    from strategy_testing.database import waiting  # noqa: PLC0415

    waiting.begin(tell)
    with signals.raised():
        try:
            _refuse_deleted_folder()
            with access_needed():
                return int(work())
        except UserError as error:
            tell(f"error: {error}" if "\n" not in str(error) else f"errors:\n{error}")
            return int(error.exit_code)
        except OSError as error:
            if exit_code_of(error) is not ExitCode.DISK_FULL:
                raise
            tell(f"error: {error.filename or 'a file'}: {error.strerror}; make room")
            return int(ExitCode.DISK_FULL)
        except (KeyboardInterrupt, TerminatedError) as stopped:
            signals.ignored()
            is_terminated = isinstance(stopped, TerminatedError)
            tell("terminated" if is_terminated else "interrupted")
            return int(ExitCode.TERMINATED if is_terminated else ExitCode.INTERRUPTED)


def _refuse_deleted_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:
        raise UserError("the folder in which this was started has been deleted", "change to another one") from None


def load_config(file: Path) -> "OptimizationConfig":
    """Reads a config and shows its warnings.

    Raises:
        UserError: all that is wrong with it.
    """
    from strategy_testing.config.reader import read_config  # noqa: PLC0415

    config = read_config(file)
    for warning in config.warnings:
        tell(f"warning: {warning}")
    return config
