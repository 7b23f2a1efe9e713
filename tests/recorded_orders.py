"""The orders of a recorded grid search, and what of the prices it ran on stands beside them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lean_engine import Market, RunResult

CAPITAL = "5000"
"""Dollars, the default of the recorded strategy."""


@dataclass(frozen=True)
class Placed:
    """An order as LEAN or its fake carried it out; days are New York's, the price is dollars."""

    ticker: str
    day: date
    fill_day: date | None
    quantity: int
    price: float | None
    tag: str


@dataclass(frozen=True)
class RecordedRun:
    """One backtest of a recording; money is dollars."""

    parameters: dict[str, str]
    orders: list[Placed]
    closes: dict[tuple[str, date], float]
    """By ticker and day, adjusted: the last price when an order was given."""
    trading_days: set[date]
    trade_fees: list[float]
    """Of each closed trade, for both of its orders."""
    final_equity: float


def recorded_runs(recording: Path) -> list[RecordedRun]:
    """Every backtest of an unpacked recording, in the order of their ids."""
    results = [each for each in sorted(recording.glob("output/*/*.json")) if each.stem == each.parent.name]
    return [_run(json.loads(each.read_text(encoding="utf-8"))) for each in results]


def placed(result: RunResult, market: Market) -> list[Placed]:
    """The orders of a run of the fake."""
    return [
        Placed(
            each.ticker,
            market.day(each.day).date(),
            None if each.fill_day is None else market.day(each.fill_day).date(),
            each.quantity,
            each.price,
            each.tag,
        )
        for each in result.orders
    ]


def differences(recorded: Sequence[Placed], made: Sequence[Placed]) -> list[tuple[Placed | None, Placed | None]]:
    """The orders, recorded and made, that are not the same in everything; None where one side has no more."""
    return [(theirs, ours) for theirs, ours in itertools.zip_longest(recorded, made) if theirs != ours]


def _run(result: dict[str, Any]) -> RecordedRun:
    given = sorted(result["orders"].values(), key=lambda order: int(order["id"]))
    orders = [_placed(order) for order in given]
    equity = result["charts"]["Strategy Equity"]["series"]["Equity"]["values"]
    moments = [datetime.fromtimestamp(point[0], UTC) for point in equity]
    return RecordedRun(
        parameters=result["algorithmConfiguration"]["parameters"],
        orders=orders,
        closes={
            (order["symbol"]["value"], _day(order["time"])): order["orderSubmissionData"]["lastPrice"]
            for order in given
        },
        # The equity is recorded at New York's midnights, of holidays too, and at most sessions' ends, 13:00 or 16:00.
        trading_days={moment.date() for moment in moments if moment.hour >= 17} | {order.day for order in orders},
        trade_fees=[trade["totalFees"] for trade in result["totalPerformance"]["closedTrades"]],
        final_equity=equity[-1][-1],
    )


def _placed(order: dict[str, Any]) -> Placed:
    return Placed(
        order["symbol"]["value"],
        _day(order["time"]),
        _day(order["lastFillTime"]),
        int(order["quantity"]),
        order["price"],
        order["tag"],
    )


def _day(moment: str) -> date:
    """Of a moment in UTC; a session's end is on the same day in New York."""
    return datetime.fromisoformat(moment).date()
