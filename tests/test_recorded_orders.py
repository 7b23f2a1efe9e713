"""The fake of LEAN sizes, fills and charges the orders of a recorded grid search as LEAN did.

Recorded backtests of grid-72 are carried out, every third, or with RECORDED_ORDERS_EVERY=1 all 72 with their 5,566
orders, on the prices that stand in the recording: the last
close when an order was given and the open at which it filled, of every ticker in any of the backtests. That is 801
closes of three tickers in nine years, too few for the strategy's RSI, so the days on which it ordered are the recorded
ones; what the fake decides is all the rest. It sizes the 2,396 purchases at which the closes of all that was held are
known; the other 387 are given with their recorded quantity.

The strategy's signals are compared by `make replay-orders`, which needs LEAN's sample prices.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from lean_engine import Market, run_strategy
from recorded_orders import CAPITAL, Placed, RecordedRun, differences, placed, recorded_runs

TICKERS = ("SPY", "QQQ", "IWM")
_EVERY = int(os.environ.get("RECORDED_ORDERS_EVERY", "3"))
"""Of the 72 backtests; `make faults` takes all of them."""
WEIGHT = 0.96 / len(TICKERS)  # of the account, as the recorded strategy has it

ORDERS_AS_TOLD = """
import json

from AlgorithmImports import *


class OrdersAsTold(QCAlgorithm):
    def initialize(self):
        self.set_start_date(datetime.strptime(self.get_parameter("start_date"), "%Y-%m-%d"))
        self.set_end_date(datetime.strptime(self.get_parameter("end_date"), "%Y-%m-%d"))
        self.set_cash(float(self.get_parameter("initial_capital")))
        self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.MARGIN)
        self._told = json.loads(self.get_parameter("told"))
        for ticker in self.get_parameter("tickers").split("|"):
            self.add_equity(ticker, Resolution.DAILY)

    def on_data(self, data):
        for method, arguments in self._told.get(str(self.time.date()), []):
            getattr(self, method)(*arguments)
"""


@pytest.fixture(name="runs", scope="module")
def fixture_runs(unpacked: Callable[[str], Path]) -> list[RecordedRun]:
    return recorded_runs(unpacked("grid-72"))[::_EVERY]


def test_the_orders_of_recorded_backtests_are_sized_filled_and_charged_as_lean_did(
    runs: list[RecordedRun], tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(ORDERS_AS_TOLD, encoding="utf-8")
    market = _market(runs)
    known = {key for run in runs for key in run.closes}
    wrong, orders, sized = [], 0, 0
    for run in runs:
        told = _told(run.orders, known)
        parameters = {"told": json.dumps(told), "tickers": "|".join(TICKERS), "initial_capital": CAPITAL}
        result = run_strategy(tmp_path, market, parameters)
        wrong += differences(run.orders, placed(result, market))
        orders += len(run.orders)
        sized += sum(method == "set_holdings" for day in told.values() for method, _ in day)
        assert sum(order.fee for order in result.orders) == sum(run.trade_fees)
        assert result.held == {}
        assert result.equity == pytest.approx(run.final_equity, abs=0.0001)
    assert wrong == []
    expected = {1: (72, 5566, 2396), 3: (24, 1720, 725)}
    assert (len(runs), orders, sized) == expected[_EVERY]


@pytest.mark.parametrize(
    "change",
    [
        {"ticker": "QQQ"},
        {"day": date(2020, 1, 3)},
        {"fill_day": None},
        {"quantity": 2},
        {"price": 10.01},
        {"tag": "Liquidated"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_order_that_differs_in_anything_is_a_difference(change: dict[str, object]) -> None:
    order = Placed("SPY", date(2020, 1, 2), date(2020, 1, 3), 1, 10.0, "")
    other = dataclasses.replace(order, **change)  # type: ignore[arg-type]
    assert differences([order, order], [order, other]) == [(order, other)]
    assert differences([order], [order, order]) == [(None, order)]


def _market(runs: Sequence[RecordedRun]) -> Market:
    """The recorded trading days, with a bar on those whose close or open some backtest tells."""
    days = sorted(set().union(*(run.trading_days for run in runs)))
    between = [days[0] + timedelta(each) for each in range((days[-1] - days[0]).days)]
    market = Market(len(days), days[0].isoformat(), sorted(set(between) - set(days)))
    closes = {key: price for run in runs for key, price in run.closes.items()}
    opens = {(order.ticker, order.fill_day): order.price for run in runs for order in run.orders}
    for ticker in TICKERS:
        keys = [(ticker, day) for day in days]
        market.equity(
            ticker,
            closes=[closes.get(key, opens.get(key)) for key in keys],
            opens=[opens.get(key, closes.get(key)) for key in keys],
        )
    return market


def _told(orders: Sequence[Placed], known: set[tuple[str, date]]) -> dict[str, list[tuple[str, list[object]]]]:
    """What the strategy does by day: a method and its arguments."""
    told = defaultdict(list)
    for order in orders:
        held = {each.ticker for each in orders if _is_held(each, orders, order.day)}
        if order.quantity < 0:
            call: tuple[str, list[object]] = ("liquidate", [order.ticker])
        elif all((ticker, order.day) in known for ticker in held):
            call = ("set_holdings", [order.ticker, WEIGHT])
        else:
            call = ("market_on_open_order", [order.ticker, order.quantity])
        told[order.day.isoformat()].append(call)
    return dict(told)


def _is_held(order: Placed, orders: Sequence[Placed], day: date) -> bool:
    """Whether something of the order's ticker is held at that day's end."""
    done = [each.quantity for each in orders if each.ticker == order.ticker and each.fill_day and each.fill_day <= day]
    return sum(done) != 0
