"""The page of a walk-forward analysis: what was chosen in each window, and what it was worth on the days after."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import numpy as np

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.daily_returns import DailyReturns
from strategy_testing.metrics.figures import number_of
from strategy_testing.pages.charts.amounts import bars
from strategy_testing.pages.charts.over_time import periods
from strategy_testing.pages.charts.theme import ABOVE, BELOW, HELD
from strategy_testing.pages.curves import Curves, aligned, drawn, month_table, rolled
from strategy_testing.pages.model import Cell, Chart, Part, Table, Verbatim, Words
from strategy_testing.pages.reading import AnalysisFacts, Row, held_over
from strategy_testing.pages.verdict import UNKNOWN, percent, ratio

_START = 10_000.0
"""Dollars with which the stitched curve begins; its windows began anew each."""


def verdict_of_analysis(facts: AnalysisFacts) -> Words:
    """The answer first."""
    row = facts.analysis
    count = number_of(len(facts.windows), "window")
    error = f" {row['error_message']}." if row["error_message"] else ""
    figures = (
        f"Out-of-sample Sharpe ratio {ratio(row['sharpe_ratio'])}, {percent(row['annual_return'])} a year, drawdown "
        f"{percent(row['max_drawdown'])}; walk-forward efficiency {percent(row['efficiency'], 0)}."
    )
    if row["meets_criteria"] is None:
        look = "failed" if row["status"] in ("failed", "interrupted") else "unjudged"
        return Words(f"Not judged, {row['status']}: {count}.{error} {figures if row['days'] else ''}", look)
    if row["meets_criteria"]:
        return Words(f"Passed on days that chose nothing: {count}.{error} {figures}", "passed")
    reasons = "; ".join(row["rejection_reasons"])
    return Words(f"Rejected: {reasons}. {count.capitalize()}.{error} {figures}", "rejected")


def figures_of_analysis(facts: AnalysisFacts) -> list[tuple[str, str]]:
    """What stands in large letters at the top."""
    row = facts.analysis
    return [
        ("Windows", str(len(facts.windows))),
        ("Sharpe ratio", ratio(row["sharpe_ratio"])),
        ("Annual return", percent(row["annual_return"])),
        ("Drawdown", percent(row["max_drawdown"])),
        ("Efficiency", percent(row["efficiency"], 0)),
        ("Profitable windows", percent(row["profitable_windows"], 0)),
        ("Above buy-and-hold", percent(row["beat_benchmark"], 0)),
        ("Trades", UNKNOWN if row["total_trades"] is None else str(row["total_trades"])),
    ]


def windows(facts: AnalysisFacts) -> Iterator[Part]:
    """The spans of the windows, and what was chosen in each."""
    if not facts.windows:
        yield Words("No window was decided.")
        return
    names = [f"Window {row['window_number']}" for row in facts.windows]
    spans = []
    for name, row in zip(names, facts.windows, strict=True):
        for what, key in (("in-sample", "in_sample"), ("out-of-sample", "out_of_sample")):
            spans.append({
                "window": name, "what": what, "from": str(row[f"{key}_start"]), "to": _behind(row[f"{key}_end"]),
                "sharpe": ratio(row[f"{key}_sharpe"]),
            })  # fmt: skip
    said = f"{number_of(len(names), 'window')}: what is chosen in the first span of each is tested in the second."
    yield Chart("windows", said, said, periods(spans, names))
    heads = (
        "Window", "Chosen", "Sharpe in", "Sharpe out", "Return a year in", "Return a year out", "Drawdown out",
        "Buy and hold out", "Trades out",
    )  # fmt: skip
    yield Table(
        "The choice of each window, in-sample and out-of-sample", heads, [_window(row) for row in facts.windows], 2
    )
    drift = facts.analysis["drift"]
    if drift:
        rows = [
            (
                name,
                ratio(Decimal(str(each["steps"]))),
                ", ".join(f"{value}: {count}×" for value, count in each["values"].items()),
            )
            for name, each in drift.items()
        ]
        yield Table("How the choices drifted from window to window", ("Parameter", "Steps on average", "Chosen"), rows)


def _behind(day: date) -> str:
    return str(np.datetime64(day) + 1)


def _window(row: Row) -> tuple[Cell | str, ...]:
    chosen = UNKNOWN if row["parameters"] is None else _combination(row["parameters"])
    out = row["out_of_sample_annual_return"]
    look = "" if out is None else "up-1" if out > 0 else "down-1"
    return (
        f"{row['window_number']}", Cell(f"{chosen} ({row['reason']})" if row["parameters"] is None else chosen),
        ratio(row["in_sample_sharpe"]), ratio(row["out_of_sample_sharpe"]), percent(row["in_sample_annual_return"]),
        Cell(percent(out), look=look), percent(row["out_of_sample_drawdown"]),
        percent(row["out_of_sample_buy_and_hold"]),
        UNKNOWN if row["out_of_sample_trades"] is None else str(row["out_of_sample_trades"]),
    )  # fmt: skip


def _combination(parameters: Row) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items())


def stitched(facts: AnalysisFacts) -> Iterator[Part]:
    """The out-of-sample days of all windows one behind the other, against buy-and-hold."""
    curves = _curves(facts)
    if curves is None:
        yield Words("No out-of-sample backtest has a result, so that there is no curve to show.")
        return
    yield from drawn(curves, _START)


def stitched_rolling(facts: AnalysisFacts) -> Iterator[Part]:
    """The rolling Sharpe ratio of these days."""
    curves = _curves(facts)
    yield Words("There are no out-of-sample days.") if curves is None else rolled(curves)


def stitched_months(facts: AnalysisFacts) -> Iterator[Part]:
    """Their months."""
    curves = _curves(facts)
    if curves is None:
        yield Words("There are no out-of-sample days.")
    else:
        yield month_table(curves, "Monthly returns out-of-sample")


def _curves(facts: AnalysisFacts) -> Curves | None:
    row = facts.analysis
    if not row["days"]:
        return None
    days = np.array(row["days"], "datetime64[D]")
    series = {"Out-of-sample": DailyReturns(days, np.array(row["daily_returns"], np.float64))}
    _, held = held_over(facts.runs, "out-of-sample")
    if held:
        of_held = sorted((np.datetime64(day), value) for day, value in held.items())
        series[HELD] = DailyReturns(np.array([day for day, _ in of_held]), np.array([value for _, value in of_held]))
    return aligned(series)


def choices(facts: AnalysisFacts) -> Iterator[Part]:
    """In-sample against out-of-sample: how much of what was promised was kept."""
    rows = [
        {
            "name": f"Window {row['window_number']} {part}",
            "value": float(value),
            "look": ABOVE if value > 0 else BELOW,
        }
        for row in facts.windows
        for part, key in (("in", "in_sample_daily_sharpe"), ("out", "out_of_sample_daily_sharpe"))
        if (value := row[key]) is not None
    ]
    if not rows:
        yield Words("No window has both results.")
        return
    correlation = ratio(facts.analysis["rank_correlation"])
    said = f"Rank correlation of in-sample and out-of-sample: {correlation}; 1 means that the order held."
    yield Chart("in-and-out", said, said, bars(rows, "Sharpe ratio of trading days", Unit.RATIO))
    chosen = facts.analysis["next_parameters"]
    if chosen:
        yield Words(f"To trade next: {_combination(chosen)}.")


def parts(facts: AnalysisFacts) -> Iterator[Part]:
    """The runs that it is made of, and how it is done again."""
    row = facts.analysis
    yield Table(
        "Runs of the analysis", ("Run", "Part", "Status", "Combinations", "Passed"),
        [
            (Cell(f"Run {run['id']}", href=f"../runs/run-{run['id']}.html"), run["part"], run["status"],
             str(run["completed_combinations"]), str(run["passed_combinations"]) if run["is_judged"] else "not judged")
            for run in facts.runs
        ],
    )  # fmt: skip
    yield Words(
        f"Config: {row['config_file'] or 'not known'}. Chosen by: {row['choose']}. Tested out-of-sample: "
        f"{row['out_of_sample']}. Identity: {row['analysis_uuid']}. "
        "Commands, code hash, image and data stand on the pages of the runs."
    )
    commands = "\n".join(str(run["command"]) for run in reversed(facts.runs) if run["command"])
    if commands:
        yield Verbatim("Commands of all runs", commands, is_folded=True)
