"""What came out of a run, in words, and its criteria with how many combinations meet each."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from strategy_testing.config.model import Bound, Constraint
from strategy_testing.database.connection import Row
from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN, Metric, Unit
from strategy_testing.metrics.figures import format_value, number_of
from strategy_testing.metrics.lean_names import UnknownMetricError, comparable_metric
from strategy_testing.pages.model import Cell, Part, Table, Words
from strategy_testing.pages.reading import RunFacts
from strategy_testing.verdict.criteria import IS_MET

UNKNOWN = "n/a"
_SIGNIFICANT, _EVEN = Decimal("0.95"), Decimal("0.5")
_MOST_KINDS = 12


def figure(value: Decimal | int | None, column: str) -> str:
    """A figure of the catalogue for people, n/a where it is not known."""
    return UNKNOWN if value is None else format_value(Decimal(value), METRIC_BY_COLUMN[column].unit)


def ratio(value: Decimal | float | None) -> str:
    """A ratio with two decimals, n/a where it is not known."""
    return UNKNOWN if value is None else format_value(Decimal(value), Unit.RATIO)


def percent(value: Decimal | float | None, decimals: int = 1) -> str:
    """A fraction as percent, n/a where it is not known."""
    return UNKNOWN if value is None else format_value(Decimal(value), Unit.FRACTION, decimals)


def verdict_of_run(facts: RunFacts) -> Words:
    """The answer first: passed, rejected, or why neither can be said."""
    run, tried = facts.run, len(facts.results)
    status = run["status"]
    passed = sum(1 for row in facts.results if row["meets_criteria"])
    failed = tried - len(facts.completed)
    if status == "refused":
        return Words(f"Refused: the run never began. {_sentence(run['error_message'])}", "rejected")
    if not facts.results:
        said = _sentence(run["error_message"]) or "No backtest has a result."
        return Words(f"{status.capitalize()}, without a result. {said}", "failed")
    if not facts.completed:
        return Words(
            f"Failed: all {number_of(tried, 'combination')} failed. {_sentence(run['error_message'])}", "failed"
        )
    state = "" if status in ("completed", "partial") else f" The run is {status}."
    state += f" {number_of(failed, 'combination')} failed." if failed else ""
    if not facts.is_judged:
        return Words(f"Not judged: the run has no criteria.{state} {_of_best(facts)}", "unjudged")
    if passed:
        verb = "passes" if passed == 1 else "pass"
        return Words(f"{passed} of {number_of(tried, 'combination')} {verb}.{state} {_of_best(facts)}", "passed")
    return Words(f"Rejected: none of {number_of(tried, 'combination')} passes.{state} {_of_best(facts)}", "rejected")


def _of_best(facts: RunFacts) -> str:
    best = facts.best
    if best is None:
        return "None of them made a trade."
    words = [
        f"The best, {facts.combination(best)}, has a {facts.target_label} of "
        f"{UNKNOWN if best['target_value'] is None else format_value(best['target_value'], facts.target_unit)}"
        f" and earned {figure(best['compounding_annual_return'], 'compounding_annual_return')} a year"
    ]
    excess = best["excess_return"]
    if excess is not None:
        side = "more" if excess >= 0 else "less"
        words.append(f", {percent(abs(excess))} a year {side} than holding {facts.run['benchmark'] or 'the benchmark'}")
    words.append(f", with a drawdown of {figure(best['max_drawdown'], 'max_drawdown')}.")
    return "".join(words) + _luck(best)


def _luck(best: Row) -> str:
    deflated = best["deflated_sharpe"]
    if deflated is None:
        return ""
    if deflated >= _SIGNIFICANT:
        judged = "more than luck explains"
    else:
        judged = "promising, not shown" if deflated >= _EVEN else "luck alone does better"
    return f" Deflated Sharpe ratio {percent(deflated, 0)}: {judged}."


def figures_of_run(facts: RunFacts) -> list[tuple[str, str]]:
    """What stands in large letters at the top of a run's page."""
    best, run = facts.best, facts.run
    judged = str(run["passed_combinations"]) if facts.is_judged else "not judged"
    found = [("Combinations", str(len(facts.results))), ("Passed", judged)]
    if best is None:
        return found
    return [
        *found,
        ("Sharpe ratio", figure(best["sharpe_ratio"], "sharpe_ratio")),
        ("Annual return", figure(best["compounding_annual_return"], "compounding_annual_return")),
        ("Excess return", figure(best["excess_return"], "excess_return")),
        ("Drawdown", figure(best["max_drawdown"], "max_drawdown")),
        ("Trades", figure(best["total_trades"], "total_trades")),
        ("Fees of capital", figure(best["fee_pct"], "fee_pct")),
    ]


