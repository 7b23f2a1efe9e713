"""The daily prices in the lean workspace's data folder, and the period that they cover.

LEAN runs past the end of its prices in silence: what it then reports is diluted by years without a trade.
"""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path

TOLERANCE = timedelta(days=7)
"""Weekends and holidays at both ends of a period."""


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
    if not file.is_file():
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise PriceDataError(f"{file} holds {len(names)} CSV files where one is wanted")
            lines = archive.read(names[0]).split(b"\n")
        days = [line.split()[0] for line in lines if line.strip()]  # `20210331 00:00,…`
        return DailyPrices(_day(days[0]), _day(days[-1]))
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
