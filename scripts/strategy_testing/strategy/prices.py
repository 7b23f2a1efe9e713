"""The daily prices in the lean workspace's data folder, and the period that they cover.

LEAN runs past the end of its prices in silence: what it then reports is diluted by years without a trade.
"""

import zipfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path

from strategy_testing.files import opened, read_bytes

TOLERANCE = timedelta(days=7)
"""Weekends and holidays at both ends of a period."""
_PRICE_SCALE = 10_000
_FACTOR_FILES = "equity/usa/factor_files"


@dataclass(frozen=True)
class DailyPrices:
    """The first and the last day of a ticker's daily prices."""

    first: date
    last: date


@dataclass(frozen=True)
class PriceFinding:
    """Why a ticker's prices do not serve a period."""

    ticker: str
    text: str
    prices: DailyPrices | None = None
    """Those that begin late or end early; None where there are none to be read."""

    def __str__(self) -> str:
        """`SPY: its daily prices end on 2021-03-31, …`."""
        return f"{self.ticker}: {self.text}"


class PriceDataError(Exception):
    """A file cannot be read; the message names it and says why."""


class Market(Enum):
    """Where LEAN looks for the daily prices of what a strategy subscribes to, below the data folder."""

    EQUITY = "equity/usa/daily"
    INDEX = "index/usa/daily"

    def folder(self, data: Path) -> Path:
        """Of all its daily prices."""
        return data / self.value


def daily_prices(file: Path) -> DailyPrices | None:
    """The period of one ticker's daily prices; None without a file.

    Raises:
        PriceDataError: the file is not a zip of one CSV whose lines begin with a date.
    """
    with _readable(file):
        if not file.is_file():
            return None
        lines = _lines(file)
        return DailyPrices(_day(lines[0].split()[0]), _day(lines[-1].split()[0]))  # `20210331 00:00,…`


def adjusted_closes(data: Path, ticker: str) -> list[tuple[date, float]]:
    """The daily closes of a US stock, dollars, adjusted for splits and dividends as LEAN adjusts them.

    As in LEAN, a stock without a factor file is not adjusted; then its dividends are missing.

    Args:
        data: the data folder.
        ticker: of either case.

    Raises:
        PriceDataError: there are no prices, or a file is not what LEAN writes.
    """
    file = Market.EQUITY.folder(data) / f"{ticker.lower()}.zip"
    with _readable(file):
        if not file.is_file():
            raise PriceDataError(f"no daily prices in {file}")
    with _readable(data / _FACTOR_FILES):
        factors = [*_factors(data / _FACTOR_FILES, ticker.lower()), (date.max, 1.0)]
    last_days = [day for day, _ in factors]
    with _readable(file):
        rows = [line.split(b",") for line in _lines(file)]
        closes = [(_day(row[0].split()[0]), int(row[4]) / _PRICE_SCALE) for row in rows]
    return [(day, close * factors[bisect_left(last_days, day)][1]) for day, close in closes]


def _factors(folder: Path, ticker: str) -> list[tuple[date, float]]:
    """The last day on which a factor holds, and the factor, in order; nothing where there are none."""
    file = folder / f"{ticker}.csv"
    archives = sorted(folder.glob("factor_files_*.zip"))  # as the US Equity Security Master comes
    with _readable(file if file.is_file() or not archives else archives[-1]):
        content = b""
        if file.is_file():
            content = read_bytes(file)
        elif archives:
            with zipfile.ZipFile(archives[-1]) as archive:
                content = archive.read(file.name) if file.name in archive.namelist() else b""
        rows = [line.split(b",") for line in content.splitlines() if line[:8].isdigit()]
        return sorted((_day(row[0]), float(row[1]) * float(row[2])) for row in rows)


def _lines(file: Path) -> list[bytes]:
    """Of the one CSV in a zip."""
    with opened(file) as content, zipfile.ZipFile(content) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(names) != 1:
            raise PriceDataError(f"{file} holds {len(names)} CSV files where one is wanted")
        return [line for line in archive.read(names[0]).splitlines() if line.strip()]


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    """What goes wrong with a file's content becomes an error that names the file."""
    try:
        yield
    # zipfile raises the third for a compression that it does not know, and the fourth for an encrypted file.
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, IndexError) as error:
        raise PriceDataError(f"{file} cannot be read: {error or 'it is empty'}") from None


def _day(text: bytes) -> date:
    return datetime.strptime(text.decode("ascii"), "%Y%m%d").date()


def price_findings(folder: Path, tickers: Iterable[str], start: date | None, end: date | None) -> list[PriceFinding]:
    """What is missing of the tickers' daily prices between two dates; a date that is None is not looked at."""
    findings = []
    for ticker in sorted(tickers):
        file = folder / f"{ticker.lower()}.zip"
        try:
            prices = daily_prices(file)
        except PriceDataError as error:
            findings.append(PriceFinding(ticker, str(error)))
            continue
        if prices is None:
            findings.append(PriceFinding(ticker, f"no daily prices in {file}"))
            continue
        if start is not None and prices.first > start + TOLERANCE:
            text = f"its daily prices begin on {prices.first}, after start_date {start}"
            findings.append(PriceFinding(ticker, text, prices))
        if end is not None and prices.last < end - TOLERANCE:
            text = f"its daily prices end on {prices.last}, before end_date {end}: LEAN would go on without them"
            findings.append(PriceFinding(ticker, text, prices))
    return findings
