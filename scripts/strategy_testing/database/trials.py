"""The daily returns of stored backtests."""

from strategy_testing.database.connection import Database
from strategy_testing.metrics.daily_returns import DailyReturns, unpack


def returns_of_backtest(database: Database, result_id: int) -> DailyReturns | None:
    """Dates and returns of one stored backtest by its row's number; None where they are not known."""
    packed = database.value("returns_of_backtest", {"id": result_id})
    return None if packed is None else unpack(packed)


def returns_of_run(database: Database, run_id: int) -> dict[int, DailyReturns]:
    """Dates and returns of a run's backtests by their rows' numbers, in their order; without those not known."""
    rows = database.rows("returns_of_run", {"run": run_id})
    return {row["id"]: unpack(row["daily_returns"]) for row in rows}
