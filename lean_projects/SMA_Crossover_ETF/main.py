from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class SmaCrossoverEtf(QCAlgorithm):
    """Holds an ETF while its fast average is above its slow one, if volume confirms the crossing.

    Hypothesis: trends of broad ETFs last for months; a crossing on volume well above its average marks the lasting
    ones, and the slow averages keep the number of orders small.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - the fast average crosses when it is above the slow one and was not at the bar before. Both are simple averages of
      closes;
    - buy at the first bar, from the crossing to confirmation_days bars after it, whose volume is at least
      volume_threshold times the average of the volume_days bars before it. A crossing without such a bar is passed
      over, and so is one after which the fast average is no longer above the slow one: the ETF is bought at the next
      crossing at the earliest;
    - sell when the fast average is below the slow one.
    Crossings before start_date are not traded. Only whole shares are bought: an ETF whose share costs more than its
    part of the account is passed over.

    Parameters:
    - fast_sma, slow_sma: days of the averages, whole numbers, the fast one smaller; defaults 50 and 200
    - volume_threshold: multiple of the average volume; default 1.2
    - volume_days: days of the average volume, a whole number; default 20
    - confirmation_days: bars after the crossing that may still confirm it, a whole number, 0 for none; default 5
    - position_size_pct: fraction of the account put into each ETF (0.32 is 32 %); default 0.96 / number of tickers
    - tickers: separated by "|"; default QQQ|IWM|EEM. Of $1,000 each gets $320, which bought a share of any of them to
      the end of 2020, when QQQ cost about $310, unless the account had lost by then; SPY cost more in most of 2020.
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker from slow_sma days and one before start_date to end_date, with their
    factor and map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        fast_days = whole_number(self, "fast_sma", 50)
        slow_days = whole_number(self, "slow_sma", 200)
        if fast_days >= slow_days:
            raise ValueError(f"fast_sma is {fast_days}: it must be below slow_sma, {slow_days}")
        volume_days = whole_number(self, "volume_days", 20)
        self._volume_threshold = number(self, "volume_threshold", 1.2)
        self._confirmation_days = whole_number(self, "confirmation_days", 5)
        # A crossing compares with the bar before, so the averages must have been ready a bar earlier.
        self._bars_needed = max(slow_days, volume_days) + 1

        tickers = words(self, "tickers", "QQQ|IWM|EEM")
        self._positions = Positions(self, position_size(self, len(tickers)))
        self._fast: dict[Symbol, SimpleMovingAverage] = {}
        self._slow: dict[Symbol, SimpleMovingAverage] = {}
        self._volume: dict[Symbol, SimpleMovingAverage] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._fast[symbol] = self.sma(symbol, fast_days, Resolution.DAILY)
            self._slow[symbol] = self.sma(symbol, slow_days, Resolution.DAILY)
            self._volume[symbol] = self.sma(symbol, volume_days, Resolution.DAILY, Field.VOLUME)
        # Bars since the crossing, of the ETFs whose crossing may still be confirmed.
        self._since_crossing: dict[Symbol, int] = {}
        self.set_warm_up(self._bars_needed, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        for symbol, slow in self._slow.items():
            bar = data.bars.get(symbol)
            if slow.samples < self._bars_needed or bar is None:
                continue
            fast = self._fast[symbol]
            if self._positions.is_open(symbol):
                if fast.current.value < slow.current.value:
                    self._positions.leave(symbol, "fast average below the slow one")
            elif self._awaits_volume(symbol, fast, slow):
                usual = self._volume[symbol].previous.value
                if bar.volume >= self._volume_threshold * usual:
                    self._positions.enter(symbol, "crossing on volume")

    def _awaits_volume(self, symbol: Symbol, fast: SimpleMovingAverage, slow: SimpleMovingAverage) -> bool:
        """Follows an ETF that is not held: whether its fast average has crossed lately and is still above."""
        if fast.current.value <= slow.current.value:
            self._since_crossing.pop(symbol, None)
        elif fast.previous.value <= slow.previous.value:
            self._since_crossing[symbol] = 0
        elif symbol in self._since_crossing:
            self._since_crossing[symbol] += 1
        return self._since_crossing.get(symbol, self._confirmation_days + 1) <= self._confirmation_days
