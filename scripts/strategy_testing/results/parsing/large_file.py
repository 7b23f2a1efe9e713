"""Takes the closed trades and three curves out of the large file of a backtest, as fast as its form allows."""

import threading
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import simdjson

from strategy_testing.metrics.daily_returns import Points, points
from strategy_testing.results.json_values import get, parts_of

UNREADABLE = (msgspec.MsgspecError, ValueError, LookupError, ArithmeticError, RecursionError)
"""What read_parts raises of a damaged file."""
_RETURNS = ("Return", "Daily Performance")  # the second before 2024
_LARGEST_FOR_SPEED = 2**26
"""Bytes; simdjson takes several times as many again."""
_EXACT_DIGITS = 15
"""Decimal digits that a double always holds."""


@dataclass(frozen=True)
class Parts:
    """What of the large file is looked at."""

    trades: Sequence[tuple[Decimal, Decimal]] | None
    """Profit before fees, and fees, of each; None where the file lists no trades, or one without its figures."""
    equity: Points
    returns: Points
    """Percent, one a calendar day."""
    benchmark: Points


def read_parts(content: bytes) -> Parts:
    """What is looked at of a large file, in any spelling of LEAN's.

    Raises:
        UNREADABLE: it is damaged where it is looked at.
    """
    text = content.removeprefix(BOM_UTF8)
    return _quickly(text) or _by_scanning(text)


class _Parsers(threading.local):
    """Each thread's own, because a parser's memory serves one document after another."""

    def __init__(self) -> None:
        self.parser = simdjson.Parser()


_parsers = _Parsers()


def _quickly(text: bytes) -> Parts | None:
    """By simdjson; None where the file is damaged, or is not spelt as LEAN spells it today."""
    if len(text) > _LARGEST_FOR_SPEED:
        return None
    document: Any = None
    try:
        document = _parsers.parser.parse(text)
        charts = document["charts"]
        account = charts["Strategy Equity"]["series"]
        trades = [
            (_exact(trade["profitLoss"]), _exact(trade["totalFees"]))
            for trade in document["totalPerformance"]["closedTrades"]
        ]
        return Parts(
            trades,
            _curve(account["Equity"]["values"]),
            _curve(account[_RETURNS[0]]["values"]),
            _curve(charts["Benchmark"]["series"]["Benchmark"]["values"]),
        )
    except (ValueError, LookupError, TypeError, RuntimeError):
        return None
    finally:
        del document  # the parser refuses the next one before


def _exact(number: object) -> Decimal:
    """The number as it is spelt.

    Raises:
        ValueError: it is no number, or may have been spelt with more digits than the parser keeps.
    """
    if isinstance(number, float | int) and not isinstance(number, bool):
        spelt = Decimal(repr(number))
        if len(spelt.as_tuple().digits) <= _EXACT_DIGITS:
            return spelt
    raise ValueError(number)


def _curve(values: Any) -> Points:
    """`[time, value]` or `[time, open, high, low, close]`, all of one kind, in order.

    Raises:
        ValueError: they are not.
    """
    count = len(values)
    if not count:
        return points([])
    flat = np.frombuffer(memoryview(values.as_buffer(of_type="d")).cast("B"), np.float64)
    columns = len(values[0])
    if flat.size != count * columns or columns < 2:
        raise ValueError("points of several kinds")
    table = flat.reshape(count, columns)
    if (np.diff(table[:, 0]) < 0).any():
        raise ValueError("points out of order")
    return table[:, [0, -1]]


def _by_scanning(text: bytes) -> Parts:
    """By msgspec, which reads nothing but these parts and takes every spelling that LEAN has had."""
    document = parts_of(text)
    charts = parts_of(get(document, "charts"))
    account = _series(charts, "Strategy Equity")
    none = points([])
    return Parts(
        _closed_trades(get(parts_of(get(document, "totalPerformance")), "closedTrades")),
        account.get("Equity", none),
        next((account[name] for name in _RETURNS if name in account), none),
        _series(charts, "Benchmark").get("Benchmark", none),
    )


def _closed_trades(part: msgspec.Raw | None) -> list[tuple[Decimal, Decimal]] | None:
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
        return points([])
    try:
        return points([(point[0], point[-1]) for point in msgspec.json.decode(values, type=list[tuple[float, ...]])])
    except msgspec.ValidationError:  # the old spelling, or a null among the values
        found = msgspec.json.decode(values, type=list[list[float | None] | dict[str, float | None]])
    pairs = ((point["x"], point["y"]) if isinstance(point, dict) else (point[0], point[-1]) for point in found)
    return points([(moment, value) for moment, value in pairs if moment is not None and value is not None])
