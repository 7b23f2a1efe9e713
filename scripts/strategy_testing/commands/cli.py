"""What the commands share: configs, and the one place where a mistake or a signal becomes an exit code."""

from collections.abc import Callable
from pathlib import Path

from strategy_testing import signals
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.console import end_streams, keep_streams_open, tell
from strategy_testing.database import waiting
from strategy_testing.errors import ExitCode, TerminatedError, UserError
from strategy_testing.files import access_needed, exit_code_of


def run_script(main: Callable[[], int]) -> int:
    """Runs a script's main; its exit code does not depend on who takes its output."""
    keep_streams_open()
    try:
        return main()
    finally:
        end_streams()


def run_main(work: Callable[[], ExitCode]) -> int:
    """Does a script's work and returns its exit code; a user's mistake is reported without a traceback."""
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


def load_any_config(file: Path) -> OptimizationConfig:
    """Reads a config and shows its warnings.

    Raises:
        UserError: all that is wrong with it.
    """
    config = read_config(file)
    for warning in config.warnings:
        tell(f"warning: {warning}")
    return config


def load_config(file: Path) -> OptimizationConfig:
    """Reads a config that this version can run, and shows its warnings.

    Raises:
        UserError: all that is wrong with it.
    """
    config = load_any_config(file)
    refuse_unsupported(config)
    return config


def refuse_unsupported(config: OptimizationConfig) -> None:
    """Refuses what the format has and this version cannot run.

    Raises:
        UserError: what it is, and what to do.
    """
    if config.walk_forward is not None:
        raise UserError(
            f"{config.file}: walk_forward: this version runs single optimizations only",
            "remove the section to optimise over the whole period",
        )
