"""The fake of LEAN that strategies are tested with: its surface is LEAN's, and it counts as LEAN does."""

from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lean_engine import Market, RunResult, flat, ramp, run_strategy
from lean_engine.constants import MovingAverageType, Resolution, enumeration
from lean_engine.data import TradeBar
from lean_engine.indicators import (
    AverageTrueRange,
    BollingerBands,
    DonchianChannel,
    ExponentialMovingAverage,
    Indicator,
    Maximum,
    Minimum,
    MomentumPercent,
    MovingAverageConvergenceDivergence,
    RateOfChange,
    RelativeStrengthIndex,
    RollingWindow,
    SimpleMovingAverage,
    StandardDeviation,
)
from lean_engine.stubs import stub_class
from lean_engine.surface import StubBacked
from lean_engine.symbols import Symbol

Run = Callable[..., RunResult]
NOON = datetime(2020, 1, 1, 12)

# The order goes out at the close of the first day on which SPY has a bar.
BUYS_ONCE = """
    def on_data(self, data):
        if not self.is_warming_up and data.bars.contains_key(self._symbol) and not self._done:
            self._done = True
            {order}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a strategy given as the lines of its class; `initialize` opens the account and adds SPY."""

    def go(market: Market, body: str = "", start: str = "", **options: Any) -> RunResult:
        head = """
        from AlgorithmImports import *

        class Made(QCAlgorithm):
            def initialize(self):
                self.set_start_date(datetime.strptime(self.get_parameter("start_date"), "%Y-%m-%d"))
                self.set_end_date(datetime.strptime(self.get_parameter("end_date"), "%Y-%m-%d"))
                self.set_cash(float(self.get_parameter("initial_capital")))
                self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.MARGIN)
                self._symbol = self.add_equity("SPY", Resolution.DAILY, fill_forward=False).symbol
                self._done = False
                self._seen = []
        """
        lines = textwrap.indent(textwrap.dedent(start).strip("\n"), "        ")
        source = textwrap.dedent(head) + lines + "\n" + textwrap.indent(textwrap.dedent(body), "    ")
        (tmp_path / "main.py").write_text(source, encoding="utf-8")
        return run_strategy(tmp_path, market, **options)

    return go


def spy(closes: Sequence[float | None], **more: Any) -> Market:
    market = Market(days=len(closes))
    market.equity("SPY", closes=closes, **more)
    return market


def ordering(order: str) -> str:
    return textwrap.dedent(BUYS_ONCE.format(order=order))


def fed(indicator: Indicator, values: Sequence[float]) -> list[float]:
    """The indicator's value after each of the values."""
    shown = []
    for day, value in enumerate(values):
        indicator.update(NOON + timedelta(days=day), value)
        shown.append(indicator.current.value)
    return shown


def barred(indicator: Indicator, bars: Sequence[tuple[float, float, float]]) -> list[float]:
    """The indicator's value after each bar of high, low and close."""
    shown = []
    for day, (high, low, close) in enumerate(bars):
        begin = NOON + timedelta(days=day)
        indicator.update(TradeBar(Symbol("SPY"), begin, begin + timedelta(hours=1), (low, high, low, close), 1))
        shown.append(indicator.current.value)
    return shown


# --- the surface


def public_names(kind: type) -> set[str]:
    lineage = [each for each in kind.__mro__ if each not in (object, StubBacked)]
    return {name for each in lineage for name in vars(each) if not name.startswith("_")}


def descendants(kind: type[StubBacked]) -> list[type[StubBacked]]:
    return [each for child in kind.__subclasses__() for each in (child, *descendants(child))]


API = sorted({each for each in descendants(StubBacked) if "_stub" in vars(each)}, key=lambda each: each.__name__)


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.__name__) for kind in API])
def test_the_fake_has_nothing_that_lean_does_not_have(kind: type[StubBacked]) -> None:
    stub = stub_class(kind._stub)
    assert stub is not None
    assert {name for name in public_names(kind) if stub.find(name) is None} == set()


def test_constants_are_leans() -> None:
    assert (Resolution.DAILY, MovingAverageType.WILDERS) == (4, 2)
    assert enumeration("QuantConnect.Brokerages.BrokerageName").INTERACTIVE_BROKERS_BROKERAGE == 2
    with pytest.raises(AttributeError):
        _ = Resolution.WEEKLY


