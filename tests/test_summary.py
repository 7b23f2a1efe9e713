"""The director's one line."""

from decimal import Decimal

import pytest

from strategy_testing.verdict.summary import RunSummary, combined


@pytest.mark.parametrize(
    ("summary", "line"),
    [
        (RunSummary(72, 0, 3, Decimal("1.8")), "72 runs complete, 3 passed, best Sharpe: 1.8"),
        (RunSummary(70, 2, 0, Decimal("0.4075")), "72 runs complete (2 failed), 0 passed, best Sharpe: 0.4"),
        (RunSummary(0, 6, 0, None), "6 runs complete (6 failed), 0 passed, best Sharpe: n/a"),
        (RunSummary(5, 0, None, Decimal("0.25")), "5 runs complete, not judged, best Sharpe: 0.3"),
        (RunSummary(1, 0, 1, Decimal("-0.04")), "1 run complete, 1 passed, best Sharpe: 0.0"),
        (RunSummary(1, 0, 0, Decimal("-1.05")), "1 run complete, 0 passed, best Sharpe: -1.1"),
        (RunSummary(1, 0, 1, Decimal(12), True), "1 run complete, 1 passed, best Sharpe: 12.0 (few trades)"),
        (RunSummary(0, 1, 0, None), "1 run complete (1 failed), 0 passed, best Sharpe: n/a"),
    ],
)
def test_the_line(summary: RunSummary, line: str) -> None:
    assert str(summary) == line


def test_several_runs_as_one() -> None:
    several = [RunSummary(3, 1, None, None), RunSummary(5, 0, 2, Decimal("-0.5")), RunSummary(1, 1, 1, Decimal("0.7"))]
    assert combined(several) == RunSummary(9, 2, 3, Decimal("0.7"))
    assert combined(several[:1]) == RunSummary(3, 1, None, None)
    few = RunSummary(1, 0, 1, Decimal("0.9"), best_has_few_trades=True)
    assert combined([*several, few]) == RunSummary(10, 2, 4, Decimal("0.9"), best_has_few_trades=True)
    assert not combined([*several, RunSummary(1, 0, 1, Decimal("0.1"), best_has_few_trades=True)]).best_has_few_trades
