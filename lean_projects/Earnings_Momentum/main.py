from __future__ import annotations

import math
from datetime import datetime

from AlgorithmImports import *

from daily_strategy.account import open_account
from daily_strategy.data_gaps import DataWatch
from daily_strategy.parameters import number, whole_number, words
from daily_strategy.positions import Positions

_ESTIMATES = "analysts' estimates (EODHD Upcoming Earnings)"
_REPORTED = "reported earnings per share (Morningstar)"


class EarningsMomentum(QCAlgorithm):
    """Buys a stock after earnings well above the estimates and holds it for a few days.

    Hypothesis: the market takes several days to price an earnings surprise of 5 % or more, so the stock drifts on in
    its direction after the first reaction.

    Rules, each stock for itself, decided at the daily close and filled at the next open:
    - the surprise is (reported - estimated earnings per share) / |estimate|; the estimate is the last one before the
      report; an estimate that is missing or 0 gives no surprise. It is known at the first close after the day of the
      report at which Morningstar has the quarter's figure, filed on the day of the report or later, and judged once;
    - buy when it is above surprise_threshold and fewer than floor(1 / position_size_pct) positions are open or ordered;
    - sell at the open holding_period trading days after the open at which it was bought.
    A figure that comes later than max_report_age days after the report is passed over: Morningstar's often comes with
    the filing to the SEC, days after the press release, and for older years LEAN's data assume 45 days. Only whole
    shares are bought: a stock whose share costs more than its part of the account is passed over.

    Parameters (fractions: 0.05 is 5 %):
    - surprise_threshold: fraction of the estimate; default 0.05
    - holding_period: trading days, a whole number from 1; default 3
    - position_size_pct: fraction of the account put into each stock; default 0.33
    - max_report_age: calendar days from the report to the figure, at most, a whole number; default 10
    - tickers: separated by "|"; default twelve large companies, most of them below $200 a share from 2015 to 2020. Such
      a list is chosen afterwards, from companies known to have lasted (survivorship bias).
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker with factor and map files; the estimates from EODHD's data set "Upcoming
    Earnings" (from 1998; LEAN reads data/alternative/eodhd/upcomingearnings, one file a day, with the data library
    QuantConnect.DataSource.EODHD, which an engine built from LEAN's source alone lacks); the reported figures
    (normalized diluted earnings per share of three months, and their filing date) from Morningstar's "US Fundamental
    Data", which LEAN's own provider of fundamentals (setting fundamental-data-provider) leaves empty, and
    QuantConnect's cloud supplies. Without them there is no trade, and the log says which are missing. Estimate and
    figure come from two houses, which can define earnings differently.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        self._threshold = number(self, "surprise_threshold", 0.05)
        self._holding_period = whole_number(self, "holding_period", 3)
        if self._holding_period < 1:
            raise ValueError(f"holding_period is {self._holding_period}: at least 1 is needed")
        self._max_report_age = whole_number(self, "max_report_age", 10)
        size = number(self, "position_size_pct", 0.33)
        if not 0 < size <= 1:
            raise ValueError(f"position_size_pct is {size:g}: a fraction above 0, at most 1, is needed")
        # 1 / 0.2 must be 5, whatever the last binary digit says.
        self._places = math.floor(1 / size + 1e-9)
        self._positions = Positions(self, size)

        tickers = words(self, "tickers", "AAPL|MSFT|INTC|CSCO|ORCL|MU|JPM|BAC|C|WFC|PFE|KO")
        self._stocks = [self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol for ticker in tickers]
        self._estimates: dict[Symbol, tuple[datetime, float]] = {}
        self._watch = DataWatch(
            self,
            {
                _ESTIMATES: "data/alternative/eodhd/upcomingearnings, with the library QuantConnect.DataSource.EODHD",
                _REPORTED: "the provider of Morningstar's US Fundamental Data",
            },
        )
        # An engine without the data library does not know the name.
        upcoming_earnings = globals().get("EODHDUpcomingEarnings")
        if upcoming_earnings is None:
            self.error("This engine has no EODHDUpcomingEarnings: there will be no trade")
        else:
            self.add_universe(upcoming_earnings, self._note_estimates)

    def on_data(self, data: Slice) -> None:
        for symbol in self._stocks:
            if not data.bars.contains_key(symbol):
                continue
            surprise = self._surprise(symbol)
            bars_held = self._positions.count_bar(symbol)
            if bars_held >= self._holding_period:
                self._positions.leave(symbol, "holding period over")
            elif bars_held == 0 and surprise is not None and self._is_tradable(surprise):
                self._positions.enter(symbol, f"surprise {surprise:.1%}")

    def _is_tradable(self, surprise: float) -> bool:
        return surprise > self._threshold and self._positions.taken(self._stocks) < self._places

    def on_end_of_algorithm(self) -> None:
        self._watch.report()

    def _note_estimates(self, upcoming: list[EODHDUpcomingEarnings]) -> Universe.UnchangedUniverse:
        """Reads the estimates of the reports expected in the next days; adds no security."""
        for report in upcoming:
            if report.symbol in self._stocks:
                self._watch.arrived(_ESTIMATES)
                if report.estimate:
                    self._estimates[report.symbol] = (report.report_date, report.estimate)
                else:
                    self._estimates.pop(report.symbol, None)
        return Universe.UNCHANGED

    def _surprise(self, symbol: Symbol) -> float | None:
        """The surprise as a fraction of the estimate, once, at the first close at which it is known; else None."""
        reports = self.securities[symbol].fundamentals.earning_reports
        earnings = reports.normalized_diluted_eps.three_months
        if math.isnan(earnings):
            return None
        self._watch.arrived(_REPORTED)
        if symbol not in self._estimates:
            return None
        report_date, estimate = self._estimates[symbol]
        age = (self.time.date() - report_date.date()).days
        if age <= 0:
            return None
        filed = reports.file_date.three_months.date()
        is_known = report_date.date() <= filed <= self.time.date()
        if not is_known or age > self._max_report_age:
            return None
        del self._estimates[symbol]
        return (earnings - estimate) / abs(estimate)
