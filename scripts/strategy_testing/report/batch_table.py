"""What became of a batch: its table, its summary, its status and its exit code. Pure."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from strategy_testing.console import shown_path
from strategy_testing.database.batches import BatchRun, BatchStatus
from strategy_testing.errors import ExitCode
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import RunSummary, combined

_HEADERS = ("Strategy", "Config", "Runs", "Failed", "Passed", "Best Sharpe", "Minutes", "Status")
_NUMBERS = ("Runs", "Failed", "Passed", "Best Sharpe", "Minutes")


@dataclass(frozen=True)
class BatchLine:
    """What became of one config."""

    strategy: str
    config: Path
    run: BatchRun | None = None
    """Its run in the batch; None where it did not get as far."""
    exit_code: int | None = None
    """That of its process, or of what kept it from running; None when it was not started."""
    seconds: float | None = None
    reason: str | None = None
    """Why it never ran."""

    @property
    def has_begun(self) -> bool:
        """Whether there is a run of it."""
        return self.run is not None and self.run.status is not RunStatus.REFUSED

    @property
    def is_completed(self) -> bool:
        """Whether every combination of it is done."""
        is_stored = self.run is not None and self.run.status is RunStatus.COMPLETED
        return is_stored and self.exit_code in (None, ExitCode.OK)

    @property
    def status(self) -> str:
        """`completed`, `failed (strategy broken)`, `not started`."""
        if self.run is None and self.exit_code is None:
            return "not started"
        status = str(self.run.status) if self.run else "failed"
        reason = _reason(self.exit_code)
        return f"{status} ({reason})" if reason and reason != status else status


def table(lines: Sequence[BatchLine]) -> str:
    """A line for each config, in the order of the file."""
    alignment = tuple("right" if header in _NUMBERS else "left" for header in _HEADERS)
    return tabulate([_cells(line) for line in lines], _HEADERS, disable_numparse=True, colalign=alignment)


def summary(lines: Sequence[BatchLine]) -> RunSummary:
    """All that is stored of the batch, as one."""
    return combined([line.run.summary for line in lines if line.run])


def batch_status(lines: Sequence[BatchLine], stopped_by: signal.Signals | None) -> BatchStatus:
    """How the batch ended."""
    if all(line.is_completed for line in lines):
        return BatchStatus.COMPLETED
    if stopped_by is not None:
        return BatchStatus.INTERRUPTED
    if all(_has_failed(line) for line in lines) or not any(line.has_begun for line in lines):
        return BatchStatus.FAILED
    return BatchStatus.PARTIAL


def exit_code(lines: Sequence[BatchLine], stopped_by: signal.Signals | None) -> ExitCode:
    """What the batch's own process says."""
    if all(line.is_completed for line in lines):
        return ExitCode.OK
    if stopped_by is not None:
        return ExitCode.INTERRUPTED if stopped_by is signal.SIGINT else ExitCode.TERMINATED
    if all(line.exit_code == ExitCode.ALL_BACKTESTS_FAILED for line in lines):
        return ExitCode.ALL_BACKTESTS_FAILED
    return ExitCode.PARTIAL


def _has_failed(line: BatchLine) -> bool:
    return line.exit_code is not None and (line.run is None or line.run.status in (RunStatus.FAILED, RunStatus.REFUSED))


def _reason(code: int | None) -> str | None:
    if code in (None, ExitCode.OK, ExitCode.PARTIAL):
        return None
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    try:
        return ExitCode(code).name.lower().replace("_", " ")
    except ValueError:
        return f"exit code {code}"


def _cells(line: BatchLine) -> list[str]:
    minutes = "" if line.seconds is None else f"{line.seconds / 60:.1f}"
    counts = ["", "", "", ""]
    if line.run is not None:
        found = line.run.summary
        passed = "not judged" if found.passed is None else str(found.passed)
        best = "n/a" if found.best_sharpe is None else format_value(found.best_sharpe, Unit.RATIO)
        counts = [str(found.completed + found.failed), str(found.failed), passed, best]
    return [line.strategy, shown_path(line.config), *counts, minutes, line.status]