@pytest.mark.parametrize(
    "call",
    [
        "self.set_holdings(self._symbol, 0.5, reason='x')",
        "self.rsi(self._symbol, 14, Resolution.DAILY)",  # the average's type comes first
        "self.sma(self._symbol, 20.0, Resolution.DAILY)",
        "self.sma(self._symbol, Resolution.DAILY)",  # an enumeration's member is no number
        "self.set_holdings('SPY')",  # nor is a text a list of targets
        "self.market_order(self._symbol)",
        "self.market_order(self._symbol, '10')",
        "self.set_warm_up(10, 'daily')",
        "self.bb(self._symbol, 20, 2, Resolution.DAILY, MovingAverageType.SIMPLE)",
        "BollingerBands(20)",
        "ExponentialMovingAverage(length=3)",
    ],
)
def test_arguments_that_lean_does_not_take_are_refused(run: Run, call: str) -> None:
    with pytest.raises(TypeError, match="no overload of"):
        run(spy(flat(100, 3)), start=call)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("self.history(self._symbol, 10, Resolution.DAILY)", r"QCAlgorithm\.history"),
        ("self.schedule.on()", r"QCAlgorithm\.schedule"),
        ("self.portfolio.cash_book", r"SecurityPortfolioManager\.cash_book"),
        ("self.securities[self._symbol].fee_model = None", r"Equity\.fee_model"),
        ("self.add_equity('QQQ', Resolution.MINUTE)", "daily data only"),
        ("self.rsi(self._symbol, 9, MovingAverageType.HULL)", "MovingAverageType.HULL"),
        ("ConstantFeeModel(1)", "ConstantFeeModel"),
        ("Field.BID_CLOSE", r"Field\.BID_CLOSE"),
        ("self.rsi = None", r"self\.rsi"),
        ("self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.CASH)", "margin account"),
        ("self.set_holdings([PortfolioTarget(self._symbol, 1)])", "PortfolioTarget"),
    ],
)
def test_what_lean_has_and_the_fake_does_not_carry_out_says_so(run: Run, call: str, name: str) -> None:
    with pytest.raises(NotImplementedError, match=name):
        run(spy(flat(100, 3)), start=call)


