from __future__ import annotations

from collections import deque
from math import log
from statistics import fmean, stdev

from AlgorithmImports import *

from daily_strategy.account import open_account, position_size
from daily_strategy.parameters import number, whole_number


class StatisticalPairsTrading(QCAlgorithm):
    """Sells the dear one of two related ETFs short and buys the cheap one when their prices have drifted apart.

    Hypothesis: the spread of ETFs that share most of their drivers returns to its mean within weeks, and being long
    and short makes the result independent of the market. Four orders a round trip make fees the main risk.

    The spread is the logarithm of the first ETF's close divided by the second's. Its z-score is today's spread less
    the mean of the lookback_period days before, in standard deviations (of a sample) of those days; today is not part
    of the window. A z-score above 0 means that the first ETF is dear.

    Rules, decided at the daily close of days on which both ETFs have a bar, and filled at the next open:
    - enter when the z-score is at least entry_zscore from 0 but less than stop_zscore: sell the dear ETF short and buy
      the cheap one, each leg worth position_size_pct of the account as nearly as whole shares allow;
    - leave both legs when the z-score is at most exit_zscore from 0 or has changed its sign;
    - leave both legs when the z-score is at least stop_zscore from 0 on the side of the entry. Nothing is entered after
      that until it has been less than entry_zscore from 0.
    Where one share costs more than a leg's part of the account, nothing is entered. Should only one leg be held,
    because the other's order was refused or the broker closed it, it is left at once and the same wait applies.

    Selling short needs a margin account, for which Interactive Brokers asks at least $2,000 of equity. LEAN does not
    check that, nor does it charge for borrowed shares: results from less capital cannot be had in reality.

    Parameters (fractions: 0.48 is 48 %):
    - pair: two tickers separated by "/"; default SPY/QQQ
    - entry_zscore, exit_zscore, stop_zscore: distances from 0 in standard deviations, exit_zscore (0 or more) less than
      entry_zscore, entry_zscore less than stop_zscore; defaults 2, 0.5 and 4
    - lookback_period: days of the mean and deviation, a whole number from 2; default 60
    - position_size_pct: fraction of the account put into each leg, at most 0.5; default 0.48
    - start_date, end_date: YYYY-MM-DD; defaults 2015-01-01 and 2020-12-31
    - initial_capital: dollars; default 1000, enough for one share of either default ETF in each leg until the end of
      2020

    Data: daily US equity bars of both ETFs from lookback_period days before start_date to end_date, with their factor
    and map files. LEAN's sample data hold SPY and QQQ; the prices of XLF and XLE have to be downloaded.
    """

    def initialize(self) -> None:
        open_account(self, start="2015-01-01", end="2020-12-31", capital=1000)
        self._entry = number(self, "entry_zscore", 2)
        self._exit = number(self, "exit_zscore", 0.5)
        self._stop = number(self, "stop_zscore", 4)
        if not 0 <= self._exit < self._entry < self._stop:
            raise ValueError(
                f"exit_zscore {self._exit:g}, entry_zscore {self._entry:g} and stop_zscore {self._stop:g}: "
                "each must be less than the next, and none below 0"
            )
        lookback = whole_number(self, "lookback_period", 60)
        if lookback < 2:
            raise ValueError(f"lookback_period is {lookback}: at least 2 is needed for a deviation")
        self._size = position_size(self, 2)

        pair = self.get_parameter("pair", "SPY/QQQ")
        tickers = pair.split("/")
        if len(tickers) != 2 or not all(tickers) or tickers[0] == tickers[1]:
            raise ValueError(f"pair is '{pair}': two different tickers separated by / are needed")
        self._first, self._second = (
            self.add_equity(ticker, Resolution.DAILY, fill_forward=False).symbol for ticker in tickers
        )
        self._spreads: deque[float] = deque(maxlen=lookback)
        self._waits_for_calm = False
        self._was_too_dear = False
        self.set_warm_up(lookback, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if not data.bars.contains_key(self._first) or not data.bars.contains_key(self._second):
            return
        spread = log(data.bars[self._first].close / data.bars[self._second].close)
        if len(self._spreads) == self._spreads.maxlen and not self.is_warming_up:
            deviation = stdev(self._spreads)
            if deviation > 0:
                self._decide((spread - fmean(self._spreads)) / deviation)
        self._spreads.append(spread)

    def _decide(self, zscore: float) -> None:
        if abs(zscore) < self._entry:
            self._waits_for_calm = False
        # No order waits any more: both ETFs have traded since the last decision.
        held = [symbol for symbol in (self._first, self._second) if self.portfolio[symbol].invested]
        if len(held) == 1:
            self._leave("other leg missing")
            self._waits_for_calm = True
        elif held:
            # Above 0 while the spread is still on the side on which it was entered.
            outward = zscore if self.portfolio[self._first].is_short else -zscore
            if outward <= self._exit:
                self._leave("spread closed")
            elif outward >= self._stop:
                self._leave("stop")
                self._waits_for_calm = True
        elif self._entry <= abs(zscore) < self._stop and not self._waits_for_calm:
            self._enter(dear=self._first if zscore > 0 else self._second)

    def _enter(self, dear: Symbol) -> None:
        cheap = self._second if dear == self._first else self._first
        # Both before either is ordered: a leg without its counterpart would be a bet on the market.
        to_sell = self.calculate_order_quantity(dear, -self._size)
        to_buy = self.calculate_order_quantity(cheap, self._size)
        if to_sell > -1 or to_buy < 1:
            if not self._was_too_dear:
                part = self._size * self.portfolio.total_portfolio_value
                prices = " and ".join(f"{s.value} ${self.securities[s].price:.2f}" for s in (dear, cheap))
                self.log(f"Pair passed over: a share costs {prices}, a leg's part is ${part:.2f}")
            self._was_too_dear = True
            return
        self.market_order(dear, to_sell, tag="dear leg")
        self.market_order(cheap, to_buy, tag="cheap leg")

    def _leave(self, reason: str) -> None:
        for symbol in (self._first, self._second):
            if self.portfolio[symbol].invested:
                self.liquidate(symbol, tag=reason)
