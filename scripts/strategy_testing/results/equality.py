"""Whether two backtests of one combination are the same: every figure, order, closed trade and chart point."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from strategy_testing.files import read_text
from strategy_testing.results.backtest import BacktestFile

_CHARTS = "charts"
_SECTIONS = ("orders", "totalPerformance", "profitLoss", "statistics", "runtimeStatistics", "rollingWindow", _CHARTS)
"""What a backtest came to, in the order in which a difference says most. Left out are `serverStatistics` (memory,
processor, time), `analysis` (LEAN's own remarks, also on its speed) and, but for the two below, `state` (names, clock
times and numbers of lines) and `algorithmConfiguration` (the backtest's name, and the parameters as they were written).
"""
_STATE = ("Status", "RuntimeError")
"""Of an error its first line: what happened and when. Behind it are the lines of code that led to it."""
_CONFIGURATION = ("startDate", "endDate", "accountCurrency", "brokerage", "accountType")
_DRAWN = "id"
"""Of a closed trade: a random number."""
_PERFORMANCE = "totalPerformance"
_TRADES = "closedTrades"
_ABSENT = "none"
_LONGEST = 60

_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Difference:
    """The first thing in which two backtests differ."""

    what: str
    warm: str
    cold: str

    def __str__(self) -> str:
        """`order 3, quantity: 7 warm, 8 cold`."""
        return f"{self.what}: {self.warm} warm, {self.cold} cold"


def first_difference(warm: BacktestFile, cold: BacktestFile) -> Difference | None:
    """The first difference between what a warm engine and LEAN's own process made of one combination; None without.

    The parameters are not compared: whoever asks has chosen both by them. Two files that are missing, or damaged in the
    same way, are the same.
    """
    ours, theirs = _read(warm), _read(cold)
    if isinstance(ours, str) or isinstance(theirs, str):
        shown = [document if isinstance(document, str) else "whole" for document in (ours, theirs)]
        return None if ours == theirs else Difference("the result's file", *shown)
    for path, one, other in _differences(_compared(ours), _compared(theirs), ()):
        return Difference(_named(path), *(_shown(value, is_point=path[0] == _CHARTS) for value in (one, other)))
    return None


def _read(file: BacktestFile) -> Mapping[str, Any] | str:
    """The document, by the same rules as where results are read; or what is wrong with it."""
    try:
        # NaN as a text, because it is not equal to itself.
        document = json.loads(read_text(file.path), parse_constant=str)
    except FileNotFoundError:
        return "missing"
    except (OSError, ValueError, RecursionError) as error:
        return f"damaged ({error})"
    return document if isinstance(document, dict) else "damaged (no object)"


def _compared(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of a document has to be the same."""
    state, configuration = _section(document, "state"), _section(document, "algorithmConfiguration")
    kept: dict[str, Any] = {"state": {name: _first_line(state.get(name)) for name in _STATE}}
    kept["configuration"] = {name: configuration.get(name) for name in _CONFIGURATION}
    for name in _SECTIONS:
        kept[name] = document.get(name)
    performance = _section(document, _PERFORMANCE)
    trades = performance.get(_TRADES)
    if isinstance(trades, list):
        numbered = [{**trade, _DRAWN: None} if isinstance(trade, dict) else trade for trade in trades]
        kept[_PERFORMANCE] = {_TRADES: numbered, **{name: performance[name] for name in performance if name != _TRADES}}
    return kept


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _first_line(text: object) -> object:
    return text.partition("\n")[0] if isinstance(text, str) else text


def _differences(one: Any, other: Any, path: _Path) -> Iterator[tuple[_Path, Any, Any]]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            yield from _differences(one.get(key), other.get(key), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and not _is_point(one, other):
        for index in range(max(len(one), len(other))):
            first, second = (each[index] if index < len(each) else None for each in (one, other))
            yield from _differences(first, second, (*path, index))
    else:
        yield path, one, other


def _is_point(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether both are points of a chart: a moment, and values."""
    return all(each and all(isinstance(value, int | float | None) for value in each) for each in (one, other))


def _named(path: _Path) -> str:
    """A place for people: numbers of orders and trades from 1, points of charts by their place."""
    match path:
        case ("orders", number, *rest):
            words = [f"order {number}", *rest]
        case ("totalPerformance", "closedTrades", int(index), *rest):
            words = [f"closed trade {index + 1}", *rest]
        case ("charts", chart, "series", series, "values", int(index), *rest):
            words = [f"chart {chart}, {series}, point {index + 1}", *rest]
        case _:
            words = list(path)
    return ", ".join(map(str, words))


def _shown(value: Any, *, is_point: bool) -> str:
    if value is None:
        return _ABSENT
    text = str(value)
    if is_point and isinstance(value, list) and value:
        with suppress(TypeError, ValueError, OverflowError, OSError):  # no moment after all
            text = f"{', '.join(map(str, value[1:]))} on {datetime.fromtimestamp(value[0], UTC).date()}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
