"""Orders, margins and rolls of futures are those of LEAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lean_engine import Market, flat
from lean_engine.errors import NotCarriedOutError
from lean_engine_bench import BUYS_ONCE, NOON, Run, barred, fed, fixture_run, ordering, spy  # noqa: F401


def futures(closes: Sequence[float | None], rolls: Sequence[int] = (), **more: Any) -> Market:
    market = spy(flat(100, len(closes)))
    market.future("MES", closes=closes, rolls=rolls, **more)
    return market


ADDS_MES = 'self._future = self.add_future("MES", Resolution.DAILY, fill_forward=False)\nself._es = self._future.symbol'
ON_MES = """
def on_data(self, data):
    if self._es in data.bars and not self._done:
        self._done = True
        {}
"""


def test_a_futures_order_fills_at_the_close_at_which_it_is_given(run: Run) -> None:
    body = ON_MES.format("self.market_order(self._future.mapped, 1)")
    result = run(
        futures([3000, 3010, 3020], opens=[2990, 3000, 3010]), body, ADDS_MES, parameters={"initial_capital": "5000"}
    )
    (order,) = result.orders
    assert (order.day, order.fill_day, order.price) == (0, 0, 3000)
    assert order.fee == pytest.approx(0.57)
    # Five dollars a point; an open future counts less the fee of closing it.
    assert result.equity == pytest.approx(5000 + 5 * 20 - 2 * 0.57)


def test_a_futures_order_given_before_its_bar_fills_at_that_bars_close(run: Run) -> None:
    body = """
    def on_data(self, data):
        if self.time.day == 3 and self._symbol in data:
            self.market_order(self._future.mapped, 1)
    """
    market = futures([3000, 3010, 3020], opens=[2990, 3000, 3015])
    (order,) = run(market, body, ADDS_MES, parameters={"initial_capital": "5000"}).orders
    assert (order.day, order.fill_day, order.price) == (1, 1, 3010)


def test_the_profit_of_a_future_is_counted_once(run: Run) -> None:
    body = """
    def on_data(self, data):
        if self._es in data:
            self.market_order(self._future.mapped, {2: 1, 3: 1, 6: -1, 7: 1}[self.time.day])
    """
    result = run(futures([3000, 3010, 3020, 3030]), body, ADDS_MES, parameters={"initial_capital": "9000"})
    assert [order.quantity for order in result.orders] == [1, 1, -1, 1]
    points = (3030 - 3000) + (3030 - 3010) - (3030 - 3020)  # of each contract since its order, up to the last close
    assert result.equity == pytest.approx(9000 + 5 * points - 4 * 0.57 - 2 * 0.57)


def test_a_margin_call_ends_the_test(run: Run) -> None:
    body = ON_MES.format("self.market_order(self._future.mapped, 1)")
    market = futures([3000, 2800, 2800], margin=1500)
    with pytest.raises(NotCarriedOutError, match="call margin"):
        run(market, body, ADDS_MES, parameters={"initial_capital": "1600"})


@pytest.mark.parametrize(("capital", "status"), [("1500", "invalid"), ("1501", "filled")])
def test_a_contract_takes_its_margin(run: Run, capital: str, status: str) -> None:
    body = ON_MES.format("self.market_order(self._future.mapped, 1)")
    market = futures(flat(3000, 3), margin=1500)
    (order,) = run(market, body, ADDS_MES, parameters={"initial_capital": capital}).orders
    assert order.status == status


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("self.market_on_open_order(self._future.mapped, 1)", "MarketOnOpen orders not supported"),
        ("self.set_holdings(self._future.mapped, 1)", "MarketOnOpen orders not supported"),  # the exchange has closed
        ("self.market_order(self._es, 1)", "non-tradable"),
    ],
)
def test_orders_that_lean_refuses_for_futures(run: Run, order: str, reason: str) -> None:
    result = run(futures(flat(3000, 3)), ON_MES.format(order), ADDS_MES, parameters={"initial_capital": "5000"})
    assert result.orders == []
    assert reason in result.logs[-1]


def test_a_roll_is_told_and_the_old_contract_can_be_left_at_the_open(run: Run) -> None:
    body = """
    def on_data(self, data):
        for symbol, change in data.symbol_changed_events.items():
            self._seen.append((self.time, symbol.value, change.old_symbol, change.new_symbol))
            self.liquidate(change.old_symbol)
        if self._es in data.bars and not self._done:
            self._done = True
            self.market_order(self._future.mapped, -1)
    """
    market = futures([3000, 2990, 2980, 2970], rolls=[2], opens=[3000, 2995, 2985, 2975])
    result = run(market, body, ADDS_MES, parameters={"initial_capital": "5000"})
    entry, leave = result.orders
    ((time, symbol, old, new),) = result.algorithm._seen
    assert (time, symbol, old) == (market.day(2), "MES", entry.ticker)
    assert new == result.algorithm._future.mapped.value != old
    assert (leave.ticker, leave.quantity, leave.fill_day, leave.price) == (entry.ticker, 1, 2, 2985)
    assert result.cash == pytest.approx(5000 + 5 * 15 - 2 * 0.57)


def test_a_contract_that_is_held_past_its_expiry_ends_the_test(run: Run) -> None:
    body = ON_MES.format("self.market_order(self._future.mapped, 1)")
    with pytest.raises(NotCarriedOutError, match="beyond its expiry"):
        run(futures(flat(3000, 30), rolls=[2]), body, ADDS_MES, parameters={"initial_capital": "5000"})
