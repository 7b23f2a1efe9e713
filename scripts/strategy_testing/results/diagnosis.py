"""Tells from what LEAN printed and logged why it did not do its work. Pure: texts in, cause and remedy out."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from strategy_testing.errors import ExitCode, UserError
from strategy_testing.files import exit_code_of
from strategy_testing.results.optimizer_log import OptimizerLog


@dataclass(frozen=True)
class Failure:
    """Why a run did not end as it should."""

    cause: str
    remedy: str
    exit_code: ExitCode
    spoils_complete_run: bool = False
    """Whether it counts even where every combination has a result."""

    def __str__(self) -> str:
        """`cause; remedy`."""
        return f"{self.cause}; {self.remedy}"


class _Sign(NamedTuple):
    """A text of the CLI's and what it means; {0}, {1} … in the cause are the pattern's groups."""

    pattern: str
    exit_code: ExitCode
    cause: str
    remedy: str


_SIGNS = (
    _Sign(
        r"make sure Docker is installed and running",
        ExitCode.DOCKER_NOT_RUNNING,
        "Docker does not answer",
        "start Docker and try again",
    ),
    _Sign(
        r"requires a Lean configuration file",
        ExitCode.NO_WORKSPACE,
        "the workspace has no lean.json",
        "run `lean init` in an empty folder and name it in LEAN_WORKSPACE or --workspace",
    ),
    _Sign(
        r"Invalid value for 'PROJECT': (.*?)(?:\n\s*\n|\Z)",
        ExitCode.NO_PROJECT,
        "LEAN does not find the project: {0}",
        "check strategy.lean_project_path",
    ),
    _Sign(
        r"something went wrong while pulling (\S+?),",
        ExitCode.IMAGE_UNAVAILABLE,
        "the engine image {0} cannot be pulled",
        "check lean.image and the network, or pull it with `docker pull`",
    ),
    _Sign(
        r"no space left on device",
        ExitCode.DISK_FULL,
        "the disk is full",
        "free some space (old folders below .optimization are the largest) and run again",
    ),
    _Sign(
        r"Build Error File: (.*?)(?:\x1b\[0m|\n\s*\n|\Z)",
        ExitCode.STRATEGY_BROKEN,
        "the strategy does not compile: {0}",
        "fix the strategy's code",
    ),
    _Sign(
        r"\*\*\*[ \t]+(File [^\n]{0,300}(?:\n[^\n]{0,300}){0,30}?\n[ \t]*[a-z_]{0,80}(?:Error|Exception): [^\n]*)",
        ExitCode.STRATEGY_BROKEN,
        "the strategy does not compile: {0}",
        "fix the strategy's code",
    ),
    _Sign(
        r"is not in the subpath of",
        ExitCode.NO_WORKSPACE,
        "the output folder lies outside the lean workspace",
        "keep the workspace one folder, without links to elsewhere",
    ),
)

_MOST_READ = 50_000
"""Characters of what was printed last, which bounds what the patterns cost."""
_CLI_ERROR = re.compile(r"^Error: (.*?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


def diagnose(exit_code: int | None, output: str, log: OptimizerLog) -> Failure | None:
    """Why `lean optimize` failed; None when nothing says that it did.

    The exit code alone says little: it is 0 with every backtest crashed. So the texts come first.

    Args:
        exit_code: the CLI's; None when its end was not seen.
        output: everything it printed.
        log: the optimizer's log.
    """
    if log.start_error is not None:
        return Failure(
            f"LEAN's optimizer could not start: {log.start_error}",
            "fix the config; LEAN waits for ever then, so it was stopped",
            ExitCode.OPTIMIZER_DID_NOT_START,
        )
    if exit_code == 0:
        return None
    output = output[-_MOST_READ:]
    for sign in _SIGNS:
        if match := re.search(sign.pattern, output, re.IGNORECASE | re.DOTALL):
            cause = sign.cause.format(*(_one_line(group or "") for group in match.groups()))
            return Failure(cause, sign.remedy, sign.exit_code)
    message = _CLI_ERROR.findall(output)
    if log.started_at is None and exit_code is not None:
        said = _one_line(message[-1]) if message else f"exit code {exit_code} without a message"
        return Failure(f"lean refused to run: {said}", "fix what it names", ExitCode.LEAN_REFUSED)
    if exit_code is not None and not log.has_ended:
        return Failure(
            f"LEAN stopped before the optimization had ended (exit code {exit_code})",
            "its container was stopped or killed: look for lack of memory or a restart of Docker, and run again",
            ExitCode.LEAN_STOPPED_EARLY,
        )
    return None


def unforeseen(error: UserError | OSError) -> Failure:
    """What stopped a run in its midst, beside LEAN: a program that cannot be started, a file that cannot be written."""
    if isinstance(error, UserError):
        return Failure(error.cause, error.remedy, error.exit_code, spoils_complete_run=True)
    cause = f"{error.filename or 'a file of the run'} cannot be written: {error.strerror or error}"
    return Failure(cause, "make room, or make it writable, and go on with --resume", exit_code_of(error))


def _one_line(text: str) -> str:
    return " ".join(text.split())
