"""Which data files LEAN asked for in a backtest, by the lists that it leaves beside the results."""

import contextlib
import os
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from strategy_testing.files import read_text

_SUCCEEDED = "succeeded-data-requests-"
_FAILED = "failed-data-requests-"
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
    lists = _lists(folder)
    return DataRequests(
        *(frozenset(each for text in lists[kind] for each in _requests(text)) for kind in (_SUCCEEDED, _FAILED))
    )


@cache
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
    texts = {text for texts in _lists(folder).values() for text in texts}
    listed = {line.strip().strip("/") for text in texts for line in text.splitlines()} - {""}
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


@lru_cache
def _requests(text: str) -> frozenset[DataRequest]:
    """Of one list; backtests of one run mostly have the same."""
    return frozenset(request for line in text.splitlines() if (request := parse_data_request(line)) is not None)


def _lists(folder: Path) -> dict[str, set[str]]:
    """The texts of both kinds of list."""
    found: dict[str, set[str]] = {_SUCCEEDED: set(), _FAILED: set()}
    for at, _, names in os.walk(folder):
        for name in names:
            kind = next((kind for kind in found if name.startswith(kind) and name.endswith(".txt")), None)
            if kind is not None:
                with contextlib.suppress(OSError):
                    found[kind].add(read_text(Path(at, name), errors="replace"))
    return found
