"""What a user can cause: one base class, caught in one place (cli.run_main)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.exit_codes import ExitCode


class UserError(Exception):
    """A failure with a remedy. The message says what is wrong, where, and what to do; no traceback is shown."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.INVALID_INPUT) -> None:
        """Keep the message for people and the exit code for scripts."""
        super().__init__(message)
        self.exit_code = exit_code


class DatabaseError(UserError):
    """PostgreSQL cannot be reached or refused the work."""

    def __init__(self, message: str) -> None:
        """Keep the message; the exit code is always DATABASE."""
        super().__init__(message, ExitCode.DATABASE)


class DatabaseAwayError(DatabaseError):
    """The connection failed or was lost; the same work may succeed later."""


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
