from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class BreakoutMomentumEquity(QCAlgorithm):
    """Buys liquid stocks that close above their recent high on high volume and holds them a fixed number of days.

    Hypothesis: a close 1-3 % above the high of the last weeks on at least 1.5 times the usual volume shows large buyers
    who are not done within a day, so the move goes on for several days.

    Rules, decided at the daily close and filled at the next open:
    - a stock breaks out when its close is at least breakout_threshold times the highest high of the lookback_period
      bars before, on a volume of at least volume_multiplier times the average of the volume_days bars before;
    - buy the stocks that break out, as long as fewer than max_positions are held or ordered: the one furthest above its
      high first, as a multiple of it, those equally far in the order of tickers. A breakout that finds no place is
      passed over. A place is free again once the sale has been filled;
    - sell at the close of the holding_period-th bar of that stock since the purchase, the bar at whose open it was
      bought included, whatever the price. A new breakout of a stock that is held does not prolong it.
    Only whole shares are bought: a stock whose share costs more than its part of the account is passed over, and
    leaves its place to the next.

    Parameters:
    - lookback_period: days of the high, a whole number; default 20
    - breakout_threshold: multiple of the high (1.01 is 1 % above it); default 1.01
    - volume_multiplier: multiple of the average volume; default 1.5
    - volume_days: days of the average volume, a whole number; default 20
    - holding_period: trading days, a whole number from 1; default 5
    - max_positions: stocks held at once, a whole number from 1; default 2
    - position_size_pct: fraction of the account put into each stock (0.48 is 48 %); default 0.96 / max_positions
    - tickers: separated by "|"; default AAPL|AIG|BAC|IBM|WM. These are large companies of today: a list chosen
      afterwards leaves out those that failed, and a result on it is better than a trader of that time could have had
      (survivorship bias).
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker from lookback_period or volume_days, the larger, and one day before
    start_date to end_date, with their factor and map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        lookback = whole_number(self, "lookback_period", 20)
        self._breakout_threshold = number(self, "breakout_threshold", 1.01)
        self._volume_multiplier = number(self, "volume_multiplier", 1.5)
        volume_days = whole_number(self, "volume_days", 20)
        self._holding_period = whole_number(self, "holding_period", 5)
        self._max_positions = whole_number(self, "max_positions", 2)
        if self._holding_period < 1 or self._max_positions < 1:
            raise ValueError(
                f"holding_period is {self._holding_period}, max_positions {self._max_positions}: 1 is the least"
            )
        # Today is compared with the bars before it, so the indicators must have been ready a bar earlier.
        self._bars_needed = max(lookback, volume_days) + 1

        self._positions = Positions(self, position_size(self, self._max_positions))
        self._highest: dict[Symbol, Maximum] = {}
        self._volume: dict[Symbol, SimpleMovingAverage] = {}
        for ticker in words(self, "tickers", "AAPL|AIG|BAC|IBM|WM"):
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._highest[symbol] = self.max(symbol, lookback, Resolution.DAILY, Field.HIGH)
            self._volume[symbol] = self.sma(symbol, volume_days, Resolution.DAILY, Field.VOLUME)
        self.set_warm_up(self._bars_needed, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        breakouts: dict[Symbol, float] = {}
        for symbol, highest in self._highest.items():
            bar = data.bars.get(symbol)
            if bar is None:
                continue
            bars_held = self._positions.count_bar(symbol)
            if bars_held >= self._holding_period:
                self._positions.leave(symbol, "holding period over")
            if bars_held > 0:
                continue
            if highest.samples < self._bars_needed:
                continue
            strength = bar.close / highest.previous.value
            usual = self._volume[symbol].previous.value
            if strength >= self._breakout_threshold and bar.volume >= self._volume_multiplier * usual:
                breakouts[symbol] = strength
        places = self._max_positions - self._positions.taken(self._highest)
        self._positions.enter_strongest(breakouts, places, "breakout")
