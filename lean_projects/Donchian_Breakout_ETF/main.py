from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions


class DonchianBreakoutEtf(QCAlgorithm):
    """Buys an ETF above the high of its entry channel and sells below the low of its exit channel or at an ATR stop.

    Hypothesis: few breakouts become long trends, but those pay for the many small losses that the shorter exit channel
    and the stop allow; sector ETFs trend longer than the whole market.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - buy when the close is above the highest high of the entry_channel bars before;
    - sell when the close is below the lowest low of the exit_channel bars before, or more than atr_stop_multiplier
      average true ranges (ATR) below the average price paid. The ATR is the one at the close of the breakout and stays
      as it is: the stop does not follow the price, the exit channel does. The stop is judged at the close too, so a
      fill can lie beyond it.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters:
    - entry_channel, exit_channel: days, whole numbers; defaults 20 and 10
    - atr_stop_multiplier: ATRs between the price paid and the stop; default 2
    - atr_period: days of Wilder's ATR, a whole number; default 20
    - position_size_pct: fraction of the account put into each ETF (0.32 is 32 %); default 0.96 / number of tickers
    - tickers: separated by "|"; default QQQ|IWM|EEM, broad ETFs. The sector ETFs of the hypothesis, as XLE|XLK|XLU,
      are tested by naming them here. Of $1,000 each of the three gets $320, which bought a share of any of them until
      the end of 2020, when QQQ cost about $310, unless the account had lost by then; SPY cost more in most of 2020.
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker from the longer channel and one day, or four ATR periods if that is more,
    before start_date to end_date, with their factor and map files.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        entry_days = whole_number(self, "entry_channel", 20)
        exit_days = whole_number(self, "exit_channel", 10)
        atr_period = whole_number(self, "atr_period", 20)
        self._atr_stop_multiplier = number(self, "atr_stop_multiplier", 2)
        # Today is compared with the bars before it, so the channels must have been ready a bar earlier.
        self._bars_needed = max(entry_days, exit_days) + 1

        tickers = words(self, "tickers", "QQQ|IWM|EEM")
        self._positions = Positions(self, position_size(self, len(tickers)))
        self._channels: dict[Symbol, DonchianChannel] = {}
        self._atr: dict[Symbol, AverageTrueRange] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
            self._channels[symbol] = self.dch(symbol, entry_days, exit_days, Resolution.DAILY)
            self._atr[symbol] = self.atr(symbol, atr_period, MovingAverageType.WILDERS, Resolution.DAILY)
        # Dollars a share between the price paid and the stop, of the ETFs bought.
        self._stop_distance: dict[Symbol, float] = {}
        # Wilder's average remembers beyond its period: four periods let the start values fade.
        self.set_warm_up(max(self._bars_needed, atr_period * 4), Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        for symbol, channel in self._channels.items():
            atr = self._atr[symbol]
            bar = data.bars.get(symbol)
            if channel.samples < self._bars_needed or not atr.is_ready or bar is None:
                continue
            close = bar.close
            if not self._positions.is_open(symbol):
                if close > channel.upper_band.previous.value and self._positions.enter(symbol, "channel high"):
                    self._stop_distance[symbol] = self._atr_stop_multiplier * atr.current.value
            elif close < channel.lower_band.previous.value:
                self._positions.leave(symbol, "channel low")
            elif close < self.portfolio[symbol].average_price - self._stop_distance[symbol]:
                self._positions.leave(symbol, "ATR stop")
