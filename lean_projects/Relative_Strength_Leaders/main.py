from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.data_gaps import DataWatch
from daily_strategy.parameters import whole_number, words
from daily_strategy.positions import Positions


class RelativeStrengthLeaders(QCAlgorithm):
    """Holds the stocks that beat a benchmark by most over the last months and renews the selection at fixed intervals.

    Hypothesis: stocks that led SPY over the last three to twelve months go on leading over the next one to three; rare
    rebalancing keeps the fees of a small account bearable.

    Rules, decided at the close of every rebalance_days-th trading day (days on which the benchmark has a bar, the first
    one included) and filled at the next open:
    - the leaders are the number_held stocks with the highest return over their last lookback_period bars, of those
      whose return is above the benchmark's;
    - sell what is no longer among them, buy what has come in, leave what stays as it is: sizes are not evened out,
      because every order costs a fee.
    A stock without a bar on that day is neither bought nor sold; one that is held keeps its place. Only whole shares
    are bought: a leader whose share costs more than its part of the account is passed over, and its place stays empty.

    Parameters:
    - lookback_period: days of the return, a whole number; default 126
    - number_held: stocks held at most, a whole number; default 3
    - rebalance_days: trading days from one selection to the next, a whole number; default 42
    - position_size_pct: fraction of the account put into each stock; default 0.96 / number_held
    - tickers: separated by "|"; default fourteen large companies whose shares mostly cost less than $320 from 2015 to
      2020. Such a list is chosen afterwards, from companies known to have lasted (survivorship bias): results are
      better than they would have been. LEAN's sample data have AAPL, AIG, BAC, IBM and WM of them.
    - benchmark: what a leader must beat, and what LEAN compares the whole with; default SPY
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000

    Data: daily US equity bars of every ticker and the benchmark from lookback_period days before start_date to
    end_date, with their factor and map files ("US Equities"); LEAN reads them from data/equity/usa/daily. Tickers
    without any bar are named in the log; without the benchmark's there is no trade.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000, benchmark="SPY")
        lookback = whole_number(self, "lookback_period", 126)
        self._number_held = whole_number(self, "number_held", 3)
        self._rebalance_days = whole_number(self, "rebalance_days", 42)
        self._positions = Positions(self, position_size(self, self._number_held))

        tickers = words(self, "tickers", "AAPL|MSFT|INTC|CSCO|ORCL|JPM|BAC|C|WFC|PFE|KO|IBM|AIG|WM")
        benchmark = self.get_parameter("benchmark", "SPY")
        self._stocks = [self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol for ticker in tickers]
        self._benchmark = self.add_equity(benchmark, Resolution.DAILY, fill_forward=False).symbol
        self._return = {
            symbol: self.roc(symbol, lookback, Resolution.DAILY) for symbol in [*self._stocks, self._benchmark]
        }
        self._days_left = 0
        self._watch = DataWatch(
            self, {ticker.upper(): f"data/equity/usa/daily/{ticker.lower()}.zip" for ticker in [*tickers, benchmark]}
        )
        # A return over n days takes n + 1 closes.
        self.set_warm_up(lookback + 1, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        for symbol in self._return:
            if data.bars.contains_key(symbol):
                self._watch.arrived(symbol.value)
        if self.is_warming_up or not data.bars.contains_key(self._benchmark):
            return
        self._days_left -= 1
        if self._days_left <= 0 and self._return[self._benchmark].is_ready:
            self._days_left = self._rebalance_days
            self._rebalance([symbol for symbol in self._stocks if data.bars.contains_key(symbol)])

    def on_end_of_algorithm(self) -> None:
        self._watch.report()

    def _rebalance(self, traded: list[Symbol]) -> None:
        """Sells and buys among the stocks that have a bar today."""
        hurdle = self._return[self._benchmark].current.value
        stronger = [s for s in traded if self._return[s].is_ready and self._return[s].current.value > hurdle]
        stronger.sort(key=lambda symbol: self._return[symbol].current.value, reverse=True)
        leaders = stronger[: self._number_held]

        places = self._number_held
        for symbol in self._stocks:
            if self._positions.is_open(symbol) and symbol in traded and symbol not in leaders:
                self._positions.leave(symbol, "no longer a leader")
            else:
                places -= self._positions.taken([symbol])
        for symbol in leaders:
            if places > 0 and not self._positions.is_open(symbol) and self._positions.enter(symbol, "leader"):
                places -= 1
