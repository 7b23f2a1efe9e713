"""Judges a backtest by the config's success criteria. Pure: figures in, verdict and reasons out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.config.model import Bound, Criterion
from strategy_testing.metrics.catalogue import MetricValues
from strategy_testing.metrics.figures import DECIMALS, format_value
from strategy_testing.results.backtest import BacktestResult, BacktestStatus

NO_TRADES = "No trades"
_MAX_DECIMALS = 12


@dataclass(frozen=True)
class Verdict:
    """Whether a backtest meets the criteria, and every reason why it does not."""

    meets_criteria: bool | None
    """None when there was nothing to judge by."""
    reasons: tuple[str, ...]


NOT_JUDGED = Verdict(None, ())


@dataclass(frozen=True)
class Judged:
    """A backtest and what the criteria say of it."""

    result: BacktestResult
    verdict: Verdict


def judge_results(results: Iterable[BacktestResult], criteria: Sequence[Criterion]) -> list[Judged]:
    """Every backtest beside its verdict."""
    return [Judged(result, judge(result.metrics, _error(result), criteria)) for result in results]


def judge(metrics: MetricValues, error: str | None, criteria: Sequence[Criterion]) -> Verdict:
    """Judges one backtest by all criteria; none stops at the first.

    Args:
        metrics: the figures by column, in the units of the metrics catalogue.
        error: the error text of a backtest that failed, else None.
        criteria: what the config asks for; empty means that nothing is judged.
    """
    if not criteria:
        return NOT_JUDGED
    if error is not None:
        # The figures of a crashed backtest cover only the days before the crash, so none of them is held against it.
        return Verdict(False, (f"Backtest failed: {error}",))
    reasons = [NO_TRADES] if metrics.get("total_trades") == 0 else []
    reasons += [reason for criterion in criteria if (reason := _reason(metrics, criterion)) is not None]
    return Verdict(not reasons, tuple(reasons))


def _error(result: BacktestResult) -> str | None:
    """The first line of a failed backtest's error."""
    if result.status is not BacktestStatus.FAILED:
        return None
    return result.error_message.splitlines()[0] if result.error_message else "no message"


def _reason(metrics: MetricValues, criterion: Criterion) -> str | None:
    metric = criterion.metric
    value = metrics.get(metric.column)
    if value is None:
        return f"{metric.label}{metric.why_missing}, {criterion.name} cannot be checked"
    if criterion.bound is Bound.MIN and value < criterion.threshold:
        return f"{metric.too_low or metric.label + ' too low'}: {_compared(value, '<', criterion)}"
    if criterion.bound is Bound.MAX and value > criterion.threshold:
        return f"{metric.too_high or metric.label + ' too high'}: {_compared(value, '>', criterion)}"
    return None


def _compared(value: Decimal, sign: str, criterion: Criterion) -> str:
    """Both numbers with as many decimals as it takes to tell them apart: never `15.0% > 15.0%`."""
    unit = criterion.metric.unit
    for decimals in range(DECIMALS[unit], _MAX_DECIMALS):
        left, right = (format_value(number, unit, decimals) for number in (value, criterion.threshold))
        if left != right:
            return f"{left} {sign} {right}"
    return f"{value} {sign} {criterion.threshold}"
