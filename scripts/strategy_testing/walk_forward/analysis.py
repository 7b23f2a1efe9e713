"""What the out-of-sample days of all windows show together. Pure: daily returns in, figures out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from strategy_testing.search.space import canonical_value
from strategy_testing.walk_forward.choice import axis_places
from strategy_testing.walk_forward.windows import Period, Window

_DAYS_PER_YEAR = 365  # as in LEAN's annual returns
_SATURDAY = 5
_FEWEST_TO_RANK = 3
_DECIMALS = 6

DayReturn = tuple[date, float]
"""A trading day and its return, a fraction."""


@dataclass(frozen=True)
class Held:
    """One backtest of a chosen combination."""

    total_return: float
    """A fraction."""
    days: int
    """Of the calendar."""


@dataclass(frozen=True)
class WindowResult:
    """One window with what was chosen, and how that did."""

    window: Window
    chosen: Mapping[str, str] | None
    """What varies, without the dates; None where nothing qualified, so that nothing was traded."""
    in_sample: Held | None
    """Of the chosen combination; None without one."""
    returns: tuple[DayReturn, ...] | None
    """Out-of-sample, of the chosen combination, by trading day; None where there is no result of it."""
    trades: int = 0
    """Round trips out-of-sample."""
    beats_benchmark: bool | None = None
    """Whether it returned more than buy-and-hold of the same out-of-sample days; None where that is not known."""
    market_days: tuple[date, ...] = ()
    """The out-of-sample trading days as far as other backtests show them, for a window in which nothing is traded."""
    ranks: tuple[tuple[Decimal, Decimal], ...] = ()
    """The target in-sample and out-of-sample of every combination for which both are known."""


@dataclass(frozen=True)
class Drift:
    """How a parameter's chosen value moved from window to window."""

    values: Mapping[str, int]
    """How often each value was chosen."""
    steps: Decimal | None
    """The mean distance between the choices of neighbouring windows, in steps of the values that were tried; None with
    fewer than two choices, or where the values have no order."""


@dataclass(frozen=True)
class Analysis:
    """All windows together; a figure is None where it is not defined or not known."""

    days: tuple[DayReturn, ...]
    """Out-of-sample, stitched: every window's own, and 0 on the days of one in which nothing was traded."""
    total_return: Decimal | None
    """A fraction."""
    annual_return: Decimal | None
    """A fraction, compounding, by years of 365 days."""
    sharpe: Decimal | None
    """As daily_sharpe_ratio."""
    t_statistic: Decimal | None
    """Of the mean daily return against 0."""
    max_drawdown: Decimal | None
    """A positive fraction, of the stitched equity."""
    efficiency: Decimal | None
    """Annualised out-of-sample return of the chosen combinations ÷ their annualised in-sample return."""
    profitable: Decimal | None
    """Share of windows whose out-of-sample return is above 0; one in which nothing was traded is none."""
    beat_benchmark: Decimal | None
    """Share of windows that returned more than buy-and-hold, of those for which that is known."""
    trades: int
    """Round trips, out-of-sample."""
    rank_correlation: Decimal | None
    """Spearman's, in-sample target against out-of-sample target, the mean over the windows."""
    drift: Mapping[str, Drift]
    """By parameter."""


def analyse(windows: Sequence[WindowResult], tried: Sequence[Mapping[str, str]]) -> Analysis:
    """Puts the windows together.

    Open positions at a window's end are valued at its last close, and the next window begins with cash: each
    out-of-sample backtest is one of its own. The stitched equity compounds their daily returns.

    Args:
        windows: in their order.
        tried: the combinations that could be chosen.
    """
    # It takes numpy, and reading a config does not.
    from strategy_testing.metrics.performance import daily_sharpe_ratio  # noqa: PLC0415

    stitched = stitch(windows)
    returns = [value for _, value in stitched]
    growth = math.prod(1 + value for value in returns)
    known = [each for each in windows if each.chosen is None or each.returns is not None]
    days = sum(each.window.out_of_sample.days for each in known)
    return Analysis(
        days=tuple(stitched),
        total_return=_rounded(growth - 1) if stitched else None,
        annual_return=_rounded(_annual(growth, days)) if stitched else None,
        sharpe=daily_sharpe_ratio(returns),
        t_statistic=t_statistic(returns),
        max_drawdown=_rounded(max_drawdown(returns)) if stitched else None,
        efficiency=efficiency(windows),
        profitable=_share([_total(each) > 0 for each in known]),
        beat_benchmark=_share([each.beats_benchmark for each in known if each.beats_benchmark is not None]),
        trades=sum(each.trades for each in windows),
        rank_correlation=_mean([rank for each in windows if (rank := spearman(each.ranks)) is not None]),
        drift=drift([each.chosen for each in windows], tried),
    )


