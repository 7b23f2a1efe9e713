"""What the tests of the fake of LEAN share: strategies made of a few lines, and prices of SPY."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lean_engine import Market, RunResult, run_strategy
from lean_engine.data import TradeBar
from lean_engine.indicator_base import Indicator
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


@pytest.fixture(name="run")
def fixture_run(tmp_path: Path) -> Run:
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
