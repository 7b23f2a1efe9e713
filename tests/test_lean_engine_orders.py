"""Sizes, fills, fees and buying power of stock orders are those of LEAN."""

from __future__ import annotations

import textwrap

import pytest

from lean_engine import flat
from lean_engine_bench import BUYS_ONCE, NOON, Run, barred, fed, fixture_run, ordering, spy  # noqa: F401


@pytest.mark.parametrize("order", ["market_order", "market_on_open_order"])
def test_an_order_fills_at_the_next_bars_open(run: Run, order: str) -> None:
    market = spy([100, None, 104, 105], opens=[99, None, 103, 104])
    result = run(market, ordering(f"self.{order}(self._symbol, 3, tag='why')"))
    (filled,) = result.orders
    assert (filled.day, filled.fill_day, filled.price, filled.fee) == (0, 2, 103, 1)
    assert (filled.ticker, filled.quantity, filled.tag, filled.status) == ("SPY", 3, "why", "filled")
    assert result.held == {"SPY": 3}
    assert result.cash == 1000 - 3 * 103 - 1
    assert result.equity == result.cash + 3 * 105


def test_a_bar_filled_forward_fills_no_order(run: Run) -> None:
    market = spy(flat(100, 3))
    market.equity("QQQ", closes=[50, None, 52], opens=[50, None, 51])
    body = ordering("self.market_order('QQQ', 1)")
    (order,) = run(market, body, "self.add_equity('QQQ', Resolution.DAILY)").orders
    assert (order.fill_day, order.price) == (2, 51)


def test_a_slippage_worsens_purchases_and_sales_of_securities_added_after_it(run: Run) -> None:
    market = spy(flat(100, 5))
    market.equity("QQQ", closes=flat(50, 5))
    start = """
    self.add_security_initializer(lambda security: security.set_slippage_model(ConstantSlippageModel(0.01)))
    self.add_equity("QQQ", Resolution.DAILY)
    """
    body = """
    def on_data(self, data):
        for symbol in ("SPY", "QQQ"):
            self.market_order(symbol, -1 if self.portfolio[symbol].invested else 1)
    """
    orders = run(market, body, start).orders
    assert [(each.ticker, each.quantity, each.price) for each in orders[:4]] == [
        ("SPY", 1, 100), ("QQQ", 1, 50.5), ("SPY", -1, 100), ("QQQ", -1, 49.5),
    ]  # fmt: skip


def test_an_order_of_the_last_day_stays_open(run: Run) -> None:
    (order,) = run(spy([100]), ordering("self.market_order(self._symbol, 3)")).orders
    assert (order.fill_day, order.price, order.status) == (None, None, "submitted")


@pytest.mark.parametrize(
    ("quantity", "price", "fee"),
    [
        (1, 100, 1.0),  # the least, also above 0.5 % of the value
        (200, 10, 1.0),
        (1000, 10, 5.0),  # half a cent a share
        (1000, 0.5, 2.5),  # 0.5 % of the value
    ],
)
def test_interactive_brokers_fee(run: Run, quantity: int, price: float, fee: float) -> None:
    market = spy(flat(price, 3))
    body = ordering(f"self.market_order(self._symbol, {quantity})")
    (order,) = run(market, body, parameters={"initial_capital": "100000"}).orders
    assert order.fee == pytest.approx(fee)


@pytest.mark.parametrize(
    ("part", "price", "quantity"),
    [
        (1.0, 100, 9),  # 997.50 - 1 fee pays nine
        (0.5, 100, 4),
        (0.5, 498.75, 0),  # 498.75 is its part, the fee does not fit any more
        (0.5, 498.25, 1),
        (-0.5, 100, -4),
        (2.0, 100, 19),  # borrowed
        (0.0005, 0.1, 0),  # less than LEAN's smallest change, 0.1 % of the account
    ],
)
def test_set_holdings_orders_whole_shares_within_the_part(run: Run, part: float, price: float, quantity: int) -> None:
    order = f"self.set_holdings(self._symbol, {part})"
    body = ordering(f"self.log(self.calculate_order_quantity(self._symbol, {part})); {order}")
    result = run(spy(flat(price, 3)), body)
    assert result.logs == [f"{float(quantity)}"]
    assert [order.quantity for order in result.orders] == ([quantity] if quantity else [])


