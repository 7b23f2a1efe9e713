from __future__ import annotations

from datetime import datetime

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.data_gaps import DataWatch
from daily_strategy.parameters import number
from daily_strategy.positions import Positions


class VixMarketTiming(QCAlgorithm):
    """Buys an ETF when the VIX is high and sells it when the VIX has calmed down.

    Hypothesis: a VIX above 20-30 prices more fear than the following weeks justify; SPY bought then gains as the VIX
    returns below 15-20, with a handful of orders a year.

    Rules, decided when the day's bars of both the ETF and the VIX are there, filled at the next open:
    - buy when the VIX closes at or above vix_entry_threshold;
    - sell when the VIX closes at or below vix_exit_threshold.
    The VIX's bar comes 15 minutes after the ETF's (index hours end at 16:15 New York time), so the decision falls then.
    On a day on which one of the two has no bar nothing is decided. There is no stop: a rising VIX is a reason to hold.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters:
    - vix_entry_threshold, vix_exit_threshold: closes of the VIX, points; defaults 25 and 18; the exit must not lie
      above the entry
    - position_size_pct: fraction of the account put into the ETF; default 0.96. At 1 a higher open is paid with a
      few borrowed dollars.
    - ticker: the ETF; default SPY
    - vix_ticker: the index; default VIX
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of the ETF with its factor and map files, and daily bars of the VIX from QuantConnect's
    data set "Cash Indices", which LEAN's sample data do not contain; LEAN reads them from data/index/usa/daily/vix.zip.
    Without either there is no trade, and the log says so.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        self._entry_threshold = number(self, "vix_entry_threshold", 25)
        self._exit_threshold = number(self, "vix_exit_threshold", 18)
        if self._exit_threshold > self._entry_threshold:
            raise ValueError(
                f"vix_exit_threshold {self._exit_threshold:g} is above vix_entry_threshold {self._entry_threshold:g}"
            )
        self._positions = Positions(self, position_size(self, 1))
        ticker = self.get_parameter("ticker", "SPY")
        vix_ticker = self.get_parameter("vix_ticker", "VIX")
        self._etf = self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol
        self._vix = self.add_index(vix_ticker, Resolution.DAILY, fill_forward=False).symbol
        self._etf_day = datetime.min.date()
        self._watch = DataWatch(
            self,
            {
                ticker.upper(): f"data/equity/usa/daily/{ticker.lower()}.zip",
                vix_ticker.upper(): f"data/index/usa/daily/{vix_ticker.lower()}.zip",
            },
        )

    def on_data(self, data: Slice) -> None:
        bar = data.bars.get(self._etf)
        if bar is not None:
            self._watch.arrived(self._etf.value)
            self._etf_day = bar.time.date()
        vix = data.bars.get(self._vix)
        if vix is None:
            return
        self._watch.arrived(self._vix.value)
        if vix.time.date() != self._etf_day:
            return
        if not self._positions.is_open(self._etf):
            if vix.close >= self._entry_threshold:
                self._positions.enter(self._etf, "fear")
        elif vix.close <= self._exit_threshold:
            self._positions.leave(self._etf, "calm")

    def on_end_of_algorithm(self) -> None:
        self._watch.report()
