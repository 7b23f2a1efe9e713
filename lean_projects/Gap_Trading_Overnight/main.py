from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class GapTradingOvernight(QCAlgorithm):
    """Buys ETFs that opened well below the previous close and did not close the gap, and sells on recovery.

    Hypothesis: a broad ETF's opening gap of 1-2 % without news of its own is an overnight overreaction that the
    following days make good. The gap is read from the daily bar at the close, and the order filled at the next open.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - buy when the open was at least gap_threshold_pct below the previous close and the close is still below that
      previous close;
    - sell when the close has recovered exit_fill_pct of the gap, measured from the open of the gap's day up to the
      close before it; when the close is more than stop_loss_pct below the average price paid; or at the close of the
      holding_period-th day held, the day of the purchase being the first. The stop is judged at the close too, so a
      fill can lie beyond it.
    An ETF that has recovered enough between the gap's open and the purchase is bought all the same and, if it keeps
    that until the close, sold at the open after. A gap while an ETF is held changes nothing. Only whole shares are
    bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters (fractions: 0.01 is 1 %):
    - gap_threshold_pct: the smallest gap, as a fraction of the previous close, above 0; default 0.01
    - exit_fill_pct: fraction of the gap to be recovered; default 0.75
    - stop_loss_pct: fraction of the price paid; default 0.02
    - holding_period: days held at most, a whole number from 1; default 5
    - position_size_pct: fraction of the account put into each ETF; default 0.96 / number of tickers
    - tickers: separated by "|"; default SPY|QQQ, whose shares both fit into $480 until the end of 2020
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker from the day before start_date to end_date, with their factor and map
    files, so that dividends and splits make no gaps.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        self._gap_threshold = number(self, "gap_threshold_pct", 0.01)
        if self._gap_threshold <= 0:
            raise ValueError(f"gap_threshold_pct is {self._gap_threshold:g}: a fraction above 0 is needed")
        self._exit_fill = number(self, "exit_fill_pct", 0.75)
        self._stop_loss = number(self, "stop_loss_pct", 0.02)
        self._holding_period = whole_number(self, "holding_period", 5)
        if self._holding_period < 1:
            raise ValueError(f"holding_period is {self._holding_period}: at least 1 is needed")

        tickers = words(self, "tickers", "SPY|QQQ")
        self._positions = Positions(self, position_size(self, len(tickers)))
        self._symbols = [self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol for ticker in tickers]
        self._previous_close: dict[Symbol, float] = {}
        # The close at which enough of the gap is recovered, dollars, of what was bought last.
        self._target: dict[Symbol, float] = {}
        self.set_warm_up(1, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        for symbol in self._symbols:
            bar = data.bars.get(symbol)
            if bar is None:
                continue
            previous_close = self._previous_close.get(symbol)
            self._previous_close[symbol] = bar.close
            if self.is_warming_up or previous_close is None:
                continue
            days_held = self._positions.count_bar(symbol)
            if days_held > 0:
                self._exit(symbol, bar.close, days_held)
            elif 1 - bar.open / previous_close >= self._gap_threshold and bar.close < previous_close:
                self._enter(symbol, bar.open, previous_close)

    def _enter(self, symbol: Symbol, gap_open: float, previous_close: float) -> None:
        if self._positions.enter(symbol, "gap"):
            self._target[symbol] = gap_open + self._exit_fill * (previous_close - gap_open)

    def _exit(self, symbol: Symbol, close: float, days_held: int) -> None:
        if close >= self._target[symbol]:
            self._positions.leave(symbol, "gap recovered")
        elif self._positions.gain(symbol, close) < -self._stop_loss:
            self._positions.leave(symbol, "stop loss")
        elif days_held >= self._holding_period:
            self._positions.leave(symbol, "held long enough")
