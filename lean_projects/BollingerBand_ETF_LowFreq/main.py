from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class BollingerBandEtfLowFreq(QCAlgorithm):
    """Buys liquid ETFs that closed below their lower Bollinger band, at most once a fall, and sells on recovery.

    Hypothesis: a broad ETF stretched below its lower band tends to return to its mean. Fees kill a small account that
    trades every touch of the band, so this one buys once a fall and then waits until the ETF has been back at its mean.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - buy when the close is more than entry_distance_pct below the lower band, and the ETF has closed at or above its
      middle band since the last purchase;
    - sell when the close is above the middle band, or more than stop_loss_pct below or more than profit_target_pct
      above the average price paid. Stop and target are judged at the close too, so a fill can lie beyond them.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters (fractions: 0.02 is 2 %):
    - bb_period: days of the bands, a whole number; default 20
    - bb_std_dev: half the bands' width in standard deviations; default 2
    - entry_distance_pct: how far below the lower band, as a fraction of it; default 0
    - profit_target_pct, stop_loss_pct: fractions of the price paid; defaults 0.03 and 0.02
    - position_size_pct: fraction of the account put into each ETF; default 0.96 / number of tickers
    - tickers: separated by "|"; default SPY|QQQ|IWM|EEM
    - start_date, end_date: YYYY-MM-DD; defaults 2012-01-03 and 2020-12-31
    - initial_capital: dollars; default 5000. $1,000 trades too, but $240 for each ETF buys no share of the dearest
      ones in later years; fewer tickers leave more for each.

    Data: daily US equity bars of every ticker from bb_period days before start_date to end_date, with their factor and
    map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2012-01-03", end="2020-12-31", capital=5000)
        period = whole_number(self, "bb_period", 20)
        width = number(self, "bb_std_dev", 2)
        self._entry_distance = number(self, "entry_distance_pct", 0)
        self._profit_target = number(self, "profit_target_pct", 0.03)
        self._stop_loss = number(self, "stop_loss_pct", 0.02)

        tickers = words(self, "tickers", "SPY|QQQ|IWM|EEM")
        self._positions = Positions(self, position_size(self, len(tickers)))
        self._bands: dict[Symbol, BollingerBands] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._bands[symbol] = self.bb(symbol, period, width, MovingAverageType.SIMPLE, Resolution.DAILY)
        # ETFs bought in a fall that still lasts: after a stop loss the same fall must not be bought again.
        self._used: set[Symbol] = set()
        self.set_warm_up(period, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        for symbol, bands in self._bands.items():
            bar = data.bars.get(symbol)
            if not bands.is_ready or bar is None:
                continue
            close = bar.close
            middle = bands.middle_band.current.value
            if close >= middle:
                self._used.discard(symbol)
            if not self._positions.is_open(symbol):
                entry = bands.lower_band.current.value * (1 - self._entry_distance)
                if close < entry and symbol not in self._used and self._positions.enter(symbol, "below the band"):
                    self._used.add(symbol)
            elif close > middle:
                self._positions.leave(symbol, "recovered")
            else:
                self._positions.exit_at_limits(symbol, close, self._stop_loss, self._profit_target)
