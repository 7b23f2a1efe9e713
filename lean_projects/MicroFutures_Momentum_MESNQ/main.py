from __future__ import annotations

from AlgorithmImports import *

from daily_strategy.account import open_account
from daily_strategy.data_gaps import DataWatch
from daily_strategy.parameters import number, whole_number, words


class _Market:
    """One future: its continuous series with the indicators, and the contract that is traded."""

    def __init__(
        self,
        ticker: str,
        future: Future,
        fast: ExponentialMovingAverage,
        slow: ExponentialMovingAverage,
        atr: AverageTrueRange,
    ) -> None:
        self.ticker = ticker
        self.future = future
        self.fast = fast
        self.slow = slow
        self.atr = atr
        self.contract: Symbol | None = None
        """In which the position is, or was."""
        self.best_close = 0.0
        """The most favourable close of the continuous series since the entry, points."""

    def is_ready(self) -> bool:
        """Whether the averages were so the day before too: one is 0 until it is ready, which looks like a crossing."""
        return self.slow.samples > self.slow.warm_up_period and self.atr.is_ready

    def crossing(self) -> int:
        """1 where the fast average has crossed above the slow one today, -1 where below, else 0."""
        before = self.fast.previous.value - self.slow.previous.value
        now = self.fast.current.value - self.slow.current.value
        if before <= 0 < now:
            return 1
        if now < 0 <= before:
            return -1
        return 0


