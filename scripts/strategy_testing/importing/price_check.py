"""Whether the daily prices that LEAN looked for cover the period that the config asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from strategy_testing.config.model import BacktestSettings, OptimizationConfig
from strategy_testing.files import no_access
from strategy_testing.results.data_requests import DataRequest, DataRequests, read_data_requests
from strategy_testing.results.folder import RunFolder
from strategy_testing.strategy.prices import TOLERANCE, Market, PriceDataError, daily_prices, price_findings
from strategy_testing.strategy.workspace import LeanConfigError, data_folder, lean_config_file

GET_PRICES = "get the prices with `lean data download`, or choose tickers and a period that they cover"


@dataclass(frozen=True)
class PriceWarning:
    """What is wrong with the prices, and what to do."""

    cause: str
    remedy: str
    is_too_short: bool = False
    """Whether there are prices, which begin late or end early; else nothing is known of the period."""

    def __str__(self) -> str:
        """`! price data: cause; remedy`."""
        return f"! price data: {self.cause}; {self.remedy}"


def price_warnings(requests: DataRequests, requested: BacktestSettings, workspace: Path) -> list[PriceWarning]:
    """Warnings for people; an empty list where all is well.

    Only daily prices of US stocks and indices are looked into, in the data folder that the workspace's lean.json names.
    What LEAN read and is not there came from elsewhere: nothing is said of it.

    Args:
        requests: what LEAN looked for, found or not.
        requested: the period that the config asks for.
        workspace: the lean workspace.
    """
    daily = [each for each in requests.all if any(_is_of(each, market) for market in Market)]
    file = lean_config_file(workspace)
    if file is None or not daily:
        return []
    try:
        return _warnings(data_folder(file), daily, requests, requested)
    except LeanConfigError as error:
        return [PriceWarning(str(error), "fix the file, or make it anew with `lean init`")]
    except PermissionError as error:
        denied = no_access(error)
        return [PriceWarning(denied.cause, denied.remedy)]


def further_warnings(folder: Path, pilot: Path, requested: BacktestSettings, workspace: Path) -> list[PriceWarning]:
    """As price_warnings, of what the backtests in a run's folder looked for and those in its pilot's did not."""
    return price_warnings(read_data_requests(folder).beside(read_data_requests(pilot)), requested, workspace)


def _warnings(
    data: Path, daily: Sequence[DataRequest], requests: DataRequests, requested: BacktestSettings
) -> list[PriceWarning]:
    known = [each for each in daily if each in requests.failed or (data / each.path).is_file()]
    wanted = {market: {each.ticker.upper() for each in known if _is_of(each, market)} for market in Market}
    markets = [market for market in Market if wanted[market]]
    missing = [str(market.folder(data)) for market in markets if not market.folder(data).is_dir()]
    if missing:
        return [PriceWarning(f"there is no folder {' nor '.join(missing)}", GET_PRICES)]
    return [
        PriceWarning(str(finding), GET_PRICES, finding.prices is not None)
        for market in markets
        for finding in price_findings(market.folder(data), wanted[market], requested.start_date, requested.end_date)
    ]


def short_period(folder: Path, requested: BacktestSettings) -> tuple[date | None, date | None]:
    """The first and the last day of any price that the backtests of a run read, where they miss the asked period.

    None for a day that does not, or of which nobody can tell: only daily prices of US stocks and indices are looked
    into, in the data folder of the run's workspace.

    Args:
        folder: the run's.
        requested: the period that the config asks for.
    """
    file = lean_config_file(folder)
    start, end = requested.start_date, requested.end_date
    if file is None or not (start or end):
        return None, None
    # LEAN asks for hourly prices of a benchmark that the strategy only names.
    read = [each for each in read_data_requests(folder).succeeded if not each.is_hourly_stock]
    if not all(any(_is_of(each, market) for market in Market) for each in read):
        return None, None
    traded = [each for each in read if each.name != (requested.benchmark or "").upper()] or read
    try:
        data = data_folder(file)
        found = [daily_prices(data / each.path) for each in traded]
    except (LeanConfigError, PriceDataError):
        return None, None
    known = [prices for prices in found if prices is not None]
    if not known:
        return None, None
    first, last = min(prices.first for prices in known), max(prices.last for prices in known)
    begins_late = start is not None and first > start + TOLERANCE
    ends_early = end is not None and last < end - TOLERANCE
    return first if begins_late else None, last if ends_early else None


def _is_of(request: DataRequest, market: Market) -> bool:
    return request.path.rpartition("/")[0] == market.value


def noted_period(run: RunFolder, config: OptimizationConfig | None) -> tuple[date | None, date | None]:
    """As short_period, by what the run's manifest has noted, else by its config."""
    noted = run.manifest.prices_from, run.manifest.prices_to
    return noted if config is None or any(noted) else short_period(run.folder.resolve(), config.period)
