"""Judges a backtest by the config: its criteria, constraints and period. Pure: figures in, verdict and reasons out."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from sys import intern

from strategy_testing.config.model import Bound, Constraint, Criterion, OptimizationConfig
from strategy_testing.metrics.catalogue import LUCK_METRICS, TRADES_PATH, MetricValues, Unit
from strategy_testing.metrics.figures import DECIMALS, format_value
from strategy_testing.metrics.lean_names import UnknownMetricError, comparable_metric
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.json_values import as_day
from strategy_testing.verdict.rejection import FAILED, PERIOD, TRADELESS, Rejection, Verdict

NO_TRADES = "No trades"
OTHER_PERIOD = "Other period"
"""How the reason of a backtest begins that did not cover what was asked for."""
_UNCHECKED = "Constraint cannot be checked"
_MAX_DECIMALS = 12
_IS_MET = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


@dataclass(frozen=True)
class Standard:
    """What the backtests of a run are judged by."""

    criteria: tuple[Criterion, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    start_date: date | None = None
    """Of the period that is asked for; None where the config leaves it to the strategy."""
    end_date: date | None = None
    prices_from: date | None = None
    """The first day of any price, where that is long after start_date: LEAN runs through what lacks in silence."""
    prices_to: date | None = None
    """The last day of any price, where that is long before end_date."""
    target_metric: str | None = None
    """As the config or LEAN names it."""
    target_direction: str | None = None
    """max or min."""
    whole_days: int | None = None
    """Of a walk-forward analysis: the days for which limits on what adds up are meant, such as trades. A backtest of it
    names its own days, and is held against its share of such a limit."""

    @classmethod
    def of(cls, config: OptimizationConfig) -> "Standard":
        """What a config asks for."""
        search, period = config.search, config.backtest
        return cls(
            criteria=config.criteria,
            constraints=search.constraints,
            start_date=period.start_date,
            end_date=period.end_date,
            target_metric=search.target_metric,
            target_direction=search.target_direction,
            whole_days=None if config.walk_forward is None else config.walk_forward.whole.days,
        )

    def for_backtest(self, result: BacktestResult) -> "Standard":
        """What holds for one backtest: the same, but for those of a walk-forward analysis."""
        if self.whole_days is None:
            return self
        asked = [as_day(result.parameters.get(name)) for name in ("start_date", "end_date")]
        start, end = asked[0] or result.backtest_start, asked[1] or result.backtest_end
        if start is None or end is None:
            return self
        share = Decimal((end - start).days + 1) / self.whole_days
        return replace(
            self,
            criteria=tuple(_scaled(each, share) for each in self.criteria),
            constraints=tuple(_scaled_constraint(each, share) for each in self.constraints),
            start_date=start,
            end_date=end,
            prices_from=None if self.prices_from is None or self.prices_from <= start else self.prices_from,
            prices_to=None if self.prices_to is None or self.prices_to >= end else self.prices_to,
        )

    @property
    def judges(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(self.criteria or self.constraints)

    @property
    def asks_for_luck(self) -> bool:
        """Whether a criterion looks at what all trials of the strategy tell."""
        return any(criterion.metric in LUCK_METRICS for criterion in self.criteria)

    @property
    def but_for_luck(self) -> "Standard":
        """The same without what only the end of a run can tell."""
        return replace(self, criteria=tuple(each for each in self.criteria if each.metric not in LUCK_METRICS))

    @property
    def needs_files(self) -> bool:
        """Whether it asks for a figure that is not stored, so that results of earlier runs cannot be judged by it."""
        asked = [self.target_metric] if self.target_metric else []
        asked += [constraint.metric for constraint in self.constraints]
        return any(comparable_metric(metric)[1] is None for metric in asked)


def _scaled(criterion: Criterion, share: Decimal) -> Criterion:
    """The limit for a share of the days; that of a count in whole numbers, in favour of the backtest."""
    metric = criterion.metric
    if not metric.adds_up:
        return criterion
    limit = criterion.threshold * share
    if metric.unit is Unit.COUNT:
        limit = limit.to_integral_value(ROUND_FLOOR if criterion.bound is Bound.MIN else ROUND_CEILING)
    return replace(criterion, threshold=limit)


def _scaled_constraint(constraint: Constraint, share: Decimal) -> Constraint:
    known = comparable_metric(constraint.metric)[1]
    return replace(constraint, value=constraint.value * share) if known is not None and known.adds_up else constraint


NOT_JUDGED = Verdict(None, ())


@dataclass(frozen=True, slots=True)
class Judged:
    """A backtest and what is said of it."""

    result: BacktestResult
    verdict: Verdict
    target_value: Decimal | None
    """Of the target metric, as LEAN's optimizer compares it; None where there is none, or it is not known."""


def judge_results(results: Iterable[BacktestResult], standard: Standard) -> list[Judged]:
    """Every backtest beside its verdict."""
    target = standard.target_metric
    return [
        Judged(result, judge(result, standard), None if target is None else compared_value(result, target)[0])
        for result in results
    ]


