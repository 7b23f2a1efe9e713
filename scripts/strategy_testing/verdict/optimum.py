"""LEAN's own optimum beside ours: the passing backtest with the best value of the target. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.results.combinations import distinct_combinations
from strategy_testing.search.protocol import Search
from strategy_testing.verdict.criteria import Judged, Standard

DIFFERENT = "LEAN's optimum "
"""How the warning begins that the two are not the same."""


@dataclass(frozen=True)
class Optima:
    """The best backtest of a run, as LEAN sees it and as we do."""

    lean_best_backtest_id: str | None
    """LEAN looks at its target and the constraints alone: it may have crashed, never traded, or miss a criterion."""
    best_backtest_id: str | None
    """Of those that pass; None where none does."""
    warning: str | None
    """Why they differ, for people."""


def find_optima(results: Sequence[Judged], standard: Standard, of_lean: Collection[str]) -> Optima:
    """Finds both and compares them.

    Args:
        results: the run's backtests.
        standard: what they were judged by, and the target.
        of_lean: the ids of LEAN's optimum in each part of the run, as far as it reached one.
    """
    sign = -1 if standard.target_direction == "min" else 1

    def rank(judged: Judged) -> tuple[bool, Decimal, bool]:
        value = judged.target_value
        return value is not None, sign * (value or Decimal(0)), judged.result.backtest_id in of_lean

    leans = max((judged for judged in results if judged.result.backtest_id in of_lean), key=rank, default=None)
    passing = [judged for judged in results if judged.verdict.meets_criteria and judged.target_value is not None]
    ours = max(passing, key=rank, default=None)
    return Optima(
        lean_best_backtest_id=leans.result.backtest_id if leans else next(iter(of_lean), None),
        best_backtest_id=ours.result.backtest_id if ours else None,
        warning=_difference(leans, ours, standard) if leans else None,
    )


def _difference(leans: Judged, ours: Judged | None, standard: Standard) -> str | None:
    shown = f"{DIFFERENT}{_shown(leans, standard)}"
    if leans.verdict.meets_criteria is False:
        best = f"the best that passes is {_shown(ours, standard)}" if ours else "none passes"
        return f"{shown} does not pass: {', '.join(leans.verdict.reasons)}; {best}"
    if ours is None or ours is leans:
        return None
    return (
        f"{shown} passes, but {_shown(ours, standard)} is better: LEAN had another target or other constraints, or did "
        "not run all of the combinations"
    )


def _shown(judged: Judged, standard: Standard) -> str:
    """`rsi_period=10, exit_threshold=50 (Sharpe Ratio 0.4075)`."""
    varied = {name: value for name, value in judged.result.parameters.items() if name not in FIXED_PARAMETERS}
    combination = ", ".join(f"{name}={value}" for name, value in sorted(varied.items()))
    target = (standard.target_metric or "").rpartition(".")[2]
    value = "unknown" if judged.target_value is None else f"{judged.target_value:f}"
    return f"{combination or judged.result.backtest_id} ({target} {value})"


def passing_above(results: Sequence[Judged], search: Search) -> int:
    """Combinations that pass and return more than holding the benchmark."""
    passing = [judged.result for judged in results if judged.verdict.meets_criteria]
    return distinct_combinations([one for one in passing if (one.metrics["excess_return"] or 0) > 0], search)
