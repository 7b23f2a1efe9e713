from __future__ import annotations

import math

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.data_gaps import DataWatch
from daily_strategy.parameters import number, whole_number
from daily_strategy.positions import Positions

_UNIVERSE = "US equity universe"
_FIGURES = "return on equity and debt to equity"


class QualityFactorMomentum(QCAlgorithm):
    """Holds the strongest stocks among those with a high return on equity and little debt.

    Hypothesis: momentum fails most often in weak companies; a screen for a high return on equity and low debt keeps the
    premium and softens its crashes.

    Rules:
    - every rebalance_days trading days, before the open, the universe is selected anew from all US stocks: a return on
      equity of at least min_roe, a debt to equity of at most max_debt_to_equity (and not below 0, which means that
      the equity is gone), a last price within a position's part of the account, and of these the universe_size
      with the highest dollar volume of the day before; a stock without one of the figures is not selected;
    - at that day's close the best are the number_held selected stocks with the highest return over their last
      momentum_lookback bars, whatever its sign; sell what is no longer among them, buy what has come in, both filled
      at the next open; sizes of what stays are not evened out, because every order costs a fee.
    A stock without a bar on that day is neither bought nor sold; one that is held keeps its place. Only whole shares
    are bought.

    Parameters (fractions: 0.15 is 15 %):
    - min_roe: return on equity over a year, a fraction; default 0.15
    - max_debt_to_equity: total debt as a fraction of the common equity, last quarter; default 1
    - momentum_lookback: days of the return, a whole number; default 189
    - number_held: stocks held at most, a whole number; default 5
    - universe_size: stocks of the universe at most, a whole number; default 100
    - rebalance_days: trading days from one selection to the next, a whole number; default 21
    - position_size_pct: fraction of the account put into each stock; default 0.96 / number_held
    - benchmark: what LEAN compares the whole with, never bought unless it is selected; default SPY
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every stock that can be selected, from momentum_lookback days before, with factor and
    map files; the universe from the data set "US Equity Coarse Universe" (`lean data download --dataset
    "US Equity Coarse Universe"`), which LEAN reads from data/equity/usa/fundamental/coarse, one file a day; and
    Morningstar's "US Fundamental Data". LEAN's own provider of fundamentals (setting fundamental-data-provider) reads
    the coarse files only and leaves these figures empty: another provider must supply them, as in QuantConnect's cloud.
    Without the universe or the figures there is no trade, and the log says which is missing.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000, benchmark="SPY")
        self._min_roe = number(self, "min_roe", 0.15)
        self._max_debt = number(self, "max_debt_to_equity", 1)
        self._lookback = whole_number(self, "momentum_lookback", 189)
        self._number_held = whole_number(self, "number_held", 5)
        self._universe_size = whole_number(self, "universe_size", 100)
        self._rebalance_days = whole_number(self, "rebalance_days", 21)
        self._part = position_size(self, self._number_held)
        self._positions = Positions(self, self._part)

        self._momentum: dict[Symbol, RateOfChange] = {}
        self._selected: list[Symbol] = []
        self._bought: list[Symbol] = []
        self._days_left = 0
        self._is_due = False
        self._watch = DataWatch(
            self,
            {
                _UNIVERSE: "data/equity/usa/fundamental/coarse",
                _FIGURES: "the provider of Morningstar's US Fundamental Data",
            },
        )
        self.universe_settings.resolution = Resolution.DAILY
        self.universe_settings.fill_forward = False
        self.add_universe(self._select)

    def on_securities_changed(self, changes: SecurityChanges) -> None:
        for security in changes.added_securities:
            if security.symbol not in self._selected:  # the benchmark
                continue
            momentum = RateOfChange(self._lookback)
            self.warm_up_indicator(security.symbol, momentum, Resolution.DAILY)
            self._momentum[security.symbol] = momentum
        for security in changes.removed_securities:
            # Of what is held or ordered the bars go on, and LEAN does not announce it anew if it is selected again.
            if self._positions.taken([security.symbol]) == 0:
                self._momentum.pop(security.symbol, None)

    def on_data(self, data: Slice) -> None:
        for symbol, momentum in self._momentum.items():
            bar = data.bars.get(symbol)
            if bar is not None:
                momentum.update(bar.end_time, bar.close)
        traded = {symbol for symbol in [*self._momentum, *self._bought] if data.bars.contains_key(symbol)}
        if self._is_due and traded:
            self._is_due = False
            self._rebalance(traded)

    def on_end_of_algorithm(self) -> None:
        self._watch.report()

    def _select(self, fundamentals: list[Fundamental]) -> list[Symbol] | Universe.UnchangedUniverse:
        """The universe, every rebalance_days trading days; LEAN calls it before every trading day."""
        self._days_left -= 1
        if self._days_left > 0:
            return Universe.UNCHANGED
        stocks = list(fundamentals)
        if not stocks:  # the day's file is missing: tried again the next day
            return Universe.UNCHANGED
        self._days_left = self._rebalance_days
        self._watch.arrived(_UNIVERSE)
        affordable = self._part * self.portfolio.total_portfolio_value
        good = [stock for stock in stocks if stock.price <= affordable and self._is_good(stock)]
        good.sort(key=lambda stock: stock.dollar_volume, reverse=True)
        self._selected = [stock.symbol for stock in good[: self._universe_size]]
        self._is_due = True
        return self._selected

    def _is_good(self, stock: Fundamental) -> bool:
        """Whether it passes the screen. A figure that is missing is NaN, which compares as False."""
        if not stock.has_fundamental_data:
            return False
        roe = stock.operation_ratios.roe.one_year
        debt = stock.operation_ratios.total_debt_equity_ratio.three_months
        if not math.isnan(roe) and not math.isnan(debt):
            self._watch.arrived(_FIGURES)
        return roe >= self._min_roe and 0 <= debt <= self._max_debt

    def _rebalance(self, traded: set[Symbol]) -> None:
        """Sells and buys among the stocks that have a bar today."""
        ranked = [s for s in self._selected if s in traded and self._momentum[s].is_ready]
        ranked.sort(key=lambda symbol: self._momentum[symbol].current.value, reverse=True)
        best = ranked[: self._number_held]

        kept: list[Symbol] = []
        for symbol in self._bought:
            if self._positions.is_open(symbol) and symbol in traded and symbol not in best:
                self._positions.leave(symbol, "no longer among the best")
            elif self._positions.taken([symbol]) > 0:
                kept.append(symbol)
        for symbol in best:
            if len(kept) < self._number_held and symbol not in kept and self._positions.enter(symbol, "among the best"):
                kept.append(symbol)
        self._bought = kept
