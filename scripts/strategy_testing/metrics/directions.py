"""Which way a metric is better."""

from strategy_testing.metrics.catalogue import Metric

_BETTER_LARGE = {
    "sharpe_ratio", "sortino_ratio", "probabilistic_sharpe_ratio", "total_return", "compounding_annual_return",
    "win_rate", "avg_win", "profit_loss_ratio", "gross_profit_factor", "expectancy", "end_equity", "alpha",
    "information_ratio", "treynor_ratio",
}  # fmt: skip
_BETTER_SMALL = {
    "max_drawdown", "drawdown_recovery_days", "loss_rate", "gross_losing_trades",
    "gross_max_consecutive_losing_trades", "total_fees", "annual_std_dev", "annual_variance",
}  # fmt: skip


def better_direction(metric: Metric) -> str | None:
    """max or min: what an optimization that looks for better results does with it; None where neither is clear."""
    return "max" if metric.column in _BETTER_LARGE else "min" if metric.column in _BETTER_SMALL else None
