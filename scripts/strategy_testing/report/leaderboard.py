"""Writes the leaderboard for people, as Markdown that can be read in a terminal of 80 columns too."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from textwrap import fill
from typing import Any

from tabulate import tabulate

from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.database.connection import Row
from strategy_testing.files import write_atomically
from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN, METRICS, Unit
from strategy_testing.metrics.figures import format_value, number_of
from strategy_testing.metrics.lean_names import UnknownMetricError, optimizer_path
from strategy_testing.texts import in_markdown

_HEADERS = ("Strategy", "Status", "Target", "Excess", "Trades")
_COLUMNS = 80
_VALUE_COLUMNS = 37
"""Of a figure, beside its name."""


def write_leaderboard(file: Path, rows: Sequence[Row]) -> None:
    """Rewrites the Markdown file; no reader ever sees half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, leaderboard_text(rows))


def leaderboard_text(rows: Sequence[Row]) -> str:
    """The strategies against each other, then the best backtest of each.

    Args:
        rows: of the view strategy_leaderboard, best first.
    """
    rows = [{name: _safe(value) for name, value in row.items()} for row in rows]
    compared = tabulate([_line(row) for row in rows], _HEADERS, tablefmt="pipe", disable_numparse=True)
    introduction = [fill(sentence, _COLUMNS) for sentence in _introduction(rows)]
    return "\n\n".join(["# Strategy leaderboard", *introduction, compared, *map(_best_backtest, rows)]) + "\n"


def _safe(value: Any) -> Any:
    """A text, or the texts of parameters, as Markdown shows them; anything else as it is."""
    if isinstance(value, Mapping):
        return {in_markdown(name): in_markdown(str(each)) for name, each in value.items()}
    return in_markdown(value) if isinstance(value, str) else value


def _introduction(rows: Sequence[Row]) -> Iterator[str]:
    """How the strategies are ranked, and what does not compare."""
    tested = [row for row in rows if row["best_parameters"] is not None]
    targets = {_target(row)[0] for row in tested}
    by = "their Sharpe ratio, as their targets differ" if len(targets) > 1 else "the target of their configs"
    yield (
        f"Strategies that pass first, then by {by}. Figures are those of each one's best backtest: the best that "
        "passes, else the best that did not fail and made a trade. Target is its value of what its config optimises; "
        "Excess is its annual return above that of buying and holding the benchmark."
    )
    periods = {(row["backtest_start"], row["backtest_end"]) for row in tested}
    if len(periods) > 1:
        yield f"**Figures of different periods do not compare: these strategies have {len(periods)}, see below.**"


def _line(row: Row) -> list[str]:
    trades = _figure(row["total_trades"], "total_trades")
    return [
        f"{row['rank']}. {row['strategy']}",
        row["status"],
        _target(row)[1],
        _excess(row),
        f"{trades} few" if row["has_few_trades"] else trades,
    ]


def _best_backtest(row: Row) -> str:
    """The figures of one strategy, a line each."""
    tested = f"{number_of(row['combinations'], 'combination')}, {row['passed']} passed, {row['failed']} failed"
    figures = _figures(row) if row["best_parameters"] is not None else []
    figures += [("Engine", row["engine"])] if row["engine"] else []
    figures = [*_evidence(row), *figures]
    lines = [*figures, ("Tested", tested), ("Last run", f"{row['last_run_at']:%Y-%m-%d %H:%M} UTC")]
    lines += [("Note", row["note"])] if row["note"] else []
    heads = (f"{row['rank']}. {row['strategy']}", row["status"])
    return tabulate(lines, heads, tablefmt="pipe", disable_numparse=True, maxcolwidths=[None, _VALUE_COLUMNS])


def _evidence(row: Row) -> list[tuple[str, str]]:
    """By which days the strategy is judged; by those of a walk-forward analysis what follows is what to trade next."""
    if row["evidence"] != "walk-forward":
        return [("Evidence", row["evidence"])] if row["evidence"] else []
    verdict = {True: "passed", False: "rejected", None: "not judged"}[row["walk_forward_passed"]]
    efficiency = row["walk_forward_efficiency"]
    shown = "n/a" if efficiency is None else format_value(efficiency, Unit.FRACTION, 0)
    return [
        ("Evidence", f"walk-forward, {verdict}"),
        ("Out-of-sample", f"Sharpe {_ratio(row['out_of_sample_sharpe'])}, WFE {shown}"),
        ("Below", "what to trade next, in-sample"),
    ]


def _figures(row: Row) -> list[tuple[str, str]]:
    target, value = _target(row)
    held = f" against {row['benchmark']}" if row["benchmark"] else ""
    return [
        ("Period", f"{row['backtest_start']} to {row['backtest_end']}, {row['years']} years"),
        ("Capital", _figure(row["capital"], "start_equity")),
        ("Target", f"{target} {value}"),
        ("Annual return", _figure(row["annual_return"], "compounding_annual_return")),
        ("Excess return", f"{_excess(row)}{held}"),
        ("Sharpe ratio", f"{_ratio(row['best_sharpe'])} of LEAN, {_ratio(row['best_daily_sharpe'])} of trading days"),
        ("Probabilistic Sharpe", f"{_share(row['psr'])} above 0, {_share(row['probabilistic_sharpe_ratio'])} above 1"),
        *_luck(row),
        ("Drawdown", _figure(row["max_drawdown"], "max_drawdown")),
        ("Trades", f"{row['total_trades']}, {_figure(row['win_rate'], 'win_rate')} won"),
        ("Fees", f"{_figure(row['fee_pct'], 'fee_pct')} of the capital"),
        ("Parameters", _parameters(row["best_parameters"])),
    ]


def _luck(row: Row) -> list[tuple[str, str]]:
    """What the Sharpe ratio of trading days is worth after all that was tried for the strategy."""
    if row["expected_best_sharpe"] is None or row["deflated_sharpe"] is None:
        return []
    independent = _share(row["deflated_sharpe_independent"])
    return [
        ("Luck alone", f"would give {_ratio(row['expected_best_sharpe'])} after {row['trials']} trials"),
        ("Deflated Sharpe", f"{_share(row['deflated_sharpe'])}, {independent} by independent trials"),
    ]


def _share(value: Decimal | None) -> str:
    return "n/a" if value is None else format_value(value, Unit.FRACTION)


def _target(row: Row) -> tuple[str, str]:
    """Name and value of what the strategy is ranked by: the target, or the Sharpe ratio where it is not known."""
    name, value = row["target_metric"], row["target_value"]
    if name is None or value is None:
        return METRIC_BY_COLUMN["sharpe_ratio"].label, _ratio(row["best_sharpe"])
    try:
        path = optimizer_path(name).lower()
    except UnknownMetricError:
        path = ""
    metric = next((metric for metric in METRICS if metric.lean_path and metric.lean_path.lower() == path), None)
    return (metric.label, format_value(value, metric.unit)) if metric else (name, _ratio(value))


def _excess(row: Row) -> str:
    return _share(row["excess_return"])


def _ratio(value: Decimal | None) -> str:
    return "n/a" if value is None else format_value(value, Unit.RATIO)


def _parameters(parameters: Mapping[str, str]) -> str:
    shown = {name: value for name, value in sorted(parameters.items()) if name not in FIXED_PARAMETERS}
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def _figure(value: Decimal | None, column: str) -> str:
    return "n/a" if value is None else format_value(Decimal(value), METRIC_BY_COLUMN[column].unit)
