from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class TemplateStrategy(QCAlgorithm):
    """Holds an ETF for some days after it has closed well above its moving average.

    Hypothesis: an ETF that leaves its average behind by a few percent goes on rising for some days.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - buy when the close is at least entry_distance_pct above the average of the last sma_period closes;
    - sell when the ETF has been held for holding_period of its bars, when it closes below its average, or when the
      close is more than stop_loss_pct below the average price paid.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters (fractions: 0.05 is 5 %):
    - sma_period: days of the average, a whole number; default 40
    - entry_distance_pct: how far above the average, as a fraction of it; default 0.02
    - holding_period: bars to hold, a whole number; default 10
    - stop_loss_pct: fraction of the price paid; default 0.05
    - position_size_pct: fraction of the account put into each ETF; default 0.96 / number of tickers
    - tickers: separated by "|"; default SPY|IWM
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker from sma_period days before start_date to end_date, with their factor
    and map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        # Every value that an optimization may vary is a parameter with a default.
        period = whole_number(self, "sma_period", 40)
        self._entry_distance = number(self, "entry_distance_pct", 0.02)
        self._holding_period = whole_number(self, "holding_period", 10)
        self._stop_loss = number(self, "stop_loss_pct", 0.05)

        tickers = words(self, "tickers", "SPY|IWM")
        self._positions = Positions(self, position_size(self, len(tickers)))
        # An underscore: self.sma would hide the method that makes the indicator.
        self._sma: dict[Symbol, SimpleMovingAverage] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._sma[symbol] = self.sma(symbol, period, Resolution.DAILY)
        # Feeds the indicators before start_date, so that the first day can trade.
        self.set_warm_up(period, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        for symbol, average in self._sma.items():
            # A day without a bar is a day without a decision.
            bar = data.bars.get(symbol)
            if not average.is_ready or bar is None:
                continue
            close = bar.close
            bars_held = self._positions.count_bar(symbol)
            if bars_held == 0:
                if close >= average.current.value * (1 + self._entry_distance):
                    self._positions.enter(symbol, "above its average")
            elif bars_held >= self._holding_period:
                self._positions.leave(symbol, "held long enough")
            elif close < average.current.value:
                self._positions.leave(symbol, "below its average")
            elif self._positions.gain(symbol, close) < -self._stop_loss:
                self._positions.leave(symbol, "stop loss")
