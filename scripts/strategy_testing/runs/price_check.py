"""Whether the daily prices that LEAN looked for cover the period that the config asks for."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.config.model import BacktestSettings
from strategy_testing.results.data_requests import DataRequest
from strategy_testing.strategy.prices import Market, price_findings
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


def price_warnings(
    requests: Collection[DataRequest], requested: BacktestSettings, workspace: Path
) -> list[PriceWarning]:
    """Warnings for people; an empty list where all is well.

    Only daily prices of US stocks and indices are looked into, in the data folder that the workspace's lean.json names.

    Args:
        requests: what LEAN looked for, found or not.
        requested: the period that the config asks for.
        workspace: the lean workspace.
    """
    wanted = {market: {each.ticker.upper() for each in requests if _is_of(each, market)} for market in Market}
    markets = [market for market in Market if wanted[market]]
    file = lean_config_file(workspace)
    if file is None or not markets:
        return []
    try:
        data = data_folder(file)
    except LeanConfigError as error:
        return [PriceWarning(str(error), "fix the file, or make it anew with `lean init`")]
    missing = [str(market.folder(data)) for market in markets if not market.folder(data).is_dir()]
    if missing:
        return [PriceWarning(f"there is no folder {' nor '.join(missing)}", GET_PRICES)]
    return [
        PriceWarning(str(finding), GET_PRICES, finding.prices is not None)
        for market in markets
        for finding in price_findings(market.folder(data), wanted[market], requested.start_date, requested.end_date)
    ]


def _is_of(request: DataRequest, market: Market) -> bool:
    return request.path.rpartition("/")[0] == market.value
