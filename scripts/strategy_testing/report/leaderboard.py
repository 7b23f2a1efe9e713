"""Writes the leaderboard for people: a Markdown file, and a table for the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.database.connection import Row
from strategy_testing.files import write_atomically
from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN, Unit
from strategy_testing.metrics.figures import format_value

_HEADERS = (
    "#", "Strategy", "Status", "Best Sharpe", "Annual return", "Drawdown", "Trades", "Win rate", "Fees",
    "Combinations", "Passed", "Failed", "Last run (UTC)", "Best parameters",
)  # fmt: skip


def write_leaderboard(file: Path, rows: Sequence[Row]) -> None:
    """Rewrites the Markdown file; no reader ever sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = (
        "# Strategy leaderboard\n\n"
        "Strategies by their best Sharpe ratio over backtests that did not fail and made a trade.\n"
        "Figures are those of the best backtest; fees are held against its starting capital.\n\n"
        f"{leaderboard_table(rows, 'pipe')}\n"
    )
    write_atomically(file, text)


def leaderboard_table(rows: Sequence[Row], style: str) -> str:
    """The leaderboard in one of tabulate's styles."""
    return tabulate([_cells(row) for row in rows], _HEADERS, tablefmt=style, disable_numparse=True)


def _cells(row: Row) -> list[str]:
    last_run = row["last_run_at"]
    return [
        str(row["rank"]),
        str(row["strategy"]),
        str(row["status"]),
        _figure(row["best_sharpe"], "sharpe_ratio"),
        _figure(row["annual_return"], "compounding_annual_return"),
        _figure(row["max_drawdown"], "max_drawdown"),
        _figure(row["total_trades"], "total_trades"),
        _figure(row["win_rate"], "win_rate"),
        _figure(row["fee_pct"], "fee_pct"),
        str(row["combinations"]),
        str(row["passed"]),
        str(row["failed"]),
        f"{last_run:%Y-%m-%d %H:%M}" if last_run else "",
        _parameters(row["best_parameters"] or {}),
    ]


def _parameters(parameters: Mapping[str, str]) -> str:
    shown = {name: value for name, value in sorted(parameters.items()) if name not in FIXED_PARAMETERS}
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def _figure(value: Any, column: str) -> str:
    if value is None:
        return "n/a"
    unit = METRIC_BY_COLUMN[column].unit
    return str(value) if unit is Unit.COUNT else format_value(value, unit)
