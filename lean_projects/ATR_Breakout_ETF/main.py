from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class AtrBreakoutEtf(QCAlgorithm):
    """Buys an ETF that rises by a multiple of its average true range and holds it a few days.

    Hypothesis: a daily rise of two or more average true ranges is rare in a broad ETF and marks a change of volatility
    whose direction holds for the next days.

    Rules, decided at the daily close and filled at the next open:
    - an ETF breaks out when its close is above the close of the bar before by at least breakout_multiplier times the
      average true range (ATR) as it stood at the bar before, so that the rise itself is not in it. An ATR of 0 gives no
      breakout;
    - buy the ETFs that break out, as long as fewer than max_positions are held or ordered: the one with the largest
      rise in ATRs first, equal ones in the order of tickers. A breakout that finds no place is passed over. A place is
      free again once the sale has been filled;
    - sell at the close of the holding_period-th bar of that ETF since the purchase, the bar at whose open it was bought
      included, whatever the price. A new breakout of an ETF that is held does not prolong it.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over, and leaves
    its place to the next.

    Parameters:
    - atr_period: days of Wilder's ATR, a whole number; default 14
    - breakout_multiplier: ATRs of the rise; default 2
    - holding_period: trading days, a whole number from 1; default 5
    - max_positions: ETFs held at once, a whole number from 1; default 2, because a quarter of $1,000 bought no share
      of SPY from 2018 on but for a few days
    - position_size_pct: fraction of the account put into each ETF (0.48 is 48 %); default 0.96 / max_positions
    - tickers: separated by "|"; default SPY|QQQ|IWM|EEM
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker from four ATR periods and one day before start_date to end_date, with
    their factor and map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        self._atr_period = whole_number(self, "atr_period", 14)
        self._breakout_multiplier = number(self, "breakout_multiplier", 2)
        self._holding_period = whole_number(self, "holding_period", 5)
        self._max_positions = whole_number(self, "max_positions", 2)
        if self._holding_period < 1 or self._max_positions < 1:
            raise ValueError(
                f"holding_period is {self._holding_period}, max_positions {self._max_positions}: 1 is the least"
            )

        self._positions = Positions(self, position_size(self, self._max_positions))
        self._atr: dict[Symbol, AverageTrueRange] = {}
        for ticker in words(self, "tickers", "SPY|QQQ|IWM|EEM"):
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._atr[symbol] = self.atr(symbol, self._atr_period, MovingAverageType.WILDERS, Resolution.DAILY)
        self._last_close: dict[Symbol, float] = {}
        # Wilder's average remembers beyond its period: four periods let the start values fade.
        self.set_warm_up(self._atr_period * 4 + 1, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        breakouts: dict[Symbol, float] = {}
        for symbol, atr in self._atr.items():
            bar = data.bars.get(symbol)
            if bar is None:
                continue
            close = bar.close
            rise = close - self._last_close.get(symbol, close)
            self._last_close[symbol] = close
            if self.is_warming_up:
                continue
            bars_held = self._positions.count_bar(symbol)
            if bars_held >= self._holding_period:
                self._positions.leave(symbol, "holding period over")
            if bars_held > 0:
                continue
            # An ETF whose price never moved has no range to measure a rise by.
            if atr.samples > self._atr_period and atr.previous.value > 0:
                strength = rise / atr.previous.value
                if strength >= self._breakout_multiplier:
                    breakouts[symbol] = strength
        places = self._max_positions - self._positions.taken(self._atr)
        self._positions.enter_strongest(breakouts, places, "breakout")