def criteria(facts: RunFacts) -> Iterator[Part]:
    """Each criterion with how many meet it, then every kind of reason with how many it rejected."""
    judged = [row for row in facts.completed if row["meets_criteria"] is not None]
    if not facts.is_judged:
        yield Words("The run has neither success criteria nor constraints, so that nothing was judged.")
        return
    if facts.config is None:
        yield Words("The config that judged the run cannot be read by this version; the reasons below were stored.")
    elif facts.run["analysis_id"] is not None:
        yield Words("The run is a part of a walk-forward analysis: limits on counts are held to its share of the days.")
    elif judged:
        rows = [*_criteria(facts, judged), *_constraints(facts, judged)]
        heads = ("Criterion", "Limit", "Met by", "Not met by", "Best of all")
        if rows:
            yield Table(f"Success criteria, over {number_of(len(judged), 'judged combination')}", heads, rows, 1)
    kinds = _kinds(facts.results)
    if kinds:
        yield Table(
            "Why combinations were rejected; one may have several reasons",
            ("Reason", "Combinations", "Only reason", "Example"), kinds[:_MOST_KINDS],
        )  # fmt: skip
    if len(kinds) > _MOST_KINDS:
        yield Words(f"{len(kinds) - _MOST_KINDS} rarer reasons stand in the table of all combinations.", "note")


def _criteria(facts: RunFacts, judged: Sequence[Row]) -> Iterator[Sequence[Cell | str]]:
    for each in facts.config.criteria if facts.config else ():
        column, limit = each.metric.column, each.threshold
        known = [row[column] for row in judged if row.get(column) is not None]
        if column not in judged[0]:
            continue  # of a figure that the page does not read; its reasons stand below
        is_minimum = each.bound is Bound.MIN
        met = sum(1 for value in known if (value >= limit if is_minimum else value <= limit))
        best = (max if is_minimum else min)(known, default=None)
        sign = "at least" if is_minimum else "at most"
        yield _row(each.metric.label, f"{sign} {format_value(limit, each.metric.unit)}", met, judged, best=best,
                   metric=each.metric)  # fmt: skip


def _constraints(facts: RunFacts, judged: Sequence[Row]) -> Iterator[Sequence[Cell | str]]:
    for each in facts.config.search.constraints if facts.config else ():
        metric = _metric(each)
        if metric is None or metric.column not in judged[0]:
            continue
        known = [row[metric.column] for row in judged if row[metric.column] is not None]
        met = sum(1 for value in known if IS_MET[each.operator](value, each.value))
        best = (max if each.operator.startswith(">") else min)(known, default=None)
        yield _row(
            f"Constraint: {metric.label}", f"{each.operator} {format_value(each.value, metric.unit)}", met, judged,
            best=best, metric=metric,
        )  # fmt: skip


def _metric(constraint: Constraint) -> Metric | None:
    try:
        return comparable_metric(constraint.metric)[1]
    except UnknownMetricError:
        return None


def _row(
    name: str, limit: str, met: int, judged: Sequence[Row], *, best: Decimal | None, metric: Metric
) -> Sequence[Cell | str]:
    missed = len(judged) - met
    return (
        name, limit, Cell(str(met), look="passed" if met else ""), Cell(str(missed), look="rejected" if missed else ""),
        UNKNOWN if best is None else format_value(Decimal(best), metric.unit),
    )  # fmt: skip


def _kinds(results: Sequence[Row]) -> list[Sequence[Cell | str]]:
    """The kinds of reasons, the most frequent first: the text before a colon says which."""
    counts: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for row in results:
        kinds = {reason.partition(":")[0]: reason for reason in row["rejection_reasons"] or ()}
        counts.update(kinds.keys())
        alone.update(kinds.keys() if len(kinds) == 1 else ())
        examples = kinds | examples
    return [(kind, str(count), str(alone[kind]), examples[kind]) for kind, count in counts.most_common()]


def _sentence(text: Any) -> str:
    said = str(text or "").strip()
    return said if not said or said.endswith((".", "!", "?")) else f"{said}."
