"""Whether the fake of LEAN gives the orders of a recorded grid search, signals too: `make replay-orders`.

The strategy of grid-72 is run in the fake with each of its 72 recorded combinations, on the adjusted daily prices of
SPY, QQQ and IWM of LEAN's sample data (`lean init` lays them into the workspace's data folder), and every order is
compared: ticker, days of submission and fill, quantity, price and tag. It needs the prices that the recording ran on,
those of the sample data up to 2021-03-31; factors of another day give other adjusted prices.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from lean_engine import Market, run_strategy
from lean_engine.market import DayBar
from recorded_orders import CAPITAL, differences, placed, recorded_runs
from support import PROJECT, unpack_recording

TICKERS = ("SPY", "QQQ", "IWM")
FIRST, LAST = date(2012, 1, 3), date(2020, 12, 31)
_WARM_UP = timedelta(days=150)  # more than the 80 bars that the longest RSI asks for
_UNIT = 10_000  # of a dollar, in LEAN's files of prices
_SHOWN = 10  # differences


def main(arguments: list[str]) -> int:
    """Prints how many orders agree, and the first that do not.

    Args:
        arguments: LEAN's data folder; by default lean_projects/data.

    Returns:
        0 if all agree, 1 if some do not, 2 without prices.
    """
    data = Path(arguments[0]) if arguments else PROJECT / "lean_projects" / "data"
    if absent := [str(each) for ticker in TICKERS for each in _files(data, ticker) if not each.is_file()]:
        print(f"No prices: {', '.join(absent)}. Name the folder of LEAN's sample data: make replay-orders DATA=…")  # noqa: T201
        return 2
    market = sample_market(data)
    compared, wrong = 0, []
    with tempfile.TemporaryDirectory(prefix="replay-orders-") as home:
        recording = unpack_recording("grid-72", Path(home))
        dates = {"start_date": str(FIRST), "end_date": str(LAST), "initial_capital": CAPITAL}
        for run in recorded_runs(recording):
            result = run_strategy(recording / "output" / "code", market, dates | run.parameters)
            compared += len(run.orders)
            wrong += differences(run.orders, placed(result, market))
    print(f"{compared} recorded orders compared, {len(wrong)} differences")  # noqa: T201
    for theirs, ours in wrong[:_SHOWN]:
        print(f"LEAN {theirs}\nfake {ours}")  # noqa: T201
    return 1 if wrong or not compared else 0


def sample_market(data: Path) -> Market:
    """The market of LEAN's data folder, adjusted for splits and dividends, from before the warm-up on."""
    bars = {ticker: dict(_adjusted(data, ticker)) for ticker in TICKERS}
    days = sorted(set().union(*bars.values()))
    between = [days[0] + timedelta(each) for each in range((days[-1] - days[0]).days)]
    market = Market(len(days), days[0].isoformat(), sorted(set(between) - set(days)))
    for ticker, by_day in bars.items():
        found = [by_day.get(day) for day in days]
        market.equity(
            ticker,
            closes=[None if each is None else each.close for each in found],
            opens=[None if each is None else each.open for each in found],
            highs=[None if each is None else each.high for each in found],
            lows=[None if each is None else each.low for each in found],
            volumes=[None if each is None else each.volume for each in found],
        )
    return market


def _files(data: Path, ticker: str) -> tuple[Path, Path]:
    usa, name = data / "equity" / "usa", ticker.lower()
    return usa / "daily" / f"{name}.zip", usa / "factor_files" / f"{name}.csv"


def _adjusted(data: Path, ticker: str) -> Iterator[tuple[date, DayBar]]:
    """Bars in dollars; a day's factor is that of the first row of the factor file on or after it, as in LEAN."""
    prices, factors = _files(data, ticker)
    with factors.open(encoding="utf-8", newline="") as lines:
        rows = [(_day(row[0]), Decimal(row[1]) * Decimal(row[2])) for row in csv.reader(lines)]
    with zipfile.ZipFile(prices) as archive, archive.open(f"{ticker.lower()}.csv") as packed:
        for moment, *figures, volume in csv.reader(io.TextIOWrapper(packed, encoding="utf-8")):
            day = _day(moment[:8])
            if FIRST - _WARM_UP <= day <= LAST:
                factor = next(each for last, each in rows if last >= day)
                begin, high, low, close = (float(Decimal(figure) / _UNIT * factor) for figure in figures)
                yield day, DayBar(begin, high, low, close, float(volume))


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
