"""Whether the windows of a walk-forward analysis are long enough to warm up in, and within the prices on disk."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.errors import ExitCode
from strategy_testing.lean.prerequisites import Check
from strategy_testing.strategy.prices import TOLERANCE, DailyPrices, Market, PriceDataError, daily_prices
from strategy_testing.strategy.warm_up import named_tickers, warm_up_bars
from strategy_testing.strategy.workspace import LeanConfigError, data_folder, lean_config_file
from strategy_testing.walk_forward.analysis import weekdays

_NAME = "windows"


def check_windows(config: OptimizationConfig, sources: Mapping[str, str], workspace: Path) -> list[Check]:
    """What is wrong with the windows; nothing for one optimization.

    Args:
        config: what would be run.
        sources: of the strategy, texts by path; what they do not plainly say is passed over.
        workspace: whose data folder has the daily prices.
    """
    return [] if config.walk_forward is None else [*_too_short(config, sources), *_beyond(config, sources, workspace)]


def _too_short(config: OptimizationConfig, sources: Mapping[str, str]) -> Iterator[Check]:
    largest = {
        parameter.name: max(numbers)
        for parameter in config.search.parameters
        if (numbers := [value for value in parameter.values if isinstance(value, Decimal)])
    }
    bars = warm_up_bars(sources, largest)
    assert config.walk_forward is not None  # its caller has seen to it  # noqa: S101
    for window in config.walk_forward.windows:
        days = len(weekdays(window.in_sample))
        if bars is not None and days < bars:
            detail = f"in-sample {window.in_sample} has {days} weekdays, and the strategy warms up for {bars} days"
            yield _failed(detail, "lengthen the in-sample part, or shorten the strategy's periods")
            return


def _beyond(config: OptimizationConfig, sources: Mapping[str, str], workspace: Path) -> Iterator[Check]:
    prices = _prices(config, sources, workspace)
    if not prices:
        return
    first, last = min(each.first for each in prices), max(each.last for each in prices)
    assert config.walk_forward is not None  # as above  # noqa: S101
    for window in config.walk_forward.windows:
        for part, period in (("in-sample", window.in_sample), ("out-of-sample", window.out_of_sample)):
            if period.start < first - TOLERANCE or period.end > last + TOLERANCE:
                detail = f"window {window.number}: {part} {period} is beyond the daily prices, {first} to {last}"
                yield _failed(detail, "get the prices with `lean data download`, or choose other windows")
                return


def _prices(config: OptimizationConfig, sources: Mapping[str, str], workspace: Path) -> list[DailyPrices]:
    """Of what the strategy names, as far as the data folder has it."""
    file = lean_config_file(workspace)
    listed = [str(value) for p in config.search.parameters for value in p.values if p.name in ("ticker", "tickers")]
    tickers = [ticker for value in listed for ticker in value.split("|")] or named_tickers(sources)
    try:
        folder = Market.EQUITY.folder(data_folder(file)) if file else None
        found = [daily_prices(folder / f"{ticker.lower()}.zip") for ticker in tickers] if folder else []
    except (LeanConfigError, PriceDataError):
        return []
    return [prices for prices in found if prices is not None]


def _failed(detail: str, remedy: str) -> Check:
    return Check(_NAME, False, detail, remedy, ExitCode.INVALID_INPUT)