def test_the_first_order_that_the_real_engine_gave_in_a_recorded_run(run: Run) -> None:
    # recordings/grid-72: IWM, 32 % of $5,000.
    market = spy([68.850435285, 69.5], opens=[68.850435285, 69.447836025])
    (order,) = run(
        market, ordering("self.set_holdings(self._symbol, 0.32)"), parameters={"initial_capital": "5000"}
    ).orders
    assert (order.quantity, order.price, order.fee) == (23, 69.447836025, 1)


def test_set_holdings_counts_what_is_held_and_ordered(run: Run) -> None:
    body = """
    def on_data(self, data):
        self.set_holdings(self._symbol, 0.5 if self.time.day < 8 else 0.2)
        if self.time.day == 2:
            self.set_holdings(self._symbol, 0.5)
    """
    assert [order.quantity for order in run(spy(flat(100, 6)), body).orders] == [4, -3]


def test_liquidate_cancels_what_waits_and_closes_what_is_held(run: Run) -> None:
    body = """
    def on_data(self, data):
        if self.time.day == 2:
            self.market_order(self._symbol, -3)
        elif self.time.day == 3:
            self.market_order(self._symbol, -2)
            self.liquidate(self._symbol, tag="out")
            self._seen.append(len(self.transactions.get_open_orders(self._symbol)))
    """
    result = run(spy(flat(100, 4)), body)
    told = [(order.quantity, order.tag, order.status) for order in result.orders]
    assert told == [(-3, "", "filled"), (-2, "out", "canceled"), (3, "out", "filled")]
    assert result.held == {}
    assert result.algorithm._seen == [1]


def test_a_holding_knows_its_average_price_and_gain(run: Run) -> None:
    body = """
    def on_data(self, data):
        holding = self.portfolio[self._symbol]
        self._seen.append((holding.quantity, holding.average_price, holding.unrealized_profit))
        self.market_order(self._symbol, {2: 2, 3: 4, 6: -7}.get(self.time.day, 0) or 1)
    """
    market = spy([100, 100, 110, 120, 130], opens=[100, 90, 105, 120, 130])
    seen = run(market, body, parameters={"initial_capital": "10000"}).algorithm._seen
    # What closing would bring, less its fee of a dollar.
    assert seen[:4] == [(0, 0, 0), (2, 90, 19), (6, 100, 59), (-1, 120, -1)]


def test_a_short_position_gains_when_the_price_falls(run: Run) -> None:
    body = """
    def on_data(self, data):
        if not self.portfolio.invested and self.time.day == 2:
            self.market_order(self._symbol, -5)
        elif self.portfolio[self._symbol].is_short:
            self.liquidate()
    """
    result = run(spy([100, 100, 80, 80], opens=[100, 100, 80, 80]), body)
    assert [order.quantity for order in result.orders] == [-5, 5]
    assert result.cash == 1000 + 5 * 20 - 2


def test_an_order_beyond_twice_the_account_is_invalid(run: Run) -> None:
    result = run(spy(flat(100, 3)), ordering("self.market_order(self._symbol, 20)"))
    assert [(order.status, order.fill_day, order.fee) for order in result.orders] == [("invalid", None, 0)]
    assert "Insufficient buying power" in result.logs[0]
    assert result.cash == 1000
    (order,) = run(spy(flat(100, 3)), ordering("self.market_order(self._symbol, 19)")).orders
    assert order.status == "filled"


def test_buying_power_is_looked_at_again_when_an_order_fills(run: Run) -> None:
    body = ordering("self.market_order(self._symbol, 15); self.market_order(self._symbol, 15)")
    assert [order.status for order in run(spy(flat(100, 3)), body).orders] == ["filled", "invalid"]


def test_turning_a_position_round_frees_its_margin(run: Run) -> None:
    body = """
    def on_data(self, data):
        self.market_order(self._symbol, 10 if self.time.day == 2 else -25)
    """
    # After the first fill: 999 dollars, 500 in use; closing frees 500, and 500 more may be sold short for it.
    assert [order.status for order in run(spy(flat(100, 3)), body).orders[:2]] == ["filled", "filled"]


def test_order_events_are_told(run: Run) -> None:
    body = ordering("self.market_order(self._symbol, 2)") + textwrap.dedent("""
    def on_order_event(self, order_event):
        self._seen.append((order_event.status.name, order_event.fill_quantity, self.portfolio[self._symbol].quantity))
    """)
    assert run(spy(flat(100, 2)), body).algorithm._seen == [("SUBMITTED", 0, 0), ("FILLED", 2, 2)]
