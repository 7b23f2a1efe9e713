from __future__ import annotations

from datetime import datetime

from AlgorithmImports import *


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
        self.set_start_date(self._date("start_date", "2012-01-03"))
        self.set_end_date(self._date("end_date", "2020-12-31"))
        self.set_cash(self._number("initial_capital", "5000"))
        # Positions never add up to more than the account: nothing is borrowed, margin only spares settlement days.
        self.set_brokerage_model(BrokerageName.INTERACTIVE_BROKERS_BROKERAGE, AccountType.MARGIN)

        period = self._whole_number("bb_period", "20")
        width = self._number("bb_std_dev", "2")
        self._entry_distance = self._number("entry_distance_pct", "0")
        self._profit_target = self._number("profit_target_pct", "0.03")
        self._stop_loss = self._number("stop_loss_pct", "0.02")

        tickers = self.get_parameter("tickers", "SPY|QQQ|IWM|EEM").split("|")
        self._weight = self._weight_of_each(tickers)
        self._bands: dict[Symbol, BollingerBands] = {}
        for ticker in tickers:
            symbol = self.add_equity(ticker, Resolution.DAILY).symbol
            self._bands[symbol] = self.bb(symbol, period, width, MovingAverageType.SIMPLE, Resolution.DAILY)
        # ETFs bought in a fall that still lasts: after a stop loss the same fall must not be bought again.
        self._used: set[Symbol] = set()
        self.set_warm_up(period, Resolution.DAILY)

    def on_data(self, data: Slice) -> None:
        if self.is_warming_up:
            return
        for symbol, bands in self._bands.items():
            if not bands.is_ready or not data.bars.contains_key(symbol):
                continue
            close = data.bars[symbol].close
            middle = bands.middle_band.current.value
            if close >= middle:
                self._used.discard(symbol)
            holding = self.portfolio[symbol]
            if not holding.invested:
                entry = bands.lower_band.current.value * (1 - self._entry_distance)
                if close < entry and symbol not in self._used:
                    self._used.add(symbol)
                    self.set_holdings(symbol, self._weight)
                continue
            change = close / holding.average_price - 1
            if close > middle or change < -self._stop_loss or change > self._profit_target:
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
        # LEAN writes the same value as "20" or "20.0"; 20.5 would be stored as tested although 20 was.
        value = self._number(name, default)
        if value != int(value):
            raise ValueError(f"{name} is {value:g}: a whole number is needed")
        return int(value)

    def _date(self, name: str, default: str) -> datetime:
        return datetime.strptime(self.get_parameter(name, default), "%Y-%m-%d")
