"""A backtest's figures: LEAN's own from either of its files, and ours from what only the large one holds. Pure."""

from bisect import bisect_left, bisect_right
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec

from strategy_testing.metrics.catalogue import METRICS, NEED_BENCHMARK, Metric, Section, Unit
from strategy_testing.metrics.figures import years_between
from strategy_testing.metrics.performance import (
    BuyAndHold,
    buy_and_hold,
    daily_sharpe_ratio,
    days_under_water,
    net_trade_figures,
)
from strategy_testing.results.json_values import as_number, get, get_part

THE_BENCHMARK = "the strategy's benchmark"
"""What a benchmark is called whose ticker is not known."""
_DERIVED_DECIMALS = Decimal("0.000001")
_INTEGER_UNITS = (Unit.COUNT, Unit.DAYS)
_EQUITY_CHART = "Strategy Equity"
_RETURNS = ("Return", "Daily Performance")  # the second before 2024
_NOON = timedelta(hours=12)
_SECONDS_PER_DAY = 86400
_SECONDS_TO_CLOSE = 22 * 3600  # of any market that closes; a day on which the clocks change has 23 hours
_MOST_SILENT_WEEKDAYS = 0.1

_Points = Sequence[tuple[float, float]]
"""Unix times in order, and values."""


@dataclass(frozen=True)
class LargeFile:
    """What of the large file is kept; all of it is missing where the file is, or is damaged."""

    metrics: Mapping[str, Decimal] = field(default_factory=dict)
    has_benchmark: bool | None = None
    """Whether its benchmark ever moved; None where that is not known."""
    held: BuyAndHold | None = None
    """Buy-and-hold by the chart of the benchmark."""


def read_large_file(content: bytes) -> LargeFile:
    """Reads the closed trades and two charts out of a backtest's large file, in one pass over its bytes.

    A part that is missing costs its figures only.
    """
    content = content.removeprefix(BOM_UTF8)
    try:
        trades = _closed_trades(get_part(content, "totalPerformance", "closedTrades"))
        charts = get_part(content, "charts")
        series = get_part(charts, _EQUITY_CHART, "series") if charts else None
        equity = _points(get_part(series, "Equity", "values")) if series else ()
        returns = next((found for name in _RETURNS if series and (found := get_part(series, name, "values"))), None)
        benchmark = _points(get_part(charts, "Benchmark", "series", "Benchmark", "values")) if charts else ()
        metrics = net_trade_figures(trades) if trades is not None else {}
        return LargeFile(metrics | _equity_figures(equity, _points(returns), benchmark), *_benchmark(benchmark))
    except (msgspec.MsgspecError, ValueError, LookupError, ArithmeticError, OSError, RecursionError):
        return LargeFile()


def _closed_trades(part: msgspec.Raw | None) -> list[tuple[Decimal, Decimal]] | None:
    """Profit before fees, and fees, of each; None where the file lists no trades, or one without its figures."""
    if part is None:
        return None
    trades = []
    for trade in msgspec.json.decode(part, type=list[dict[str, msgspec.Raw]]):
        profit, fees = get(trade, "profitLoss"), get(trade, "totalFees")
        if profit is None or fees is None:
            return None
        trades.append((msgspec.json.decode(profit, type=Decimal), msgspec.json.decode(fees, type=Decimal)))
    return trades


def _points(part: msgspec.Raw | None) -> _Points:
    """`[time, value]`, `[time, open, high, low, close]` or, before 2024, `{"x": time, "y": value}`."""
    if part is None:
        return ()
    found = msgspec.json.decode(part, type=list[list[float | None] | dict[str, float | None]])
    pairs = ((point["x"], point["y"]) if isinstance(point, dict) else (point[0], point[-1]) for point in found)
    return [(moment, value) for moment, value in pairs if moment is not None and value is not None]


def _equity_figures(equity: _Points, returns: _Points, benchmark: _Points) -> dict[str, Decimal]:
    figures = {"time_under_water_days": days_under_water(equity)} if equity else {}
    sharpe = daily_sharpe_ratio(_of_trading_days(equity, returns, benchmark))
    return figures if sharpe is None else figures | {"daily_sharpe_ratio": sharpe}


def _of_trading_days(equity: _Points, returns: _Points, benchmark: _Points) -> list[float]:
    """The returns of trading days, fractions.

    LEAN gives every calendar day a return, at the midnight behind it. The market was open where the equity was sampled
    within the day, or something moved. A chart of many years is too coarse to tell: if a tenth of the weekdays show
    nothing, and a year has but ten holidays, all weekdays count.
    """
    samples = [moment for moment, _ in equity]
    levels = dict(benchmark)
    days = []
    for (begin, _), (end, percent) in pairwise(returns):
        # The last return ends with the last sample, at the close of that day.
        was_sampled = bisect_left(samples, end) > bisect_right(samples, begin) or end - begin < _SECONDS_TO_CLOSE
        has_moved = percent != 0 or levels.get(begin) != levels.get(end)
        is_weekday = (datetime.fromtimestamp(begin, UTC) + _NOON).weekday() < 5
        days.append((percent / 100, was_sampled or has_moved, is_weekday))
    silent = sum(1 for _, was_open, is_weekday in days if is_weekday and not was_open)
    is_coarse = silent > _MOST_SILENT_WEEKDAYS * sum(is_weekday for *_, is_weekday in days)
    return [change for change, was_open, is_weekday in days if was_open or (is_coarse and is_weekday)]


def _benchmark(points: _Points) -> tuple[bool | None, BuyAndHold | None]:
    """Whether the benchmark moved, and what holding it made, by the days on which it did."""
    if not points:
        return None, None
    prices = [value for (_, before), (_, value) in pairwise(points) if value != before]
    days = (points[-1][0] - points[0][0]) / _SECONDS_PER_DAY
    held = buy_and_hold(THE_BENCHMARK, [price for price in (points[0][1], *prices) if price > 0], days)
    return held is not None, held


def backtest_figures(
    sections: Mapping[Section, Mapping[str, Any]],
    large_file: LargeFile,
    first_day: date | None,
    last_day: date | None,
) -> dict[str, Decimal | None]:
    """Every figure of the catalogue, None where it is not known.

    Args:
        sections: of either file.
        large_file: what the large one holds beside them.
        first_day: of the backtest.
        last_day: of the backtest.
    """
    values = {metric.column: _first_number(metric, sections) for metric in METRICS} | large_file.metrics
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
    return values


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
    return (numerator / denominator).quantize(_DERIVED_DECIMALS)