def judge_again(
    results: Iterable[BacktestResult], standard: Standard, before: Iterable[Judged], *, is_same_standard: bool
) -> list[Judged]:
    """Every backtest beside its verdict, where some were judged before.

    A verdict from before stays where there is nothing to judge by, and where only the order of its reasons differs: a
    config that comes out of the database has its criteria in another order than its file.

    Args:
        results: the backtests.
        standard: what they are judged by.
        before: the verdicts so far.
        is_same_standard: whether these were by the same standard; then one stays that can be checked no more, because
            what it looked at was in files only.
    """
    known = {judged.result.backtest_id: judged.verdict for judged in before}

    def settled(judged: Judged) -> Judged:
        verdict = known.get(judged.result.backtest_id, judged.verdict)
        now = judged.verdict
        is_same = (verdict.meets_criteria, {*verdict.reasons}) == (now.meets_criteria, {*now.reasons})
        if is_same:
            order = verdict.reasons.index
            verdict = replace(verdict, rejections=tuple(sorted(now.rejections, key=lambda one: order(one.reason))))
        is_blind = is_same_standard and any(reason.startswith(_UNCHECKED) for reason in now.reasons)
        return replace(judged, verdict=verdict) if is_same or is_blind or not standard.judges else judged

    return [settled(judged) for judged in judge_results(results, standard)]


def judge(result: BacktestResult, standard: Standard) -> Verdict:
    """Judges one backtest by all that is asked for; none stops at the first.

    Args:
        result: with its figures in the units of the metrics catalogue.
        standard: without criteria and constraints nothing is judged.
    """
    if not standard.judges:
        return NOT_JUDGED
    standard = standard.for_backtest(result)
    error = _error(result)
    if error is not None:
        # The figures of a crashed backtest cover only the days before the crash, so none of them is held against it.
        return Verdict.of([Rejection(FAILED, f"Backtest failed: {error}")])
    period = other_period(result, standard)
    against = [Rejection(TRADELESS, NO_TRADES)] if result.metrics.get("total_trades") == 0 else []
    against += [Rejection(PERIOD, period)] if period else []
    figures = {**result.metrics, **result.luck}
    against += [found for each in standard.criteria if (found := _missed(figures, each)) is not None]
    against += [found for each in standard.constraints if (found := _not_met(result, each)) is not None]
    return Verdict.of(against)


def compared_value(result: BacktestResult, metric: str) -> tuple[Decimal | None, Unit]:
    """What LEAN's optimizer compares of a result, and its unit; None where that is not known.

    Args:
        result: one that was stored knows the metrics of the catalogue only.
        metric: a name of LEAN's report, or a dotted path.
    """
    try:
        path, known = comparable_metric(metric)
    except UnknownMetricError:
        return None, Unit.RATIO
    unit = Unit.RATIO if known is None else known.unit
    if path.startswith(TRADES_PATH.lower()):
        stated = result.other_statistics.get(path.rpartition(".")[2])
        if stated is not None or known is None:
            return stated, unit
    return (None if known is None else result.metrics.get(known.column)), unit


def other_period(result: BacktestResult, standard: Standard) -> str | None:
    """`Other period: …` where a backtest covers other dates than the asked ones; a date that is not known is none."""
    start, end = standard.start_date, standard.end_date
    first, last = standard.prices_from or result.backtest_start, standard.prices_to or result.backtest_end
    asked = f"instead of {start or first} to {end or last}"
    if (start is None or first in (None, start)) and (end is None or last in (None, end)):
        known = result.period_reason
        return known if known is not None and known.endswith(asked) else None
    return f"{OTHER_PERIOD}: {first} to {last} {asked}"


def _not_met(result: BacktestResult, constraint: Constraint) -> Rejection | None:
    """Why a constraint is not met."""
    value, unit = compared_value(result, constraint.metric)
    if value is None:
        threshold = format_value(constraint.value, unit)
        reason = f"{_UNCHECKED}: {constraint.metric} {constraint.operator} {threshold}, value unknown"
    elif _IS_MET[constraint.operator](value, constraint.value):
        return None
    else:
        compared = _compared(value, constraint.operator, constraint.value, unit)
        reason = f"Constraint not met: {constraint.metric} {compared}"
    return Rejection(f"{constraint.metric} {constraint.operator} {constraint.value}", reason, value, constraint.value)


def _error(result: BacktestResult) -> str | None:
    """The first line of a failed backtest's error."""
    if result.status is not BacktestStatus.FAILED:
        return None
    return result.error_message.splitlines()[0] if result.error_message else "no message"


def _missed(figures: MetricValues, criterion: Criterion) -> Rejection | None:
    metric = criterion.metric
    value, limit = figures.get(metric.column), criterion.threshold
    if value is None:
        reason = f"{metric.label}{metric.why_missing}, {criterion.name} cannot be checked"
    elif criterion.bound is Bound.MIN and value < limit:
        reason = f"{metric.too_low or metric.label + ' too low'}: {_compared(value, '<', limit, metric.unit)}"
    elif criterion.bound is Bound.MAX and value > limit:
        reason = f"{metric.too_high or metric.label + ' too high'}: {_compared(value, '>', limit, metric.unit)}"
    else:
        return None
    return Rejection(intern(f"{criterion.bound.value}_{metric.criterion_names[0]}"), intern(reason), value, limit)


def _compared(value: Decimal, sign: str, threshold: Decimal, unit: Unit) -> str:
    """Both numbers with as many decimals as it takes to tell them apart: `15.0% < 15.0%` only where they are equal."""
    for decimals in range(DECIMALS[unit], _MAX_DECIMALS):
        left, right = (format_value(number, unit, decimals) for number in (value, threshold))
        if left != right or value == threshold:
            return f"{left} {sign} {right}"
    return f"{value} {sign} {threshold}"
