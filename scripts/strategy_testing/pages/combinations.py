"""The table of all combinations of a run, and what its best ones look like beside each other."""

from collections.abc import Iterator
from typing import NamedTuple

from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN
from strategy_testing.pages.charts.theme import FAILED, PASSED, REJECTED, UNJUDGED
from strategy_testing.pages.model import Column, Explorer, Part, Value, Words
from strategy_testing.pages.reading import Row, RunFacts, number_of_text


class _Figure(NamedTuple):
    column: str
    label: str


_FIGURES = (
    _Figure("sharpe_ratio", "Sharpe"),
    _Figure("compounding_annual_return", "Annual return"),
    _Figure("excess_return", "Excess"),
    _Figure("max_drawdown", "Drawdown"),
    _Figure("total_trades", "Trades"),
    _Figure("fee_pct", "Fees"),
)
_MORE = (
    _Figure("daily_sharpe_ratio", "Daily Sharpe"),
    _Figure("win_rate", "Win rate"),
    _Figure("profit_factor", "Profit factor"),
)
"""Behind the reasons."""


def verdict_of(row: Row) -> str:
    """passed, rejected, failed or not judged."""
    if row["status"] == "failed":
        return FAILED
    return {True: PASSED, False: REJECTED, None: UNJUDGED}[row["meets_criteria"]]


def combinations(facts: RunFacts) -> Iterator[Part]:
    """Every combination with its parameters, figures, verdict and reasons."""
    if not facts.results:
        yield Words("No combination has a result.")
        return
    numeric = {name: all(number_of_text(text) is not None for text in facts.values(name)) for name in facts.varied}
    shows_target = facts.target is None or facts.target.column not in {figure.column for figure in (*_FIGURES, *_MORE)}
    columns = [
        Column("No.", "count"),
        *(Column(name, "number" if numeric[name] else "") for name in facts.varied),
        Column("Verdict"),
        *([Column(facts.target_label, facts.target_unit.value)] if shows_target else []),
        *map(_column, _FIGURES),
        Column("Reasons"),
        *map(_column, _MORE),
        Column("Deflated Sharpe", "fraction"),
    ]
    yield Explorer(
        name="combinations",
        caption=f"All combinations, by {facts.target_label}: those that pass first, failed ones last",
        columns=columns,
        rows=[_row(facts, number, row, numeric, shows_target) for number, row in enumerate(facts.results, 1)],
        looks=[verdict_of(row) for row in facts.results],
    )


def _column(figure: _Figure) -> Column:
    return Column(figure.label, METRIC_BY_COLUMN[figure.column].unit.value)


def _row(facts: RunFacts, number: int, row: Row, numeric: dict[str, bool], shows_target: bool) -> list[Value]:
    given = [row["parameters"].get(name) for name in facts.varied]
    values: list[Value] = [
        float(number_of_text(text) or 0) if text is not None and numeric[name] else text
        for name, text in zip(facts.varied, given, strict=True)
    ]
    asked = [_float(row["target_value"])] if shows_target else []
    figures, more = ([_float(row[figure.column]) for figure in each] for each in (_FIGURES, _MORE))
    reasons = "; ".join(row["rejection_reasons"] or ()) or (row["error_message"] or "").partition("\n")[0]
    return [number, *values, verdict_of(row), *asked, *figures, reasons, *more, _float(row["deflated_sharpe"])]


def _float(value: object) -> float | None:
    return None if value is None else round(float(str(value)), 6)
