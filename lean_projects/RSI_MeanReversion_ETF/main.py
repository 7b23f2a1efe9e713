from __future__ import annotations

from datetime import datetime

from AlgorithmImports import *


class RsiMeanReversionEtf(QCAlgorithm):
    """Buys liquid ETFs when they are oversold and sells them when they have recovered.

    Hypothesis: a broad ETF that has fallen fast enough to push its RSI to 30-35 tends to recover within days or weeks.
    Waiting for an RSI below 25 leaves too few trades to judge.

    Rules, each ETF for itself, decided at the daily close and filled at the next open:
    - buy when the RSI is below entry_threshold;
    - sell when the RSI is above exit_threshold, or the close is more than stop_loss_pct below or more than
      profit_target_pct above the average price paid. Stop and target are judged at the close too, so a fill can lie
      beyond them.
    Only whole shares are bought: an ETF whose share costs more than its part of the account is passed over.

    Parameters (fractions: 0.08 is 8 %):
    - rsi_period: days of Wilder's RSI, a whole number; default 14
    - entry_threshold, exit_threshold: RSI levels, 0-100; defaults 30 and 55
    - stop_loss_pct, profit_target_pct: fractions of the price paid; defaults 0.08 and 0.10
    - position_size_pct: fraction of the account put into each ETF; default 0.96 / number of tickers
    - tickers: separated by "|"; default SPY|QQQ|IWM
    - start_date, end_date: YYYY-MM-DD; defaults 2012-01-03 and 2020-12-31
    - initial_capital: dollars; default 5000

    Data: daily US equity bars of every ticker from four RSI periods before start_date to end_date, with their factor
    and map files.
    """

    def initialize(self) -> None:
        self.set_start_date(self._date("start_date", "2012-01-03"))
        self.set_end_date(self._date("end_date", "2020-12-31"))
        self.set_cash(self._number("initial_capital", "5000"))
        # Positions never add up to more than the account: nothing is borrowed, margin only spares settlement days.
        self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.MARGIN)

        period = self._whole_number("rsi_period", "14")
        self._entry_threshold = self._number("entry_threshold", "30")
        self._exit_threshold = self._number("exit_threshold", "55")
        self._stop_loss = self._number("stop_loss_pct", "0.08")
        self._profit_target = self._number("profit_target_pct", "0.10")

        tickers = self.get_parameter("tickers", "SPY|QQQ|IWM").split("|")
        self._weight = self._weight_of_each(tickers)
        self._rsi: dict[Symbol, RelativeStrengthIndex] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY).symbol
            self._rsi[symbol] = self.rsi(symbol, period, MovingAverageType.WILDERS, Resolution.DAILY)
        # Wilder's average remembers beyond its period: four periods let the start values fade.
        self.set_warm_up(period * 4, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        for symbol, rsi in self._rsi.items():
            if not rsi.is_ready or not data.bars.contains_key(symbol):
                continue
            holding = self.portfolio[symbol]
            if not holding.invested:
                if rsi.current.value < self._entry_threshold:
                    self.set_holdings(symbol, self._weight)
                continue
            change = data.bars[symbol].close / holding.average_price - 1
            if rsi.current.value > self._exit_threshold or change < -self._stop_loss or change > self._profit_target:
                self.liquidate(symbol)

    def _weight_of_each(self, tickers: list[str]) -> float:
        # The 4 % left over pay the fees and a higher open.
        weight = self._number("position_size_pct", str(0.96 / len(tickers)))
        if weight * len(tickers) > 1 + 1e-9:
            raise ValueError(f"position_size_pct {weight:g} times {len(tickers)} tickers is more than the account")
        return weight

    def _number(self, name: str, default: str) -> float:
        return float(self.get_parameter(name, default))

    def _whole_number(self, name: str, default: str) -> int:
        # LEAN writes the same value as "14" or "14.0"; 14.5 would be stored as tested although 14 was.
        value = self._number(name, default)
        if value != int(value):
            raise ValueError(f"{name} is {value:g}: a whole number is needed")
        return int(value)

    def _date(self, name: str, default: str) -> datetime:
        return datetime.strptime(self.get_parameter(name, default), "%Y-%m-%d")
