"""The one line that the director reads."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value, number_of
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
    best_has_few_trades: bool = False
    """Whether that one has too few to tell."""

    def __str__(self) -> str:
        """`72 runs complete (2 failed), 3 passed, best Sharpe: 1.8`."""
        failed = f" ({self.failed} failed)" if self.failed else ""
        passed = "not judged" if self.passed is None else f"{self.passed} passed"
        runs = number_of(self.completed + self.failed, "run")
        few = " (few trades)" if self.best_has_few_trades else ""
        return f"{runs} complete{failed}, {passed}, best Sharpe: {self._sharpe()}{few}"

    def _sharpe(self) -> str:
        if self.best_sharpe is None:
            return "n/a"
        rounded = self.best_sharpe.quantize(Decimal("0.1"), ROUND_HALF_UP)
        return f"{rounded if rounded else Decimal('0.0')}"


def combined(summaries: list[RunSummary]) -> RunSummary:
    """Several runs as one."""
    judged = [summary.passed for summary in summaries if summary.passed is not None]
    bests = [(each.best_sharpe, each.best_has_few_trades) for each in summaries if each.best_sharpe is not None]
    best_sharpe, best_has_few_trades = max(bests, default=(None, False))
    return RunSummary(
        completed=sum(summary.completed for summary in summaries),
        failed=sum(summary.failed for summary in summaries),
        passed=sum(judged) if judged else None,
        best_sharpe=best_sharpe,
        best_has_few_trades=best_has_few_trades,
    )


@dataclass(frozen=True)
class Comparison:
    """A run beside buy-and-hold of its benchmark."""

    held: BuyAndHold | None
    why_not: str = ""
    """Why it is not known."""
    best_excess: Decimal | None = None
    """The largest excess return a year, a fraction, over backtests that made a trade."""
    passing_above: int = 0
    """Combinations that pass and return more."""


@dataclass(frozen=True)
class LuckOfBest:
    """What a run's best Sharpe ratio is worth after all that was tried for the strategy; ratios of trading days."""

    best_sharpe: Decimal
    """Annual."""
    expected_best_sharpe: Decimal
    """What luck alone gives, annual."""
    trials: int
    deflated_sharpe: Decimal
    """A fraction."""

    def __str__(self) -> str:
        """`best Sharpe 0.66 on trading days; luck alone would give 0.44 after 72 trials; deflated Sharpe 75%`."""
        best, luck = (format_value(each, Unit.RATIO) for each in (self.best_sharpe, self.expected_best_sharpe))
        return (
            f"best Sharpe {best} on trading days; luck alone would give {luck} after {self.trials} trials; "
            f"deflated Sharpe {format_value(self.deflated_sharpe, Unit.FRACTION, 0)}"
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
    comparison: Comparison
    backtests: int
    """Results on disk."""
    combinations: int
    reused: int
    """Results taken from earlier runs."""
    is_still_running: bool
    """The run's own runner is at work; its status was left to it."""
    fees: PaidFees | None
    """None where no backtest tells what it paid."""
    is_part: bool = False
    """Whether it is a part of a walk-forward analysis, whose windows do not compare with one another."""
    engine_checked: int | None = None
    """Combinations that a warm engine ran and that were the same in LEAN's own process; None without warm ones."""
    luck: LuckOfBest | None = None
    """None where nothing was chosen among several, or the run goes on."""
