"""The one line that the director reads."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from strategy_testing.results.backtest import SkippedFile
from strategy_testing.verdict.fees import PaidFees
from strategy_testing.verdict.outcome import RunOutcome


@dataclass(frozen=True)
class RunSummary:
    """What a run, or several together, came to; a combination that was tested twice counts once."""

    completed: int
    """Combinations whose backtest ran to its end."""
    failed: int
    passed: int | None
    """Combinations that meet the criteria; None when nothing was judged."""
    best_sharpe: Decimal | None
    """Over backtests that did not fail and made a trade."""

    def __str__(self) -> str:
        """`72 runs complete (2 failed), 3 passed, best Sharpe: 1.8`."""
        failed = f" ({self.failed} failed)" if self.failed else ""
        passed = "not judged" if self.passed is None else f"{self.passed} passed"
        return f"{self.completed + self.failed} runs complete{failed}, {passed}, best Sharpe: {self._sharpe()}"

    def _sharpe(self) -> str:
        if self.best_sharpe is None:
            return "n/a"
        rounded = self.best_sharpe.quantize(Decimal("0.1"), ROUND_HALF_UP)
        return f"{rounded if rounded else Decimal('0.0')}"


def combined(summaries: list[RunSummary]) -> RunSummary:
    """Several runs as one."""
    judged = [summary.passed for summary in summaries if summary.passed is not None]
    sharpes = [summary.best_sharpe for summary in summaries if summary.best_sharpe is not None]
    return RunSummary(
        completed=sum(summary.completed for summary in summaries),
        failed=sum(summary.failed for summary in summaries),
        passed=sum(judged) if judged else None,
        best_sharpe=max(sharpes, default=None),
    )


@dataclass(frozen=True)
class ImportedRun:
    """What an import did."""

    run_id: int
    folder: Path
    summary: RunSummary
    outcome: RunOutcome
    skipped: tuple[SkippedFile, ...]
    warnings: tuple[str, ...]
    """What is suspicious about the results."""
    backtests: int
    """Results on disk."""
    combinations: int
    reused: int
    """Results taken from earlier runs."""
    is_still_running: bool
    """The run's own runner is at work; its status was left to it."""
    fees: PaidFees | None
    """None where no backtest tells what it paid."""
