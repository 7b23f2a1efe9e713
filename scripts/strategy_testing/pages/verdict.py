"""What came out of a run, in words, and its criteria with how many combinations meet each."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN, Unit
from strategy_testing.metrics.figures import format_value, number_of
from strategy_testing.pages.model import Cell, Part, Table, Words
from strategy_testing.pages.reading import Row, RunFacts

UNKNOWN = "n/a"
_SIGNIFICANT, _EVEN = Decimal("0.95"), Decimal("0.5")


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
    """Each criterion with how many combinations meet it, and how close those came that do not."""
    if not facts.is_judged:
        yield Words("The run has neither success criteria nor constraints, so that nothing was judged.")
        return
    judged = sum(1 for row in facts.results if row["meets_criteria"] is not None)
    missed = {row["criterion"]: row for row in facts.rejections}
    asked = _asked(facts)
    rows = [_row(name, asked.get(name, ""), judged, missed.get(name)) for name in dict.fromkeys((*asked, *missed))]
    yield Table(
        f"Criteria and constraints, over {number_of(judged, 'judged combination')}; one may miss several",
        ("Criterion", "Asked for", "Met by", "Not met by", "Only this missed", "Closest that missed it"), rows,
    )  # fmt: skip
    if facts.config is None:
        yield Words("The config that judged the run cannot be read by this version, so that criteria which all meet "
                    "are missing here.", "note")  # fmt: skip
    if facts.run["analysis_id"] is not None:
        yield Words("The run is a part of a walk-forward analysis: limits on counts are held to its share of the days.",
                    "note")  # fmt: skip


def _asked(facts: RunFacts) -> dict[str, str]:
    """What the config asks for, by the names that the table rejections has for it."""
    if facts.config is None:
        return {}
    limits = {each.name: format_value(each.threshold, each.metric.unit) for each in facts.config.criteria}
    for each in facts.config.search.constraints:
        limits[f"{each.metric} {each.operator} {each.value}"] = "constraint"
    return limits


def _row(name: str, asked: str, judged: int, missed: Row | None) -> Sequence[Cell | str]:
    count = missed["missed"] if missed else 0
    return (
        name, asked, Cell(str(judged - count), look="passed" if judged > count else ""),
        Cell(str(count), look="rejected" if count else ""), str(missed["alone"] if missed else 0),
        missed["closest"] if missed else "",
    )  # fmt: skip


def _sentence(text: Any) -> str:
    said = str(text or "").strip()
    return said if not said or said.endswith((".", "!", "?")) else f"{said}."
