"""One stored run as people read it. Pure: a sheet in, lines out."""

from collections.abc import Iterator
from decimal import Decimal

from strategy_testing.database.connection import Row
from strategy_testing.history.runs import RunSheet, hidden_parameters
from strategy_testing.history.tables import best_table, near_misses_table, reasons_table, took
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value, number_of
from strategy_testing.texts import within


def end_line(sheet: RunSheet, seconds: float | None = None) -> str:
    """`run 7 of RSI: completed in 00:08:34`; the seconds that it took, else those that are stored."""
    run = sheet.run
    time = run["seconds"] if seconds is None else seconds
    within = "" if time is None else f" in {took(time)}"
    return f"run {run['id']} of {run['strategy']}: {run['status']}{within}"


def results_lines(sheet: RunSheet, width: int | None) -> Iterator[str]:
    """The best combinations, and why others were rejected; of a part of an analysis, whose days differ, nothing."""
    hidden = hidden_parameters(sheet.run)
    if sheet.run["part"]:
        return
    if sheet.best:
        yield ""
        target = (sheet.run["target_metric"] or "Sharpe Ratio").rpartition(".")[2]
        yield f"best by {target}{', those that pass first' if sheet.run['passed'] else ''}:"
        yield from best_table(sheet.best, width, hidden=hidden)
    if sheet.reasons:
        yield ""
        yield from reasons_table(sheet.reasons, width)
    if sheet.near_misses:
        yield ""
        yield from near_misses_table(sheet.near_misses, width, hidden=hidden)


def sheet_lines(sheet: RunSheet, width: int | None) -> Iterator[str]:
    """All that is stored of a run, the newest verdicts included."""
    yield from (within(line, width) for line in _facts(sheet.run))
    yield from results_lines(sheet, width)
    if sheet.run["command"]:
        yield ""
        yield from sheet.run["command"].splitlines()


def _facts(run: Row) -> Iterator[str]:
    part = f", the {run['part']} part of walk-forward analysis {run['analysis_id']}" if run["part"] else ""
    batch = f", of batch {run['batch_id']}" if run["batch_id"] else ""
    yield f"run {run['id']} of {run['strategy']}: {run['status']}{part}{batch}"
    if run["error_message"]:
        yield f"why: {run['error_message']}"
    yield f"started {run['started_at']:%Y-%m-%d %H:%M:%S} UTC, took {took(run['seconds'])}"
    passed = "not judged" if run["passed"] is None else f"{run['passed']} passed"
    counts = f"{run['completed']} of {number_of(run['combinations'], 'combination')} completed"
    yield f"{counts}, {run['failed']} failed, {run['reused']} reused, {passed}"
    yield from _about(run)
    yield from _money(run)
    yield from (f"warning: {warning}" for warning in run["warnings"])
    yield from (f"not imported: {problem}" for problem in run["import_problems"])


def _about(run: Row) -> Iterator[str]:
    checked = f", checked: {run['engine_checked']} of {run['combinations']}" if run["engine"] == "warm" else ""
    for name, value in (
        ("search", run["optimization_type"]),
        ("config", run["config_file"]),
        ("folder", run["output_folder"]),
        ("code", run["strategy_code_hash"]),
        ("engine", f"{run['engine']}{checked}" if run["engine"] else None),
        ("engine note", run["engine_note"]),
        ("image", run["engine_image"]),
        ("LEAN", run["lean_version"]),
    ):
        if value:
            yield f"{name}: {value}"


def _money(run: Row) -> Iterator[str]:
    if run["estimated_orders"] is not None or run["average_fees"] is not None:
        estimated, paid = "not estimated", "nothing is known of what was paid"
        if run["estimated_orders"] is not None:
            fees = _dollars(run["estimated_fees"], run["estimated_fee_pct"])
            estimated = f"estimated {run['estimated_orders']} orders and {fees}"
        if run["average_fees"] is not None:
            average = _dollars(run["average_fees"], run["average_fee_pct"])
            worst = _dollars(run["worst_fees"], run["worst_fee_pct"])
            paid = f"average {run['average_orders']:.0f} orders and {average}, worst {worst}"
        yield f"fees: {estimated}; {paid}"
    if run["benchmark"] and run["benchmark_annual_return"] is not None:
        yield (
            f"buy and hold of {run['benchmark']} over the same days: "
            f"{format_value(run['benchmark_annual_return'], Unit.FRACTION)} a year"
        )
    if run["expected_best_sharpe"] is not None:
        luck = format_value(run["expected_best_sharpe"], Unit.RATIO)
        yield f"luck alone would give a Sharpe ratio of {luck} after {run['trials']} trials of the strategy"
    if run["pbo"] is not None:
        yield f"probability of overfitting: {format_value(run['pbo'], Unit.FRACTION, 0)}"


def _dollars(dollars: Decimal, share: Decimal | None) -> str:
    of_capital = "" if share is None else f" ({format_value(share, Unit.FRACTION)})"
    return f"{format_value(dollars, Unit.DOLLARS, 0)}{of_capital}"
