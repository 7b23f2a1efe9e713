"""What all trials of a strategy tell of one backtest."""

from typing import NamedTuple


class LuckOfResult(NamedTuple):
    """Figures by the columns of backtest_results; None where one is not known. luck/ computes them."""

    daily_skewness: float | None = None
    daily_kurtosis: float | None = None
    psr: float | None = None
    min_track_record_years: float | None = None
    deflated_sharpe: float | None = None
    deflated_sharpe_independent: float | None = None
    plateau: float | None = None
    worst_step: float | None = None
    on_edge: bool | None = None
    daily_sharpe_low: float | None = None
    daily_sharpe_high: float | None = None


LUCK_COLUMNS = (*LuckOfResult._fields, "pbo", "spa_p")
"""Of all that is told of a result; the last two stand in its run's row."""
