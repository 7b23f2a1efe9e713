"""What a walk-forward analysis came to, and the one line of it that the director reads. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from strategy_testing.metrics.figures import number_of
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.walk_forward import DecidedAnalysis, DecidedWindow


@dataclass(frozen=True)
class AnalysisSummary:
    """The one line that the director reads."""

    windows: int
    known: int
    """Windows whose choice has a result, or in which nothing qualified."""
    runs: int
    """Distinct in-sample combinations with a result."""
    failed: int
    """Of those, the ones whose backtest failed."""
    sharpe: Decimal | None
    efficiency: Decimal | None
    meets_criteria: bool | None

    def __str__(self) -> str:
        """`6 windows (432 runs) complete, OOS Sharpe: 0.7, WFE: 58%, passed`."""
        of = f"{self.known} of " if self.known < self.windows else ""
        failed = f", {self.failed} failed" if self.failed else ""
        sharpe = "n/a" if self.sharpe is None else f"{_rounded(self.sharpe, '0.1')}"
        efficiency = "n/a" if self.efficiency is None else f"{_rounded(self.efficiency * 100, '1')}%"
        verdict = {None: "not judged", True: "passed", False: "rejected"}[self.meets_criteria]
        return (
            f"{of}{number_of(self.windows, 'window')} ({number_of(self.runs, 'run')}{failed}) complete, "
            f"OOS Sharpe: {sharpe}, WFE: {efficiency}, {verdict}"
        )


@dataclass(frozen=True)
class StoredWindows:
    """An analysis as it stands in the database now."""

    id: int
    status: RunStatus
    message: str | None
    """Why it is not completed."""
    windows: tuple[DecidedWindow, ...]
    decided: DecidedAnalysis
    summary: AnalysisSummary

    @property
    def next_parameters(self) -> Mapping[str, str] | None:
        """The combination to trade next; None where nothing qualified in the newest window."""
        return self.windows[-1].parameters


def _rounded(value: Decimal, to: str) -> Decimal:
    rounded = value.quantize(Decimal(to), ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)
