"""Stored runs and results as tables for a terminal. Pure: rows of sql/history.sql in, lines out."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from strategy_testing.database.connection import Row
from strategy_testing.history.runs import Comparison, hidden_parameters
from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN, Unit
from strategy_testing.metrics.figures import format_value, number_of
from strategy_testing.report.tables import Column, table_lines
from strategy_testing.report.tally import clock

_VERDICTS = {True: "passes", False: "rejected", None: "n/a"}
_RUNS = (
    Column("Run", True), Column("Started (UTC)", False, 1), Column("Strategy"), Column("Status"), Column("Done", True),
    Column("Failed", True, 2), Column("Passed", True), Column("Sharpe", True), Column("Took", True, 3),
    Column("Config", False, 4),
)  # fmt: skip
_BEST = (
    Column("#", True), Column("Sharpe", True), Column("Return", True), Column("Excess", True), Column("Drawdown", True),
    Column("Trades", True), Column("Fees", True), Column("DSR", True), Column("Verdict"),
)  # fmt: skip
_FIGURES = ("sharpe_ratio", "compounding_annual_return", "excess_return", "max_drawdown", "total_trades")
_REASONS = (Column("Rejected for"), Column("Combinations", True), Column("Alone", True))
_NEAR_MISSES = (Column("Near miss by", True),)
_INPUTS = {
    "strategy_id": "strategy", "strategy_code_hash": "code of the strategy", "engine_image": "engine's image by name",
    "engine_digest": "engine's image", "lean_version": "LEAN's version", "data_fingerprint": "prices",
    "backtest": "backtest settings", "success_criteria": "criteria", "constraints": "constraints",
}  # fmt: skip


def runs_table(rows: Sequence[Row], width: int | None) -> list[str]:
    """A line for each run, the newest first, and how many there are besides."""
    lines = table_lines(_RUNS, [_run_cells(row) for row in rows], width)
    more = rows[0]["matching"] - len(rows)
    return [*lines, f"and {number_of(more, 'earlier one')}; --limit shows more"] if more else lines


def best_table(
    rows: Sequence[Row], width: int | None, *, hidden: Collection[str], with_run: bool = False
) -> list[str]:  # fmt: skip
    """The best combinations, a line each; the target stands beside the Sharpe ratio where it is another metric.

    Args:
        rows: of best_results.
        width: columns of the terminal.
        hidden: parameters that need not be shown.
        with_run: show strategy and run.
    """
    targets = {(row["target_metric"] or "").rpartition(".")[2] for row in rows} - {""}
    target = next(iter(targets)) if len(targets) == 1 else "Target"
    has_target = any(name.replace(" ", "") != "SharpeRatio" for name in targets)
    columns = [_BEST[0], *([Column("Run", True)] if with_run else []), *([Column(target, True)] if has_target else [])]
    cells = [
        [
            str(number),
            *([str(row["run"])] if with_run else []),
            *([_figure(row["target_value"], "sharpe_ratio")] if has_target else []),
            *(_figure(row[column], column) for column in _FIGURES),
            "n/a" if row["total_fees"] is None else format_value(row["total_fees"], Unit.DOLLARS, 0),
            "n/a" if row["deflated_sharpe"] is None else format_value(row["deflated_sharpe"], Unit.FRACTION, 0),
            _VERDICTS[row["meets_criteria"]],
        ]
        for number, row in enumerate(rows, 1)
    ]
    notes = [parameters(row["parameters"], hidden) for row in rows]
    if with_run:
        notes = [f"{row['strategy']}: {note}" for row, note in zip(rows, notes, strict=True)]
    return table_lines([*columns, *_BEST[1:]], cells, width, notes)


def reasons_table(rows: Sequence[Row], width: int | None) -> list[str]:
    """Why combinations were rejected, the most frequent reason first."""
    return table_lines(_REASONS, [[row["reason"], str(row["combinations"]), str(row["alone"])] for row in rows], width)


def near_misses_table(rows: Sequence[Row], width: int | None, *, hidden: Collection[str]) -> list[str]:
    """The combinations that come closest to passing, with how far they are from the limit that they miss by most."""
    notes = [f"{parameters(row['parameters'], hidden)}: {'; '.join(row['rejection_reasons'])}" for row in rows]
    distances = [[format_value(row["distance"], Unit.FRACTION)] for row in rows]
    return table_lines(_NEAR_MISSES, distances, width, notes)


def comparison_lines(compared: Comparison, width: int | None) -> list[str]:
    """What differs between two runs, and their combinations side by side."""
    numbers = [run["id"] for run in (compared.first, compared.second)]
    lines = [f"run {run['id']}: {run['strategy']}, {run['started_at']:%Y-%m-%d %H:%M} UTC, {run['status']}"
             for run in (compared.first, compared.second)]  # fmt: skip
    one, other = compared.inputs
    differ = [what for column, what in _INPUTS.items() if one[column] != other[column]]
    lines.append(f"differ in: {', '.join(differ) or 'nothing that is stored'}")
    rows = compared.combinations
    both = [row for row in rows if row["in_first"] and row["in_second"]]
    same = sum(row["is_same"] for row in both)
    lines.append(f"{number_of(len(both), 'combination')} in both, {same} with the same trades")
    for number, has, lacks in ((numbers[0], "in_first", "in_second"), (numbers[1], "in_second", "in_first")):
        only = sum(row[has] and not row[lacks] for row in rows)
        lines += [f"{number_of(only, 'combination')} in run {number} only"] if only else []
    if not both:
        return lines
    columns = [Column("#", True)]
    for what, _, expendable in _COMPARED:
        columns += [Column(f"{what} {number}", True, expendable) for number in numbers]
        columns += [Column("Change", True)] if what == "Sharpe" else []
    columns += [Column(f"Verdict {number}") for number in numbers]
    hidden = {*hidden_parameters(compared.first)} & {*hidden_parameters(compared.second)}
    cells = [[str(number), *_compared_cells(row)] for number, row in enumerate(both, 1)]
    return [*lines, "", *table_lines(columns, cells, width, [parameters(row["parameters"], hidden) for row in both])]


_COMPARED = (
    ("Sharpe", "sharpe_ratio", 0), ("Return", "compounding_annual_return", 1), ("Drawdown", "max_drawdown", 2),
    ("Trades", "total_trades", 3),
)  # fmt: skip
"""Head, column, and how expendable it is."""


def _compared_cells(row: Row) -> list[str]:
    cells = []
    for what, column, _ in _COMPARED:
        first, second = row[f"first_{what.lower()}"], row[f"second_{what.lower()}"]
        cells += [_figure(first, column), _figure(second, column)]
        if what == "Sharpe":
            known = first is not None and second is not None
            cells.append(f"{second - first:+.2f}" if known else "n/a")
    for which in ("first", "second"):
        is_failed = row[f"{which}_status"] == "failed"
        cells.append("failed" if is_failed else _VERDICTS[row[f"{which}_meets"]])
    return cells


def parameters(values: Mapping[str, str], hidden: Collection[str]) -> str:
    """`exit_threshold=65, rsi_period=14`."""
    return ", ".join(f"{name}={value}" for name, value in sorted(values.items()) if name not in hidden) or "none"


def took(seconds: Decimal | float | None) -> str:
    """`01:02:03`, or n/a."""
    return "n/a" if seconds is None else clock(float(seconds))


def _run_cells(row: Row) -> list[str]:
    done = row["completed"] + row["failed"]
    return [
        str(row["id"]),
        f"{row['started_at']:%Y-%m-%d %H:%M}",
        row["strategy"],
        row["status"],
        str(done) if row["combinations"] is None else f"{done}/{row['combinations']}",
        str(row["failed"]),
        "n/a" if row["passed"] is None else str(row["passed"]),
        _figure(row["sharpe_ratio"], "sharpe_ratio"),
        took(row["seconds"]),
        row["config_file"] or "",
    ]


def _figure(value: Decimal | int | None, column: str) -> str:
    return "n/a" if value is None else format_value(Decimal(value), METRIC_BY_COLUMN[column].unit)
