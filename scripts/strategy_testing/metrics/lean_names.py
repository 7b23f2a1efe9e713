"""What LEAN's optimizer calls a metric: names as people write them, and the paths that it compares as numbers."""

import difflib
import re
from functools import cache

from strategy_testing.metrics.catalogue import METRICS, PORTFOLIO_PATH, TRADES_PATH, Metric

METRIC_BY_PATH = {metric.lean_path.lower(): metric for metric in METRICS if metric.lean_path}
"""The metrics that LEAN's optimizer can compare, by the path in small letters: LEAN looks it up without case."""
OTHER_TRADE_STATISTICS = (
    "TotalFees", "TotalProfitLoss", "TotalProfit", "TotalLoss", "LargestProfit", "LargestLoss", "AverageProfitLoss",
    "AverageProfit", "AverageLoss", "MaxConsecutiveWinningTrades", "ProfitLossRatio", "WinLossRatio", "WinRate",
    "LossRate", "AverageMAE", "AverageMFE", "LargestMAE", "LargestMFE", "MaximumClosedTradeDrawdown",
    "MaximumIntraTradeDrawdown", "ProfitLossStandardDeviation", "ProfitLossDownsideDeviation", "SharpeRatio",
    "SortinoRatio", "ProfitToMaxDrawdownRatio", "MaximumEndTradeDrawdown", "AverageEndTradeDrawdown",
)  # fmt: skip
"""What of a result's trade statistics it can compare beside the catalogue's metrics; the fees of closed trades are not
those of the catalogue, which count open positions too."""
_OPTIMIZER_PATHS = METRIC_BY_PATH.keys() | {(TRADES_PATH + name).lower() for name in OTHER_TRADE_STATISTICS}


class UnknownMetricError(ValueError):
    """A metric that LEAN's optimizer cannot use; the message says what to use instead."""


@cache
def optimizer_path(name: str) -> str:
    """The path in a result's JSON that LEAN's optimizer compares for a metric name as people write it.

    Args:
        name: "Sharpe Ratio", "PSR", "Total Trades", … or a dotted path.

    Raises:
        UnknownMetricError: LEAN would accept the name in silence and never reach it.
    """
    if "." in name:
        if name.lower() in _OPTIMIZER_PATHS:
            return name
        same_figure = next((m for m in METRICS if m.lean_path and name.rsplit(".", maxsplit=1)[-1] in m.names), None)
        if same_figure is not None:
            raise UnknownMetricError(f"{name} is no number in LEAN's results; use {same_figure.lean_path}")
        close = difflib.get_close_matches(name.lower(), sorted(_OPTIMIZER_PATHS), 1, 0.6)
        known = {metric.lean_path.lower(): metric.lean_path for metric in METRICS if metric.lean_path}
        hint = f"did you mean {known.get(close[0], close[0])}?" if close else "use a name such as Sharpe Ratio"
        raise UnknownMetricError(f"{name} is no number in LEAN's results; {hint}")
    wanted = _folded(name)
    for metric in METRICS:
        if wanted in {_folded(known) for known in (*metric.names, metric.column)}:
            if metric.lean_path is None:
                raise UnknownMetricError(f"{name} cannot steer an optimization: {metric.instead}")
            return metric.lean_path
    names = {_folded(known): known for metric in METRICS for known in metric.names if metric.lean_path}
    close = difflib.get_close_matches(wanted, sorted(names), 1, 0.6)
    hint = f"did you mean {names[close[0]]}?" if close else "use a name of LEAN's report, such as Sharpe Ratio"
    raise UnknownMetricError(f"{name} is not a metric of LEAN's; {hint}")


def name_for_lean_cli(name: str) -> str:
    """The metric as `lean optimize --target` and `--constraint` must be given it.

    The CLI turns a name without a dot into TotalPerformance.PortfolioStatistics.<TitleCase without blanks>. A name
    that comes out right is passed as people know it; for any other the path is given instead.
    """
    path = optimizer_path(name)
    if "." in name:
        return path
    spaced = re.sub(r"([A-Z])", r" \1", name)
    as_cli_reads_it = PORTFOLIO_PATH + spaced.title().replace(" ", "")
    return name if as_cli_reads_it == path else path


def comparable_metric(name: str) -> tuple[str, Metric | None]:
    """The path of a metric in small letters, and the catalogue's metric there; None for other trade statistics.

    Args:
        name: as for optimizer_path, whose error it raises.
    """
    path = optimizer_path(name).lower()
    return path, METRIC_BY_PATH.get(path)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
