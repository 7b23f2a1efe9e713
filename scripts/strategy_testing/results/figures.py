"""A backtest's figures: LEAN's own from either of its files, and ours from what only the large one holds. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import numpy as np

from strategy_testing.metrics.benchmark import BuyAndHold
from strategy_testing.metrics.catalogue import METRICS, NEED_BENCHMARK, Metric, Section, Unit
from strategy_testing.metrics.daily_returns import (
    SECONDS_PER_DAY,
    DailyReturns,
    Points,
    numbers_of_days,
    of_trading_days,
    pack,
)
from strategy_testing.metrics.domains import gated
from strategy_testing.metrics.figures import years_between
from strategy_testing.metrics.performance import (
    buy_and_hold,
    daily_sharpe_ratio,
    days_under_water,
    net_trade_figures,
)
from strategy_testing.results.json_values import as_number, get
from strategy_testing.results.parsing.large_file import UNREADABLE, read_parts

THE_BENCHMARK = "the strategy's benchmark"
"""What a benchmark is called whose ticker is not known."""
_HASH_DIGITS = 16
_DIGITS = 60
"""Of the largest figure that passes the gate, divided by the smallest, with six decimals."""
_DERIVED_DECIMALS = Decimal("0.000001")
_INTEGER_UNITS = (Unit.COUNT, Unit.DAYS)


@dataclass(frozen=True)
class LargeFile:
    """What of the large file is kept; all of it is missing where the file is, or is damaged."""

    metrics: Mapping[str, Decimal] = field(default_factory=dict)
    has_benchmark: bool | None = None
    """Whether its benchmark ever moved; None where that is not known."""
    held: BuyAndHold | None = None
    """Buy-and-hold by the chart of the benchmark."""
    daily_returns: bytes | None = None
    """Of the trading days, packed."""
    is_damaged: bool = False
    """Whether it is there and its trades or charts cannot be read."""


def read_large_file(content: bytes) -> LargeFile:
    """Reads the closed trades and two charts out of a backtest's large file, in one pass over its bytes.

    A part that is missing costs its figures only.
    """
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            parts = read_parts(content)
            of_days = of_trading_days(parts.equity, parts.returns, parts.benchmark)
            metrics = _equity_figures(parts.equity, of_days)
            if parts.trades is not None:
                metrics |= net_trade_figures(parts.trades)
            return LargeFile(metrics, *_benchmark(parts.benchmark), pack(of_days))
    except UNREADABLE:
        return LargeFile(is_damaged=bool(content))


def read_daily_returns(content: bytes) -> DailyReturns | None:
    """The returns of trading days with all digits that LEAN reports, out of a large file; None where it has none."""
    try:
        parts = read_parts(content)
        of_days = of_trading_days(parts.equity, parts.returns, parts.benchmark)
    except UNREADABLE:
        return None
    return of_days if len(of_days.days) else None


def _equity_figures(equity: Points, returns: DailyReturns) -> dict[str, Decimal]:
    figures = {"time_under_water_days": days_under_water(equity)} if len(equity) else {}
    sharpe = daily_sharpe_ratio(returns.values)
    return figures if sharpe is None else figures | {"daily_sharpe_ratio": sharpe}


def _benchmark(chart: Points) -> tuple[bool | None, BuyAndHold | None]:
    """Whether the benchmark moved, and what holding it made, by the days on which it did."""
    if not len(chart):
        return None, None
    days = float(chart[-1, 0] - chart[0, 0]) / SECONDS_PER_DAY
    moments, prices = chart[chart[:, 1] > 0].T
    changes = np.flatnonzero(prices[1:] != prices[:-1])
    moved = np.concatenate((prices[:1], prices[changes + 1]))
    held = buy_and_hold(THE_BENCHMARK, moved, days)
    if held is None:
        return False, None
    dates = numbers_of_days(moments[changes]).astype("datetime64[D]")
    return True, replace(held, daily_returns=pack(DailyReturns(dates, np.diff(moved) / moved[:-1])))


def backtest_figures(
    sections: Mapping[Section, Mapping[str, Any]],
    large_file: LargeFile,
    first_day: date | None,
    last_day: date | None,
) -> tuple[dict[str, Decimal | None], list[str]]:
    """Every figure of the catalogue, None where it is not known or cannot be, and what is wrong with these.

    Args:
        sections: of either file.
        large_file: what the large one holds beside them.
        first_day: of the backtest.
        last_day: of the backtest.
    """
    found = {metric.column: _first_number(metric, sections) for metric in METRICS}
    values, problems = gated({**found, **large_file.metrics})
    if values["total_fees"] is not None:
        values["total_fees"] = abs(values["total_fees"])  # the runtime statistics show fees as a loss
    start, end = values["start_equity"], values["end_equity"]
    values["net_profit"] = None if start is None or end is None else end - start
    values["fee_pct"] = _quotient(values["total_fees"], start)
    if start is not None and first_day is not None and last_day is not None and first_day <= last_day:
        values["annual_fee_pct"] = _quotient(values["total_fees"], start * years_between(first_day, last_day))
    values["calmar_ratio"] = _quotient(values["compounding_annual_return"], values["max_drawdown"])
    if not _has_benchmark(values, large_file):
        values |= dict.fromkeys(NEED_BENCHMARK)
    values, of_derived = gated(values)
    of_charts = ["its trades or charts cannot be read: what we compute from them is left empty"]
    return values, [*problems, *of_derived, *(of_charts if large_file.is_damaged else [])]


def _has_benchmark(values: Mapping[str, Decimal | None], large_file: LargeFile) -> bool:
    """Against a constant LEAN reports an alpha, a beta and a Treynor ratio of exactly 0."""
    if large_file.has_benchmark is not None:
        return large_file.has_benchmark
    return any(values[column] for column in ("alpha", "beta", "treynor_ratio"))


def _first_number(metric: Metric, sections: Mapping[Section, Mapping[str, Any]]) -> Decimal | None:
    for section, name in metric.sources:
        number = as_number(get(sections[section], name))
        if number is not None and metric.unit in _INTEGER_UNITS:
            return number.to_integral_value()
        if number is not None:
            return number
    return None


def _quotient(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    if numerator is None or denominator is None or denominator == 0:
        return None
    with localcontext(prec=_DIGITS):
        return (numerator / denominator).quantize(_DERIVED_DECIMALS)


def outcome_hash(sections: Iterable[Mapping[str, Any]]) -> str | None:
    """Of more than what is stored: of the dates, lengths and extremes of the trades, too."""
    figures = [sorted((name.lower(), str(value)) for name, value in section.items()) for section in sections]
    return hashlib.sha256(repr(figures).encode()).hexdigest()[:_HASH_DIGITS] if any(figures) else None
