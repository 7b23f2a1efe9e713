from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class RsiMacdComboEtf(QCAlgorithm):
    """Buys ETFs that were oversold as soon as their MACD crosses above its signal line.

    Hypothesis: a low RSI says that an ETF is cheap, the MACD's crossing that the fall has ended. Waiting for both gives
    up part of the recovery and avoids the falls that go on.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - buy when the RSI has been below rsi_threshold on one of the last oversold_days days, today included, and the MACD
      line is above its signal line today but was not on the day before;
    - sell when the RSI is above exit_threshold, the MACD line is below its signal line again, or the close is more than
      stop_loss_pct below or more than profit_target_pct above the average price paid. Stop and target are judged at
      the close too, so a fill can lie beyond them.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters (fractions: 0.05 is 5 %):
    - rsi_period: days of Wilder's RSI, a whole number; default 14
    - rsi_threshold, exit_threshold: RSI levels, 0-100; defaults 30 and 65
    - oversold_days: days that a low RSI counts, a whole number; default 10
    - macd_fast, macd_slow, macd_signal: days of the MACD's two exponential averages and of its signal line, whole
      numbers, macd_fast less than macd_slow; defaults 12, 26 and 9
    - stop_loss_pct, profit_target_pct: fractions of the price paid; defaults 0.05 and 0.10
    - position_size_pct: fraction of the account put into each ETF; default 0.96 / number of tickers
    - tickers: separated by "|"; default SPY|QQQ|IWM. Of $1,000 each gets $320, which a share of SPY costs more than in
      much of 2020, and one of QQQ nearly at its end; fewer tickers leave more for each.
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker to end_date, from four RSI periods or four times macd_slow plus
    macd_signal, whichever is more, before start_date, with their factor and map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        period = whole_number(self, "rsi_period", 14)
        fast = whole_number(self, "macd_fast", 12)
        slow = whole_number(self, "macd_slow", 26)
        signal = whole_number(self, "macd_signal", 9)
        if fast >= slow:
            raise ValueError(f"macd_fast is {fast} and macd_slow {slow}: macd_fast must be less than macd_slow")
        self._oversold_days = whole_number(self, "oversold_days", 10)
        if self._oversold_days < 1:
            raise ValueError(f"oversold_days is {self._oversold_days}: at least 1 is needed, or nothing is ever bought")
        self._rsi_threshold = number(self, "rsi_threshold", 30)
        self._exit_threshold = number(self, "exit_threshold", 65)
        self._stop_loss = number(self, "stop_loss_pct", 0.05)
        self._profit_target = number(self, "profit_target_pct", 0.10)

        tickers = words(self, "tickers", "SPY|QQQ|IWM")
        self._positions = Positions(self, position_size(self, len(tickers)))
        self._rsi: dict[Symbol, RelativeStrengthIndex] = {}
        self._macd: dict[Symbol, MovingAverageConvergenceDivergence] = {}
        # For how many more days a low RSI counts, today included.
        self._days_left: dict[Symbol, int] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._rsi[symbol] = self.rsi(symbol, period, MovingAverageType.WILDERS, Resolution.DAILY)
            self._macd[symbol] = self.macd(symbol, fast, slow, signal, MovingAverageType.EXPONENTIAL, Resolution.DAILY)
            self._days_left[symbol] = 0
        # Both averages remember beyond their period: four periods let the start values fade.
        self.set_warm_up(max(period * 4, slow * 4 + signal), Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        for symbol, rsi in self._rsi.items():
            macd = self._macd[symbol]
            bar = data.bars.get(symbol)
            if not rsi.is_ready or not macd.is_ready or bar is None:
                continue
            # The last days of the warm-up count too: an ETF may have been oversold just before the first day.
            is_oversold = rsi.current.value < self._rsi_threshold
            self._days_left[symbol] = self._oversold_days if is_oversold else self._days_left[symbol] - 1
            if not self.is_warming_up:
                self._decide(symbol, bar.close)

    def _decide(self, symbol: Symbol, close: float) -> None:
        macd = self._macd[symbol]
        above_signal = macd.current.value - macd.signal.current.value
        if not self._positions.is_open(symbol):
            was_above = macd.previous.value > macd.signal.previous.value
            if self._days_left[symbol] > 0 and above_signal > 0 and not was_above:
                self._positions.enter(symbol, "MACD up after oversold")
        elif self._rsi[symbol].current.value > self._exit_threshold:
            self._positions.leave(symbol, "recovered")
        elif above_signal < 0:
            self._positions.leave(symbol, "MACD down")
        else:
            self._positions.exit_at_limits(symbol, close, self._stop_loss, self._profit_target)
