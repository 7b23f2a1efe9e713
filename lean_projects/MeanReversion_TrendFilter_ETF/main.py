from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import flag, number, whole_number, words
from daily_strategy.positions import Positions


class MeanReversionTrendFilterEtf(QCAlgorithm):
    """Buys oversold ETFs, with the filter on only above their long moving average, and sells on recovery.

    Hypothesis: a setback within a rising trend is bought back quickly, one below the 200-day average often goes on.
    Leaving out the latter lowers the drawdown by more than it costs in trades.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - buy when the RSI is below rsi_entry and, if require_trend is true, the close is above the average of the last
      trend_sma closes, today's included;
    - sell when the RSI is above rsi_exit, or the close is more than stop_loss_pct below or more than profit_target_pct
      above the average price paid. Stop and target are judged at the close too, so a fill can lie beyond them. A close
      below the average is no reason to sell.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters (fractions: 0.08 is 8 %):
    - rsi_period: days of Wilder's RSI, a whole number; default 14
    - rsi_entry, rsi_exit: RSI levels, 0-100; defaults 30 and 55
    - trend_sma: days of the moving average, a whole number; default 200; without effect if require_trend is false
    - require_trend: true or false; default true
    - stop_loss_pct, profit_target_pct: fractions of the price paid; defaults 0.08 and 0.10
    - position_size_pct: fraction of the account put into each ETF; default 0.96 / number of tickers
    - tickers: separated by "|"; default SPY|QQQ|IWM. Of $1,000 each gets $320, which a share of SPY costs more than in
      much of 2020, and one of QQQ nearly at its end; fewer tickers leave more for each.
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker to end_date, from four RSI periods or trend_sma days, whichever is more,
    before start_date, with their factor and map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        period = whole_number(self, "rsi_period", 14)
        trend_days = whole_number(self, "trend_sma", 200)
        self._require_trend = flag(self, "require_trend", True)
        self._rsi_entry = number(self, "rsi_entry", 30)
        self._rsi_exit = number(self, "rsi_exit", 55)
        self._stop_loss = number(self, "stop_loss_pct", 0.08)
        self._profit_target = number(self, "profit_target_pct", 0.10)

        tickers = words(self, "tickers", "SPY|QQQ|IWM")
        self._positions = Positions(self, position_size(self, len(tickers)))
        self._rsi: dict[Symbol, RelativeStrengthIndex] = {}
        self._trend: dict[Symbol, SimpleMovingAverage] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._rsi[symbol] = self.rsi(symbol, period, MovingAverageType.WILDERS, Resolution.DAILY)
            self._trend[symbol] = self.sma(symbol, trend_days, Resolution.DAILY)
        # Wilder's average remembers beyond its period: four periods let the start values fade.
        self.set_warm_up(max(period * 4, trend_days), Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        for symbol, rsi in self._rsi.items():
            bar = data.bars.get(symbol)
            if not rsi.is_ready or bar is None:
                continue
            close = bar.close
            if not self._positions.is_open(symbol):
                if rsi.current.value < self._rsi_entry and self._trend_allows(symbol, close):
                    self._positions.enter(symbol, "oversold")
            elif rsi.current.value > self._rsi_exit:
                self._positions.leave(symbol, "recovered")
            else:
                self._positions.exit_at_limits(symbol, close, self._stop_loss, self._profit_target)

    def _trend_allows(self, symbol: Symbol, close: float) -> bool:
        if not self._require_trend:
            return True
        trend = self._trend[symbol]
        return trend.is_ready and close > trend.current.value