def stitch(windows: Sequence[WindowResult]) -> list[DayReturn]:
    """The out-of-sample days of all windows, in order.

    A window whose out-of-sample backtest has no result is left out. The days of one in which nothing qualified return
    0; where no backtest shows which these are, they are its weekdays.
    """
    stitched: list[DayReturn] = []
    for each in windows:
        if each.returns is not None:
            period = each.window.out_of_sample
            stitched += [day for day in each.returns if period.start <= day[0] <= period.end]
        elif each.chosen is None:
            stitched += [(day, 0.0) for day in each.market_days or weekdays(each.window.out_of_sample)]
    return stitched


def weekdays(period: Period) -> list[date]:
    """Monday to Friday, holidays too."""
    days = (period.start + timedelta(days=i) for i in range(period.days))
    return [day for day in days if day.weekday() < _SATURDAY]


def equity_of(returns: Sequence[float]) -> list[float]:
    """What 1 becomes, behind each day."""
    equity, curve = 1.0, []
    for value in returns:
        equity *= 1 + value
        curve.append(equity)
    return curve


def max_drawdown(returns: Sequence[float]) -> float:
    """The deepest fall of the equity from its peak, the beginning included; a positive fraction."""
    peak, deepest = 1.0, 0.0
    for value in equity_of(returns):
        peak = max(peak, value)
        deepest = max(deepest, 1 - value / peak)
    return deepest


def t_statistic(returns: Sequence[float]) -> Decimal | None:
    """Mean ÷ (sample standard deviation (n - 1) / √n); None where the returns do not vary."""
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
    return _rounded(mean / math.sqrt(variance / len(returns))) if variance > 0 else None


def efficiency(windows: Sequence[WindowResult]) -> Decimal | None:
    """Walk-forward efficiency (Pardo): annualised out-of-sample ÷ annualised in-sample return of what was chosen.

    Both compound over the windows that have a choice and a result of it. None where the in-sample return is not above
    0, because the quotient then says nothing.
    """
    pairs = [(each, each.in_sample) for each in windows if each.returns is not None and each.in_sample is not None]
    if not pairs:
        return None
    inside = _annual(math.prod(1 + held.total_return for _, held in pairs), sum(held.days for _, held in pairs))
    outside = _annual(
        math.prod(1 + _total(each) for each, _ in pairs), sum(each.window.out_of_sample.days for each, _ in pairs)
    )
    return _rounded(outside / inside) if inside > 0 else None


def _total(result: WindowResult) -> float:
    """The out-of-sample return of a window, a fraction."""
    return math.prod(1 + value for _, value in stitch([result])) - 1


def _annual(growth: float, days: int) -> float:
    if growth <= 0 or days <= 0:
        return -1.0
    return float(growth ** (_DAYS_PER_YEAR / days) - 1)


def drift(chosen: Sequence[Mapping[str, str] | None], tried: Sequence[Mapping[str, str]]) -> dict[str, Drift]:
    """How each parameter moved over the windows that have a choice.

    Args:
        chosen: of each window, in order.
        tried: the combinations that could be chosen; their values make the steps.
    """
    made = [each for each in chosen if each is not None]
    axes = axis_places([*tried, *made])
    found = {}
    for name in dict.fromkeys(name for each in made for name in each):
        values = [canonical_value(each[name]) for each in made if name in each]
        order = axes.get(name)
        moves = [abs(order.index(b) - order.index(a)) for a, b in pairwise(values)] if order else []
        counts = {value: values.count(value) for value in dict.fromkeys(values)}
        found[name] = Drift(counts, _mean([Decimal(move) for move in moves]))
    return found


def spearman(pairs: Sequence[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Spearman's rank correlation, equal values sharing their mean rank.

    None with fewer than three pairs, or where one side does not vary.
    """
    if len(pairs) < _FEWEST_TO_RANK:
        return None
    left, right = (_ranks([pair[side] for pair in pairs]) for side in (0, 1))
    mean = (len(pairs) + 1) / 2
    spread = math.sqrt(sum((rank - mean) ** 2 for rank in left) * sum((rank - mean) ** 2 for rank in right))
    if spread == 0:
        return None
    return _rounded(sum((a - mean) * (b - mean) for a, b in zip(left, right, strict=True)) / spread)


def _ranks(values: Sequence[Decimal]) -> list[float]:
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


def _share(flags: Sequence[bool]) -> Decimal | None:
    return _rounded(sum(flags) / len(flags)) if flags else None


def _mean(values: Sequence[Decimal]) -> Decimal | None:
    return _rounded(float(sum(values, Decimal(0)) / len(values))) if values else None


def _rounded(value: float) -> Decimal:
    return Decimal(str(round(value, _DECIMALS)))
