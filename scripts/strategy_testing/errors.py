"""What can go wrong and how a script then ends: one base class for what a user can cause, and the exit codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What a script's exit code says."""

    OK = 0
    INTERNAL_ERROR = 1
    INVALID_INPUT = 2
    STOP_AND_REVISE = 3
    PARTIAL = 4
    NOTHING_TO_IMPORT = 5
    CANNOT_ESTIMATE = 6
    DATABASE = 7
    LEAN_NOT_FOUND = 10
    DOCKER_NOT_RUNNING = 11
    IMAGE_UNAVAILABLE = 12
    NO_WORKSPACE = 13
    NO_PROJECT = 14
    STRATEGY_BROKEN = 15
    OPTIMIZER_DID_NOT_START = 16
    ALL_BACKTESTS_FAILED = 17
    STALLED = 18
    TIME_LIMIT = 19
    LEAN_REFUSED = 20
    LEAN_STOPPED_EARLY = 21
    DISK_FULL = 22
    PARAMETER_NOT_READ = 23
    PILOT_FAILED = 24
    INTERRUPTED = 130
    TERMINATED = 143


class TerminatedError(BaseException):
    """A signal that ends programs, but for Ctrl-C, made an exception so that all is ended and stored on the way out."""


class UserError(Exception):
    """A failure with a remedy, as a user meets it: no traceback is shown."""

    def __init__(self, cause: str, remedy: str = "", exit_code: ExitCode = ExitCode.INVALID_INPUT) -> None:
        """Keep what is wrong and where, what to do, and the exit code for scripts."""
        super().__init__(f"{cause}; {remedy}" if remedy else cause)
        self.cause = cause
        self.remedy = remedy
        self.exit_code = exit_code


class DatabaseError(UserError):
    """PostgreSQL cannot be reached or refused the work."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        """Keep what is wrong and what to do; the exit code is always DATABASE."""
        super().__init__(cause, remedy, ExitCode.DATABASE)


class DatabaseAwayError(DatabaseError):
    """The connection failed or was lost; the same work may succeed later."""


class RefusedError(Exception):
    """PostgreSQL does not take a value; the message says which rule it breaks."""


@dataclass(frozen=True)
class Problem:
    """One mistake in a user's file."""

    file: Path
    path: str
    """Where in the file, as people write it: optimization.parameters.rsi_period.step; empty for the whole file."""
    message: str
    line: int | None = None

    def __str__(self) -> str:
        """`file: path.in.yaml: what is wrong, what to do (line N)`."""
        place = f"{self.file}: {self.path}: " if self.path else f"{self.file}: "
        line = f" (line {self.line})" if self.line is not None else ""
        return f"{place}{self.message}{line}"


class ConfigError(UserError):
    """All the mistakes of a file at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems in the order of the file."""
        self.problems = tuple(sorted(problems, key=lambda p: (str(p.file), p.line or 0, p.path, p.message)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
