"""Which price files LEAN asked for in a backtest, by the lists that it leaves beside the results."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SUCCEEDED = "succeeded-data-requests-*.txt"
_FAILED = "failed-data-requests-*.txt"
_RESOLUTIONS = {"tick", "second", "minute", "hour", "daily"}


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


def _requests(folder: Path, pattern: str) -> Iterator[DataRequest]:
    for file in folder.rglob(pattern):
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            request = parse_data_request(line)
            if request is not None:
                yield request
