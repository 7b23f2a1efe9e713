"""A backtest's figures: LEAN's own from either of its files, and ours from what only the large one holds. Pure."""

import hashlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from strategy_testing.metrics.catalogue import METRICS, NEED_BENCHMARK, Metric, Section, Unit
from strategy_testing.metrics.daily_returns import (
    SECONDS_PER_DAY,
    DailyReturns,
    Points,
    number_of_day,
    of_trading_days,
    pack,
)
from strategy_testing.metrics.domains import gated
from strategy_testing.metrics.figures import years_between
from strategy_testing.metrics.performance import (
    BuyAndHold,
    buy_and_hold,
    daily_sharpe_ratio,
    days_under_water,
    net_trade_figures,
)
from strategy_testing.results.json_values import as_number, get, parts_of

THE_BENCHMARK = "the strategy's benchmark"
"""What a benchmark is called whose ticker is not known."""
_HASH_DIGITS = 16
_DIGITS = 60
"""Of the largest figure that passes the gate, divided by the smallest, with six decimals."""
_DERIVED_DECIMALS = Decimal("0.000001")
_INTEGER_UNITS = (Unit.COUNT, Unit.DAYS)
_RETURNS = ("Return", "Daily Performance")  # the second before 2024


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
        document = parts_of(content.removeprefix(BOM_UTF8))
        trades = _closed_trades(get(parts_of(get(document, "totalPerformance")), "closedTrades"))
        equity, benchmark, of_days = _curves(document)
        metrics = _equity_figures(equity, of_days)
        if trades is not None:
            metrics |= net_trade_figures(trades)
        return LargeFile(metrics, *_benchmark(benchmark), pack(of_days))
    except (msgspec.MsgspecError, ValueError, LookupError, ArithmeticError, RecursionError):
        return LargeFile(is_damaged=bool(content))


def read_daily_returns(content: bytes) -> DailyReturns | None:
    """The returns of trading days with all digits that LEAN reports, out of a large file; None where it has none."""
    try:
        _, _, of_days = _curves(parts_of(content.removeprefix(BOM_UTF8)))
    except (msgspec.MsgspecError, ValueError, LookupError, ArithmeticError, RecursionError):
        return None
    return of_days if len(of_days.days) else None


def _curves(document: Mapping[str, msgspec.Raw]) -> tuple[Points, Points, DailyReturns]:
    """The equity, the benchmark, and the returns of trading days."""
    charts = parts_of(get(document, "charts"))
    account = _series(charts, "Strategy Equity")
    returns = next((account[name] for name in _RETURNS if name in account), ())
    benchmark = _series(charts, "Benchmark").get("Benchmark", ())
    equity = account.get("Equity", ())
    return equity, benchmark, of_trading_days(equity, returns, benchmark)


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


def _series(charts: Mapping[str, msgspec.Raw], name: str) -> dict[str, Points]:
    """The series of a chart, each by its name."""
    series = parts_of(get(parts_of(charts.get(name)), "series"))
    return {name: _points(get(parts_of(one), "values")) for name, one in series.items()}


def _points(values: msgspec.Raw | None) -> Points:
    """`[time, value]`, `[time, open, high, low, close]` or, before 2024, `{"x": time, "y": value}`."""
    if values is None:
        return ()
    try:
        return [(point[0], point[-1]) for point in msgspec.json.decode(values, type=list[tuple[float, ...]])]
    except msgspec.ValidationError:  # the old spelling, or a null among the values
        found = msgspec.json.decode(values, type=list[list[float | None] | dict[str, float | None]])
    pairs = ((point["x"], point["y"]) if isinstance(point, dict) else (point[0], point[-1]) for point in found)
    return [(moment, value) for moment, value in pairs if moment is not None and value is not None]


def _equity_figures(equity: Points, returns: DailyReturns) -> dict[str, Decimal]:
    figures = {"time_under_water_days": days_under_water(equity)} if equity else {}
    sharpe = daily_sharpe_ratio(returns.values.tolist())
    return figures if sharpe is None else figures | {"daily_sharpe_ratio": sharpe}


def _benchmark(points: Points) -> tuple[bool | None, BuyAndHold | None]:
    """Whether the benchmark moved, and what holding it made, by the days on which it did."""
    if not points:
        return None, None
    sound = [(moment, price) for moment, price in points if price > 0]
    changes = [(begin, price) for (begin, before), (_, price) in pairwise(sound) if price != before]
    days = (points[-1][0] - points[0][0]) / SECONDS_PER_DAY
    prices = [*(price for _, price in sound[:1]), *(price for _, price in changes)]
    held = buy_and_hold(THE_BENCHMARK, prices, days)
    if held is None:
        return False, None
    numbers = np.array([number_of_day(begin) for begin, _ in changes], np.int64)
    returns = DailyReturns(numbers.astype("datetime64[D]"), np.diff(prices) / prices[:-1])
    return True, replace(held, daily_returns=pack(returns))


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
