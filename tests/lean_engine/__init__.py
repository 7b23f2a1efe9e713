"""A small fake of LEAN, to test the rules of daily strategies on made prices.

    market = Market(days=200, first="2014-01-02")
    market.equity("SPY", closes=flat(100, 100) + ramp(100, 80, 100))
    result = run_strategy("RSI_MeanReversion_ETF", market, {"tickers": "SPY"}, first_day=60)
    assert [order.tag for order in result.orders] == ["oversold", "stop loss"]

It carries out what LEAN does with daily bars and an Interactive Brokers margin account; its names and arguments are
held against LEAN's type stubs at every call:
- TypeError: LEAN has no overload which takes these arguments;
- AttributeError, NameError: LEAN has no such thing;
- NotCarriedOutError: LEAN has it, this fake does not carry it out. A test must not pass over it.

Moments of a day, New York time; `on_data` is called where there is data:
- 00:00 universes (fundamentals, alternative data), rolls of futures, alternative data;
- 16:00 equities, 16:15 indices, 17:00 futures: prices, fills, indicators, then the strategy.

Orders:
- an equity's order fills at the open of its next bar; the fake's time of the fill is that bar's end, as LEAN's is;
- a future's market order fills at the close of the bar at which it is given; one given before (at a roll's midnight)
  at the open of the next bar. LEAN takes no market-on-open order for futures, and so no set_holdings at their close;
- a constant slippage makes a fill worse by a part of that bar's close;
- a new contract has no price, and takes no order, before its first bar.

Data:
- classes of alternative data sets (EODHDUpcomingEarnings) are there, with the points that `Market.custom` gave or
  without any; `run_strategy(..., without=["EODHDUpcomingEarnings"])` is an engine that lacks the library;
- a security which the market does not have is subscribed and never gets a bar, as in LEAN;
- a company's price and dollar volume are those of its last bar; it is in no universe before its first.

Not carried out, among others: history, scheduled events, intraday data, options, splits and dividends (LEAN trades
adjusted prices), margin calls, the expiry of a future that is still held.
"""

from lean_engine.market import Market
from lean_engine.runner import Order, RunResult, run_strategy
from lean_engine.series import flat, ramp

__all__ = ["Market", "Order", "RunResult", "flat", "ramp", "run_strategy"]