class MicroFuturesMomentumMesnq(QCAlgorithm):
    """Follows the crossing of two exponential averages in micro E-mini futures, long and short, with an ATR stop.

    Hypothesis: index futures keep their direction for days after the fast average crosses the slow one; a stop a few
    average true ranges away cuts the failures short.

    Rules, each future for itself, decided at the daily close (17:00 New York time). LEAN fills a future's market order
    on daily bars at once at that close; a real one would be filled when trading resumes at 18:00:
    - hold one contract long from the close at which the fast average has crossed above the slow one, one contract short
      from the close at which it has crossed below; the opposite crossing turns the position round;
    - close the position when the close is more than atr_stop_multiplier average true ranges worse than the best close
      since the entry (a trailing stop, judged at the close, so a fill can lie beyond it), and wait for the next
      crossing;
    - when LEAN maps the continuous series to a new contract, close the old contract and open the new one.
    Each future has an equal part of the account; it is entered only where that covers the initial margin of a contract,
    and the log says once for each future where it did not.

    Parameters:
    - ema_fast, ema_slow: days of the two averages, whole numbers; defaults 12 and 34; the fast one must be shorter
    - atr_stop_multiplier: average true ranges between the best close and the stop; default 2.5
    - atr_period: days of Wilder's average true range, a whole number; default 14
    - tickers: micro futures of the CME, separated by "|"; default MES|MNQ
    - start_date, end_date: YYYY-MM-DD; defaults 2020-03-02 and 2024-12-31
    - initial_capital: dollars; default 5000. $1,000 is too little: by LEAN's table the margin of one contract was $792
      to $1,320 (MES) and $935 to $1,870 (MNQ) in that time, and a point is worth $5 and $2.

    Data: LEAN's continuous contracts, mapped by open interest and adjusted backwards by ratio, daily, from four slow
    averages before start_date (trading began on 2019-05-06), from the data set "US Futures"
    (`lean data download --dataset "US Futures"`), which LEAN's sample data do not contain for MES and MNQ. Below
    data/future/cme LEAN reads daily/mes_trade.zip, map_files/mes.csv and factor_files/mes.csv, and the margins from
    margins/MES.csv. Without a future's data it is not traded, and the log says so.
    """

    def initialize(self) -> None:
        open_account(self, start="2020-03-02", end="2024-12-31", capital=5000)
        fast = whole_number(self, "ema_fast", 12)
        slow = whole_number(self, "ema_slow", 34)
        if fast >= slow:
            raise ValueError(f"ema_fast {fast} must be shorter than ema_slow {slow}")
        self._stop_multiplier = number(self, "atr_stop_multiplier", 2.5)
        atr_period = whole_number(self, "atr_period", 14)

        tickers = words(self, "tickers", "MES|MNQ")
        self._markets: list[_Market] = []
        for ticker in tickers:
            future = self.add_future(
                ticker,
                Resolution.DAILY,
                fill_forward=False,
                data_mapping_mode=DataMappingMode.OPEN_INTEREST,
                data_normalization_mode=DataNormalizationMode.BACKWARDS_RATIO,
                contract_depth_offset=0,
            )
            self._markets.append(
                _Market(
                    ticker,
                    future,
                    self.ema(future.symbol, fast, Resolution.DAILY),
                    self.ema(future.symbol, slow, Resolution.DAILY),
                    self.atr(future.symbol, atr_period, MovingAverageType.WILDERS, Resolution.DAILY),
                )
            )
        self._short_of_margin: set[str] = set()
        self._watch = DataWatch(
            self,
            {
                f"continuous {ticker}": f"data/future/cme/daily/{ticker.lower()}_trade.zip and its map and factor files"
                for ticker in tickers
            },
        )
        # Averages remember beyond their period: four periods let the start values fade.
        self.set_warm_up(4 * max(slow, atr_period), Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        for market in self._markets:
            symbol = market.future.symbol
            bar = data.bars.get(symbol)
            if bar is None:
                continue
            self._watch.arrived(f"continuous {market.ticker}")
            if not self.is_warming_up and market.is_ready():
                self._decide(market, bar.close)

    def on_end_of_algorithm(self) -> None:
        self._watch.report()

    def _decide(self, market: _Market, close: float) -> None:
        """Gives the day's orders for one future; the close is the continuous series', points."""
        held = self._held(market)
        direction = market.crossing()
        if direction not in (0, held):
            # A position that is turned round frees the margin that the new one needs.
            if held or self._has_margin(market):
                market.best_close = close
                self._move(market, direction, "crossed above" if direction > 0 else "crossed below")
        elif held:
            market.best_close = max(market.best_close, close) if held > 0 else min(market.best_close, close)
            if held * (market.best_close - close) > self._stop_multiplier * market.atr.current.value:
                self._move(market, 0, "ATR stop")
            elif market.contract != market.future.mapped:
                self._move(market, held, "roll")

    def _held(self, market: _Market) -> int:
        """Contracts held: 1, 0 or -1."""
        return 0 if market.contract is None else int(self.portfolio[market.contract].quantity)

    def _has_margin(self, market: _Market) -> bool:
        """Whether the future's part of the account covers the initial margin of one contract."""
        part = 1 / len(self._markets)
        if self.securities[market.future.mapped].price == 0:  # a new contract before its first bar
            return False
        if self.calculate_order_quantity(market.future.mapped, part) >= 1:
            return True
        if market.ticker not in self._short_of_margin:
            self._short_of_margin.add(market.ticker)
            dollars = part * self.portfolio.total_portfolio_value
            self.log(f"{market.ticker} not traded: its part, ${dollars:.2f}, does not cover the margin of a contract")
        return False

    def _move(self, market: _Market, target: int, reason: str) -> None:
        """Goes from the contract held to the target number of the mapped contract."""
        mapped = market.future.mapped
        if market.contract is not None and market.contract != mapped:
            self._trade(market.contract, 0, reason)
        self._trade(mapped, target, reason)
        market.contract = mapped

    def _trade(self, contract: Symbol, target: int, reason: str) -> None:
        """Orders what is missing to the target number of a contract.

        Market orders: LEAN refuses market-on-open orders for futures, which `Positions` would give at the close.
        """
        quantity = target - self.portfolio[contract].quantity
        if quantity != 0:
            self.market_order(contract, quantity, tag=reason)
