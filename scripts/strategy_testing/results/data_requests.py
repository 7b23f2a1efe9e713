"""Which data files LEAN asked for in a backtest, by the lists that it leaves beside the results."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.files import read_text

_SUCCEEDED = "succeeded-data-requests-*.txt"
_FAILED = "failed-data-requests-*.txt"
_RESOLUTIONS = {"tick", "second", "minute", "hour", "daily"}
_ADJUSTING = ("factor_files", "map_files")
"""Folders of a stock market with the splits, dividends and names of each ticker."""


@dataclass(frozen=True)
class DataRequest:
    """One price file that LEAN looked for."""

    asset_class: str
    """equity, index, future …"""
    market: str
    """usa, cme …"""
    resolution: str
    """tick, second, minute, hour or daily."""
    ticker: str
    """Small letters; for a future with the kind of its data: `es_trade`."""
    path: str
    """Below the data folder: `equity/usa/daily/spy.zip`."""

    @property
    def name(self) -> str:
        """The ticker as people write it, whatever its data: SPY, ES."""
        return self.ticker.partition("_")[0].upper()

    @property
    def is_hourly_stock(self) -> bool:
        """Whether it is of hourly prices of a stock or an ETF."""
        return (self.asset_class, self.resolution) == ("equity", "hour")

    @property
    def is_default_benchmark(self) -> bool:
        """Whether LEAN looks for it beside a strategy's own tickers, where the strategy sets no benchmark."""
        return self.path == "equity/usa/hour/spy.zip"


@dataclass(frozen=True)
class DataRequests:
    """What LEAN found of the prices that it looked for, and what it did not."""

    succeeded: frozenset[DataRequest] = frozenset()
    failed: frozenset[DataRequest] = frozenset()

    @property
    def all(self) -> frozenset[DataRequest]:
        """Of both kinds."""
        return self.succeeded | self.failed

    def beside(self, others: "DataRequests") -> "DataRequests":
        """Those that are not among others."""
        return DataRequests(self.succeeded - others.all, self.failed - others.all)

    @property
    def without_prices(self) -> tuple[str, ...]:
        """The tickers of which nothing at all was found: single days that lack are usual where a file holds one day."""
        found = {each.name for each in self.succeeded}
        return tuple(sorted({each.name for each in self.failed if not each.is_default_benchmark} - found))


def read_data_requests(folder: Path) -> DataRequests:
    """Reads the lists of every backtest at or below a folder; a list that cannot be read counts as absent."""
    return DataRequests(frozenset(_requests(folder, _SUCCEEDED)), frozenset(_requests(folder, _FAILED)))


def parse_data_request(line: str) -> DataRequest | None:
    """Understands `/equity/usa/daily/spy.zip`; None for what holds no prices, such as interest rates and map files."""
    parts = line.strip().strip("/").split("/")
    if len(parts) < 4 or parts[2] not in _RESOLUTIONS or not parts[-1].endswith(".zip"):
        return None
    asset_class, market, resolution, ticker = parts[:4]
    return DataRequest(asset_class, market, resolution, ticker.removesuffix(".zip"), "/".join(parts))


def requested_files(folder: Path) -> frozenset[str]:
    """Every data file that the backtests at or below a folder depend on: paths below the data folder, there or not.

    Beside what LEAN lists these are the factor and the map file of each stock, which it reads without listing them.
    """
    listed = {line.strip().strip("/") for pattern in (_SUCCEEDED, _FAILED) for line in _lines(folder, pattern)} - {""}
    requests = [request for line in listed if (request := parse_data_request(line)) is not None]
    stocks = {(request.market, request.ticker) for request in requests if request.asset_class == "equity"}
    return frozenset(
        listed | {f"equity/{market}/{kind}/{ticker}.csv" for market, ticker in stocks for kind in _ADJUSTING}
    )


def ticker_of(path: str) -> str | None:
    """The ticker, in capitals, whose prices, factors or names a data file holds; None for other data."""
    request = parse_data_request(path)
    if request is not None:
        return request.ticker.upper()
    _, _, kind, name = [*path.split("/"), "", "", "", ""][:4]
    return name.removesuffix(".csv").upper() if kind in _ADJUSTING else None


def _requests(folder: Path, pattern: str) -> Iterator[DataRequest]:
    for line in _lines(folder, pattern):
        request = parse_data_request(line)
        if request is not None:
            yield request


def _lines(folder: Path, pattern: str) -> Iterator[str]:
    for file in folder.rglob(pattern):
        with contextlib.suppress(OSError):
            yield from read_text(file, errors="replace").splitlines()
