"""The market a strategy is run in: prices and other data by day, all of them made up by the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from lean_engine.constants import SecurityType
from lean_engine.fundamental import refuse_unknown_paths

Prices = Sequence[float | None]

# Regular hours in New York time, from LEAN's market hours; the time of a day's bar is its session's end.
_OPENS = time(9, 30)
_EQUITIES_CLOSE, _FUTURES_CLOSE = time(16, 0), time(17, 0)  # the futures are CME's on equity indices
_INDICES_CLOSE = {
    **dict.fromkeys(("VIX", "VIX3M", "SPX", "DJI"), time(16, 15)),
    **dict.fromkeys(("NDX", "RUT", "VXN", "VIX9D", "VIX1D", "VIX6M", "VVIX"), time(16, 0)),
}
_MULTIPLIERS = {"MES": 5, "MNQ": 2}  # dollars a point
_INITIAL_MARGINS = {"MES": 1188.0, "MNQ": 1650.0}  # dollars a contract, LEAN's last entries
_MAINTENANCE_PART = 1080 / 1188  # of the initial margin, in those entries


@dataclass(frozen=True)
class DayBar:
    """One day's prices and volume."""

    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass
class Instrument:
    """What is traded under one ticker: a bar for each day on which there is one."""

    ticker: str
    kind: Any
    closes_at: time
    bars: list[DayBar | None]
    rolls: tuple[int, ...] = ()
    multiplier: float = 1.0
    initial_margin: float = 0.0

    @property
    def maintenance_margin(self) -> float:
        return self.initial_margin * _MAINTENANCE_PART


@dataclass
class CustomPoint:
    """One data point of an alternative data set."""

    type_name: str
    ticker: str
    day: int
    fields: dict[str, Any]


@dataclass
class Market:
    """`days` consecutive weekdays from `first` (YYYY-MM-DD) on, less the holidays; days are counted from 0.

    Prices are dollars, or points for an index or a future.
    """

    days: int = 300
    first: str = "2014-01-02"
    holidays: Sequence[date] = ()
    instruments: dict[str, Instrument] = field(default_factory=dict)
    fundamental_values: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    custom_points: list[CustomPoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        current, closed = date.fromisoformat(self.first), set(self.holidays)
        self._dates: list[date] = []
        while len(self._dates) < self.days:
            if current.weekday() < 5 and current not in closed:
                self._dates.append(current)
            current += timedelta(days=1)

    def day(self, index: int) -> datetime:
        """The midnight at which the day of that index begins."""
        return datetime.combine(self._dates[index], time())

    def session(self, instrument: Instrument, index: int) -> tuple[datetime, datetime]:
        """When regular trading begins and ends on that day, New York time."""
        day = self._dates[index]
        return datetime.combine(day, _OPENS), datetime.combine(day, instrument.closes_at)

    def equity(
        self,
        ticker: str,
        closes: Prices,
        opens: Prices | None = None,
        highs: Prices | None = None,
        lows: Prices | None = None,
        volumes: Prices | None = None,
    ) -> None:
        """A US stock or ETF. None in closes is a day without a bar.

        Opens default to the close before, highs and lows to the larger and smaller of open and close, volumes to
        1,000,000 shares.
        """
        bars = self._bars(ticker, closes, opens, highs, lows, volumes)
        self.instruments[ticker] = Instrument(ticker, SecurityType.EQUITY, _EQUITIES_CLOSE, bars)

    def index(self, ticker: str, closes: Prices) -> None:
        """An index, which nobody can trade; VIX's and SPX's bars arrive at 16:15, after the equities' at 16:00."""
        if ticker not in _INDICES_CLOSE:
            raise ValueError(f"lean_engine does not know the trading hours of the index {ticker}")
        bars = self._bars(ticker, closes, None, None, None, [0.0] * self.days)
        self.instruments[ticker] = Instrument(ticker, SecurityType.INDEX, _INDICES_CLOSE[ticker], bars)

    def future(
        self,
        ticker: str,
        closes: Prices,
        rolls: Sequence[int] = (),
        margin: float | None = None,
        opens: Prices | None = None,
    ) -> None:
        """A CME future (MES, MNQ), as a continuous contract that has no gap at its rolls.

        Args:
            ticker: the root.
            closes: of the continuous contract and of every contract it is mapped to, points.
            rolls: the days on which another contract is mapped.
            margin: initial margin a contract, dollars; by default the last that LEAN knows.
            opens: by default the close before.
        """
        bars = self._bars(ticker, closes, opens, None, None, None)
        initial = _INITIAL_MARGINS[ticker] if margin is None else margin
        kind, turns = SecurityType.FUTURE, tuple(sorted(rolls))
        self.instruments[ticker] = Instrument(ticker, kind, _FUTURES_CLOSE, bars, turns, _MULTIPLIERS[ticker], initial)

    def fundamentals(self, ticker: str, first_day: int = 0, **values: Any) -> None:
        """Fundamental data of an equity from a day on; keys are dotted paths such as `valuation_ratios.pe_ratio`."""
        refuse_unknown_paths(values)
        self.fundamental_values.setdefault(ticker, []).append((first_day, values))

    def custom(self, type_name: str, ticker: str, day: int, **fields: Any) -> None:
        """A data point of an alternative data set, known from the midnight at which that day begins."""
        self.custom_points.append(CustomPoint(type_name, ticker, day, fields))

    def fundamentals_on(self, ticker: str, day: int) -> dict[str, Any] | None:
        """What is known of a company on that day; None if nothing is."""
        known = [values for first, values in self.fundamental_values.get(ticker, []) if first <= day]
        return {key: value for values in known for key, value in values.items()} if known else None

    def _bars(
        self,
        ticker: str,
        closes: Prices,
        opens: Prices | None,
        highs: Prices | None,
        lows: Prices | None,
        volumes: Prices | None,
    ) -> list[DayBar | None]:
        for series in (closes, opens, highs, lows, volumes):
            if series is not None and len(series) != self.days:
                raise ValueError(f"{ticker}: {len(series)} values for a market of {self.days} days")
        bars: list[DayBar | None] = []
        before: float | None = None
        for index, close in enumerate(closes):
            if close is None:
                bars.append(None)
                continue
            start = _given(opens, index, close if before is None else before)
            high = _given(highs, index, max(start, close))
            low = _given(lows, index, min(start, close))
            bars.append(DayBar(start, high, low, close, _given(volumes, index, 1_000_000.0)))
            before = close
        return bars


def _given(series: Prices | None, index: int, default: float) -> float:
    value = None if series is None else series[index]
    return default if value is None else value