def test_an_event_that_the_fake_would_not_call_is_refused(run: Run) -> None:
    with pytest.raises(NotImplementedError, match="on_end_of_day"):
        run(spy(flat(100, 3)), "def on_end_of_day(self, symbol): pass")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("self.set_stop_loss(0.1)", AttributeError),
        ("self.portfolio.total_value", AttributeError),
        ("self.sma(self._symbol, 3, Resolution.DAILY).value", AttributeError),
        ("BrokerageName.IB", AttributeError),
        ("Field.CLOSES", AttributeError),
        ("NoSuchThing", NameError),
    ],
)
def test_what_lean_does_not_have_is_missing(run: Run, call: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        run(spy(flat(100, 3)), start=call)


def test_the_import_brings_what_leans_brings(run: Run) -> None:
    result = run(
        spy(flat(100, 3)), start="self.log((datetime, timedelta, date, math.pi > 3, List, Futures.Indices.VIX))"
    )
    assert "VX" in result.logs[0]


# --- runs


def test_nothing_of_a_run_reaches_the_next_or_stays_behind(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("main", "AlgorithmImports"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    body = """
    COUNT = []

    def on_data(self, data):
        self.COUNT.append(1)
        self._seen.append(len(self.COUNT))
    """
    path = list(sys.path)
    runs = [run(spy(flat(100, 3)), body).algorithm._seen for _ in range(2)]
    assert runs == [[1, 2, 3], [1, 2, 3]]
    assert {"main", "AlgorithmImports"} & set(sys.modules) == set()
    assert sys.path == path


def test_modules_of_the_same_name_are_put_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "main", sys)
    run(spy(flat(100, 3)))
    assert sys.modules["main"] is sys


def test_an_error_of_the_strategy_passes_through(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        run(spy(flat(100, 3)), "def on_data(self, data): 1 / 0")


def test_the_warm_up_hands_over_the_days_before_the_first_and_takes_no_order(run: Run) -> None:
    body = """
    def on_data(self, data):
        self._seen.append((self.time.date(), self.is_warming_up, self._average.is_ready))
        self.market_order(self._symbol, 1)

    def on_warmup_finished(self):
        self._seen.append("finished")
    """
    start = "self._average = self.sma(self._symbol, 3, Resolution.DAILY)\nself.set_warm_up(2, Resolution.DAILY)"
    market = spy(flat(100, 7))
    result = run(market, body, start, first_day=5)
    assert result.algorithm._seen == [
        (market.day(3).date(), True, False),
        (market.day(4).date(), True, False),
        "finished",
        (market.day(5).date(), False, True),
        (market.day(6).date(), False, True),
    ]
    assert [order.day for order in result.orders] == [5, 6]
    assert sum("not allowed in Initialize or during warm up" in line for line in result.logs) == 2


def test_indicators_know_the_bar_before_the_strategy_does(run: Run) -> None:
    body = """
    def on_data(self, data):
        self._seen.append((self._sma.current.value, self._sma.previous.value, data[self._symbol].close))
    """
    result = run(spy([10, 20, 30]), body, "self._sma = self.sma(self._symbol, 1, Resolution.DAILY)")
    assert result.algorithm._seen == [(10, 0, 10), (20, 10, 20), (30, 20, 30)]


@pytest.mark.parametrize("again", [True, False])
def test_a_day_without_a_bar_is_filled_forward_only_on_demand(run: Run, again: bool) -> None:
    body = """
    def on_data(self, data):
        bar = data.bars.get("QQQ")
        self._seen.append(bar and (bar.close, bar.volume, bar.is_fill_forward, self._count.samples))
    """
    start = f"""
        qqq = self.add_equity("QQQ", Resolution.DAILY, fill_forward={again}).symbol
        self._count = self.sma(qqq, 1, Resolution.DAILY)
    """
    market = spy(flat(100, 3))
    market.equity("QQQ", closes=[50, None, 52])
    repeated = (50, 0, True, 2) if again else None
    last = (52, 1_000_000, False, 3 if again else 2)
    assert run(market, body, start).algorithm._seen == [(50, 1_000_000, False, 1), repeated, last]


def test_a_moment_without_data_is_passed_over(run: Run) -> None:
    body = "def on_data(self, data): self._seen.append(self.time.date())"
    market = spy([100, None, 100])
    assert run(market, body).algorithm._seen == [market.day(0).date(), market.day(2).date()]


def test_an_index_comes_after_the_stocks_of_its_day_and_cannot_be_traded(run: Run) -> None:
    body = """
    def on_data(self, data):
        self._seen.append((str(self.time.time()), [symbol.value for symbol in data.keys()]))
        self.market_order(self._vix, 1)
    """
    market = spy(flat(100, 1))
    market.index("VIX", closes=[20])
    result = run(market, body, 'self._vix = self.add_index("VIX", Resolution.DAILY).symbol')
    assert result.algorithm._seen == [("16:00:00", ["SPY"]), ("16:15:00", ["VIX"])]
    assert result.orders == []
    assert "non-tradable" in result.logs[1]


def test_an_index_whose_hours_are_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="hours of the index HSI"):
        Market(days=1).index("HSI", closes=[1])


def test_holidays_are_no_days() -> None:
    market = Market(days=3, first="2014-01-02", holidays=[date(2014, 1, 3)])
    assert [market.day(index).day for index in range(3)] == [2, 6, 7]


# --- orders


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


# --- futures


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
    with pytest.raises(NotImplementedError, match="call margin"):
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
    with pytest.raises(NotImplementedError, match="beyond its expiry"):
        run(futures(flat(3000, 30), rolls=[2]), body, ADDS_MES, parameters={"initial_capital": "5000"})


# --- universes, fundamentals, other data

SELECTS = """
def choose(self, fundamentals):
    good = [each for each in fundamentals if each.operation_ratios.roe.value > 0.1]
    return [each.symbol for each in sorted(good, key=lambda each: each.dollar_volume, reverse=True)[:1]]

def on_securities_changed(self, changes):
    added = [each.symbol.value for each in changes.added_securities]
    removed = [each.symbol.value for each in changes.removed_securities]
    self._seen.append((self.time.day, added, removed))
"""


def test_a_universe_is_chosen_before_the_days_data(run: Run) -> None:
    market = spy(flat(100, 4))
    market.equity("AAA", closes=flat(10, 4))
    market.equity("BBB", closes=flat(20, 4))
    market.fundamentals("AAA", first_day=0, **{"operation_ratios.roe.value": 0.2})
    market.fundamentals("BBB", first_day=2, **{"operation_ratios.roe.value": 0.3})
    body = SELECTS + textwrap.dedent("""
    def on_data(self, data):
        self._seen.append(sorted(symbol.value for symbol in data.keys()))
    """)
    start = "self.universe_settings.resolution = Resolution.DAILY\nself.add_universe(self.choose)"
    assert run(market, body, start).algorithm._seen == [
        (2, ["SPY"], []),
        ["SPY"],
        (3, ["AAA"], []),  # known from the bar of the day before
        ["AAA", "SPY"],
        (6, ["BBB"], ["AAA"]),
        ["BBB", "SPY"],
        ["BBB", "SPY"],
    ]


def test_fundamentals_that_are_not_given_are_missing(run: Run) -> None:
    body = """
    def on_data(self, data):
        known = self.securities[self._symbol].fundamentals
        self._seen.append((known.price, known.has_fundamental_data, known.valuation_ratios.pe_ratio))
        self._seen.append(known.operation_ratios.roe.one_year)
    """
    market = spy(flat(100, 2))
    market.fundamentals("SPY", first_day=1, **{"valuation_ratios.pe_ratio": 15.0})
    (first, roe, second, _) = run(market, body).algorithm._seen
    assert first[:2] == (100, False)
    assert second == (100, True, 15)
    assert math.isnan(first[2])
    assert math.isnan(roe)


def test_a_fundamental_figure_that_lean_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"valuation_ratios\.roe"):
        Market().fundamentals("SPY", first_day=0, **{"valuation_ratios.roe": 15.0})


def test_an_alternative_data_set_feeds_a_universe(run: Run) -> None:
    body = """
    def note(self, reports):
        self._seen += [(self.time.day, each.symbol.value, each.estimate, each.report_date.day) for each in reports]
        return Universe.UNCHANGED
    """
    market = spy(flat(100, 3))
    market.custom("EODHDUpcomingEarnings", "SPY", day=1, estimate=1.5, report_date=market.day(2))
    start = "self.add_universe(EODHDUpcomingEarnings, self.note)"
    assert run(market, body, start).algorithm._seen == [(3, "SPY", 1.5, 6)]
    with pytest.raises(NameError):
        run(market, body, start, without=["EODHDUpcomingEarnings"])


def test_an_alternative_data_set_can_be_subscribed(run: Run) -> None:
    body = """
    def on_data(self, data):
        points = data.get(EODHDUpcomingEarnings)
        self._seen.append((self.time.hour, [point.estimate for point in points.values()], self._report in data))
    """
    market = spy(flat(100, 2))
    market.custom("EODHDUpcomingEarnings", "SPY", day=1, estimate=1.5)
    start = "self._report = self.add_data(EODHDUpcomingEarnings, 'SPY').symbol"
    assert run(market, body, start).algorithm._seen == [(16, [], False), (0, [1.5], True), (16, [], False)]


def test_an_indicator_is_warmed_up_with_the_bars_before(run: Run) -> None:
    body = """
    def on_data(self, data):
        if self.time.day == 7:
            made = SimpleMovingAverage(3)
            self.warm_up_indicator(self._symbol, made, Resolution.DAILY)
            self._seen.append((made.is_ready, made.current.value))
    """
    assert run(spy([10, 20, 30, 40, 50]), body).algorithm._seen == [(True, 30)]


# --- indicators


def test_simple_moving_average() -> None:
    assert fed(SimpleMovingAverage(3), [1, 2, 3, 7]) == [1, 1.5, 2, 4]


def test_exponential_moving_average_starts_at_the_simple_one() -> None:
    average = ExponentialMovingAverage(3)
    assert fed(average, [1, 2]) == [0, 0]
    assert not average.is_ready
    assert fed(average, [3, 6]) == [2, 4]


def test_relative_strength_index_of_wilder() -> None:
    # Gains 1, 0, 1.5 and losses 0, 0.5, 0 over three days; then a loss of 1 smoothed by a third.
    index = RelativeStrengthIndex(3)
    shown = fed(index, [10, 11, 10.5, 12, 11])
    assert shown[3] == pytest.approx(100 - 100 / (1 + 2.5 / 0.5))
    gain, loss = 2.5 / 3 * 2 / 3, 0.5 / 3 * 2 / 3 + 1 / 3
    assert shown[4] == pytest.approx(100 - 100 / (1 + gain / loss))


def test_relative_strength_index_is_ready_a_day_after_its_period_and_100_without_a_loss() -> None:
    index = RelativeStrengthIndex(2)
    fed(index, [1, 2])
    assert not index.is_ready
    assert fed(index, [3]) == [100]
    assert index.is_ready
    assert index.warm_up_period == 3


def test_bollinger_bands() -> None:
    bands = BollingerBands(2, 2)
    assert fed(bands, [1, 3]) == [1, 3]  # its own value is the price
    assert (bands.lower_band.current.value, bands.middle_band.current.value) == (0, 2)
    assert (bands.upper_band.current.value, bands.standard_deviation.current.value) == (4, 1)
    assert bands.percent_b.current.value == 0.75


def test_macd() -> None:
    # The averages of 2 and 3 values lag half a step and a whole one behind a line.
    macd = MovingAverageConvergenceDivergence(2, 3, 2)
    fed(macd, [0, 1, 2])
    assert (macd.current.value, macd.is_ready) == (0.5, False)
    fed(macd, [3, 10])
    # Fast: 0.5, 1.5, 2.5, 7.5; slow: 1, 2, 6; difference: 0.5, 0.5, 1.5; signal: mean 0.5, then two thirds of the way.
    assert macd.fast.current.value == pytest.approx(7.5)
    assert macd.slow.current.value == 6
    assert macd.signal.current.value == pytest.approx(0.5 + 2 / 3)
    assert macd.histogram.current.value == pytest.approx(1 / 3)


def test_average_true_range() -> None:
    bars = [(11.0, 9.0, 10.0), (14.0, 12.0, 13.0), (13.0, 12.0, 12.0)]  # ranges 2, 4 (from 10), 1
    wilder = AverageTrueRange(2, MovingAverageType.WILDERS)
    assert barred(wilder, bars) == pytest.approx([2, 4 / 2 + 2 / 2, 1 / 2 + 3 / 2])
    assert barred(AverageTrueRange(2, MovingAverageType.SIMPLE), bars) == [2, 3, 2.5]


def test_donchian_channel() -> None:
    channel = DonchianChannel(2)
    assert barred(channel, [(5, 3, 4), (6, 2, 4), (4, 3, 3)]) == [4, 4, 4]
    assert (channel.upper_band.current.value, channel.lower_band.current.value) == (6, 2)
    assert channel.is_ready


def test_standard_deviation_is_the_populations() -> None:
    assert fed(StandardDeviation(2), [1, 3, 3]) == [0, 1, 0]


def test_extremes_contain_the_newest_value() -> None:
    assert fed(Maximum(2), [3, 1, 2]) == [3, 3, 2]
    assert fed(Minimum(2), [3, 4, 5]) == [3, 3, 4]


def test_rates_of_change() -> None:
    rate = RateOfChange(2)
    assert fed(rate, [10, 11]) == [0, pytest.approx(0.1)]
    assert not rate.is_ready
    assert fed(rate, [15]) == [0.5]
    assert rate.is_ready
    assert fed(MomentumPercent(1), [10, 12]) == [0, 20]


def test_a_rolling_window_has_the_newest_first() -> None:
    window = RollingWindow[float](2)
    for value in (1.0, 2.0, 3.0):
        window.add(value)
    assert (list(window), window[0], window.is_ready, window.most_recently_removed) == ([3, 2], 3, True, 1)


def test_max_and_min_of_a_security_are_of_highs_and_lows(run: Run) -> None:
    body = """
    def on_data(self, data):
        watched = (self._top, self._low, self._close, self._volume)
        self._seen.append(tuple(each.current.value for each in watched))
    """
    start = """
        self._top = self.max(self._symbol, 2, Resolution.DAILY)
        self._low = self.min(self._symbol, 2, Resolution.DAILY)
        self._close = self.max(self._symbol, 2, Resolution.DAILY, Field.CLOSE)
        self._volume = self.sma(self._symbol, 2, Resolution.DAILY, Field.VOLUME)
    """
    market = spy([10, 11], highs=[15, 12], lows=[8, 9], volumes=[100, 300])
    assert run(market, body, start).algorithm._seen == [(15, 8, 10, 100), (15, 8, 11, 200)]


def test_flat_prices_have_no_rounding_noise() -> None:
    assert set(fed(SimpleMovingAverage(7), flat(10.1, 20))) == {10.1}
    assert set(fed(StandardDeviation(7), flat(10.1, 20))) == {0.0}


# --- a whole run


def test_a_strategy_of_this_project_runs_whole() -> None:
    closes = [*ramp(100, 130, 60), *ramp(129, 110, 10), *ramp(112, 125, 8), *flat(125, 2)]
    market = spy(closes)
    result = run_strategy("RSI_MeanReversion_ETF", market, {"tickers": "SPY", "initial_capital": "5000"}, first_day=58)
    tags = [(order.tag, order.quantity > 0) for order in result.orders]
    assert tags == [("oversold", True), ("recovered", False)]
    buy, sell = result.orders
    assert buy.price == closes[buy.day]
    assert buy.quantity == math.floor(0.96 * 0.9975 * 5000 / closes[buy.day])
    assert result.held == {}
    assert sell.price is not None
    assert result.cash == pytest.approx(5000 + buy.quantity * (sell.price - closes[buy.day]) - 2)


def test_series() -> None:
    assert flat(5, 2) + ramp(1, 2, 3) == [5, 5, 1, 1.5, 2]


def test_a_series_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="SPY: 2 values for a market of 3 days"):
        Market(days=3).equity("SPY", closes=flat(1, 2))
