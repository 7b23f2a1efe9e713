"""What makes no sense in a run's results is found: on recorded runs, and on made results."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from strategy_testing.config.model import BacktestSettings
from strategy_testing.results.backtest import BacktestResult, BacktestStatus, read_backtest
from strategy_testing.results.folder import backtest_files, find_runs
from strategy_testing.search.euler_search import EulerSearch
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.verdict.effects import find_twins
from strategy_testing.verdict.sanity import find_nonsense

_NOTHING_ASKED = BacktestSettings()
_Sharpe = Callable[..., object]


@pytest.fixture
def recorded(unpacked: Callable[[str], Path]) -> Callable[[str], list[BacktestResult]]:
    def read(name: str) -> list[BacktestResult]:
        outputs = [output for run in find_runs(unpacked(name)) for output in run.outputs]
        read_files = [read_backtest(file, output.log) for output in outputs for file in backtest_files(output)[0]]
        return [result for result in read_files if isinstance(result, BacktestResult)]

    return read


def make_result(parameters: dict[str, object], sharpe: object = 1, trades: int | None = 3) -> BacktestResult:
    orders = None if trades is None else Decimal(2 * trades)
    return BacktestResult(
        backtest_id="-".join(map(str, parameters.values())),
        parameters={name: str(value) for name, value in parameters.items()},
        status=BacktestStatus.COMPLETED,
        error_message=None,
        stack_trace=None,
        metrics={
            "sharpe_ratio": Decimal(str(sharpe)),
            "total_trades": None if trades is None else Decimal(trades),
            "total_orders": orders,
            "start_equity": Decimal("1000.0"),
        },
        backtest_start=date(2015, 1, 1),
        backtest_end=date(2020, 12, 31),
        account_currency="USD",
        lean_version="v2.5.0.0",
        started_at=None,
        completed_at=None,
    )


def make_grid(sharpe: _Sharpe, trades: int = 3, **values: list[object]) -> list[BacktestResult]:
    combinations = [dict(zip(values, combination, strict=True)) for combination in product(*values.values())]
    return [make_result(combination, sharpe(**combination), trades) for combination in combinations]


# Recorded runs


def test_dead_parameter(recorded: Callable[[str], list[BacktestResult]]) -> None:
    assert find_nonsense(recorded("dead-parameter"), ["rsi_lookback"], _NOTHING_ASKED) == [
        "all 3 combinations gave the same result: either the strategy does not read the parameters, or these values "
        "make no difference; let it read each with get_parameter, under the config's name rsi_lookback, "
        "or try values further apart"
    ]


def test_idle(recorded: Callable[[str], list[BacktestResult]]) -> None:
    """Levels 0 to 2 place no order; 3 and 4 buy once and hold to the end."""
    assert find_nonsense(recorded("idle"), ["level"], _NOTHING_ASKED) == [
        "no trade in any of 5 backtests (2 orders placed by 2 of 5, nothing closed); "
        "check the exit conditions, and whether the orders are filled",
        "level 0, 1 and 2 give the same result in all 2 pairs of backtests; "
        "none of them placed an order; look for trades elsewhere",
        "level 3 and 4 give the same result in the one pair of backtests; "
        "one of these values is enough, or check how the strategy uses them",
    ]


def test_unknown_target(recorded: Callable[[str], list[BacktestResult]]) -> None:
    """Levels 3 and 4 of the same strategy."""
    warnings = find_nonsense(recorded("unknown-target"), ["level"], _NOTHING_ASKED)
    assert [warning.split(";")[0].split(":")[0] for warning in warnings] == [
        "no trade in any of 2 backtests (2 orders placed by 2 of 2, nothing closed)",
        "all 2 combinations gave the same result",
    ]


def test_sound_run_is_silent(recorded: Callable[[str], list[BacktestResult]]) -> None:
    names = ["rsi_period", "entry_threshold", "exit_threshold"]
    asked = BacktestSettings(date(2012, 1, 3), date(2020, 12, 31), Decimal("5000.00"))
    assert find_nonsense(recorded("grid-72"), names, asked) == []


def test_settings_not_read_by_a_recorded_run(recorded: Callable[[str], list[BacktestResult]]) -> None:
    asked = BacktestSettings(date(2013, 1, 1), date(2020, 12, 30), Decimal(1000))
    assert find_nonsense(recorded("grid-72"), ["rsi_period"], asked) == [
        "the config asks for the start_date 2013-01-01, but 72 of 72 backtests started on 2012-01-03; "
        "let the strategy read the parameter start_date and pass it to set_start_date",
        "the config asks for the end_date 2020-12-30, but 72 of 72 backtests ended on 2020-12-31; "
        "let the strategy read the parameter end_date and pass it to set_end_date",
        "the config asks for an initial_capital of $1,000, but 72 of 72 backtests started with $5,000; "
        "let the strategy read the parameter initial_capital and pass it to set_cash",
    ]


def test_euler_search(recorded: Callable[[str], list[BacktestResult]]) -> None:
    """27 backtests of 24 combinations; the strategy makes a whole number of the period: 27.5 is 27 to it."""
    assert find_nonsense(recorded("euler"), ["bb_period", "bb_std"], _NOTHING_ASKED) == [
        "bb_period 27 and 27.5 give the same result in all 3 pairs of backtests; "
        "one of these values is enough, or check how the strategy uses them"
    ]


@pytest.mark.parametrize("name", ["euler-whole", "crashy", "init-fail", "interrupted"])
def test_other_recordings_are_silent(recorded: Callable[[str], list[BacktestResult]], name: str) -> None:
    results = recorded(name)
    assert results
    assert (
        find_nonsense(results, sorted({each for result in results for each in result.parameters}), _NOTHING_ASKED) == []
    )


# Parameters without effect


def test_one_parameter_without_effect() -> None:
    results = make_grid(lambda a, dead: a, a=[1, 2, 3], dead=[10, 20, 30, 40])
    assert find_nonsense(results, ["a", "dead"], _NOTHING_ASKED) == [
        "dead has no effect: every figure is the same in all 18 pairs of backtests that differ in nothing else; "
        "let the strategy read dead with get_parameter and use it, or take it out of the search"
    ]


def test_each_parameter_without_effect_is_told() -> None:
    results = make_grid(lambda a, b, c: a, a=[1, 2], b=[1, 2], c=["x", "y"])
    warnings = find_nonsense(results, ["a", "b", "c"], _NOTHING_ASKED)
    assert [warning.split(":")[0] for warning in warnings] == ["b has no effect", "c has no effect"]


def test_one_difference_is_an_effect() -> None:
    results = make_grid(lambda a, b: a + (a == 3 and b == 2), a=[1, 2, 3], b=[1, 2])
    assert find_nonsense(results, ["a", "b"], _NOTHING_ASKED) == []


def test_another_figure_than_the_sharpe_ratio_is_an_effect() -> None:
    assert find_nonsense([make_result({"a": 1}, 1, 3), make_result({"a": 2}, 1, 4)], ["a"], _NOTHING_ASKED) == []


def test_no_pair_no_claim() -> None:
    """Where two parameters always change together, nothing is known about either."""
    results = [make_result({"a": i, "b": i}, i) for i in range(4)]
    assert find_nonsense(results, ["a", "b"], _NOTHING_ASKED) == []


def test_one_combination_tested_twice_is_no_pair() -> None:
    results = [make_result({"a": value, "b": "x"}) for value in ("30", "30.0", "3e1")]
    assert find_nonsense(results, ["a", "b"], _NOTHING_ASKED) == []


def test_repeats_count_once() -> None:
    results = [make_result({"a": value}) for value in ("30", "30.0", "2.5", "2.500")]
    assert find_nonsense(results, ["a"], _NOTHING_ASKED)[0].startswith("all 2 combinations gave the same result")


def test_failed_backtests_are_passed_over() -> None:
    results = make_grid(lambda a: a, a=[1, 2])
    failed = [replace(make_result({"a": i}, 1, 0), status=BacktestStatus.FAILED) for i in range(3, 6)]
    assert find_nonsense([*results, *failed], ["a"], _NOTHING_ASKED) == []
    assert find_nonsense(failed, ["a"], BacktestSettings(start_date=date(1999, 1, 1))) == []


def test_no_results_no_parameters() -> None:
    assert find_nonsense([], [], _NOTHING_ASKED) == []
    assert find_nonsense([make_result({})], [], _NOTHING_ASKED) == []
    assert find_nonsense([make_result({"a": 1})], ["unheard_of"], _NOTHING_ASKED) == []


# Neighbouring values


def test_identical_neighbours() -> None:
    results = make_grid(
        lambda exit_threshold, a: a + min(exit_threshold, 50), exit_threshold=[40, 50, 60], a=list(range(12))
    )
    assert find_nonsense(results, ["exit_threshold", "a"], _NOTHING_ASKED) == [
        "exit_threshold 50 and 60 give the same result in all 12 pairs of backtests; "
        "one of these values is enough, or check how the strategy uses them"
    ]


def test_neighbours_are_by_size_and_a_row_is_told_at_once() -> None:
    results = make_grid(lambda a: min(Decimal(str(a)), 9), a=["100", "9", "10.0", "8", "20", "1000", "7"])
    assert find_nonsense(results, ["a"], _NOTHING_ASKED) == [
        "a 9 to 1000 (5 values) give the same result in all 4 pairs of backtests; "
        "one of these values is enough, or check how the strategy uses them"
    ]


def test_neighbours_that_differ_once_are_no_neighbours_alike() -> None:
    results = make_grid(lambda a, b: a if b else min(a, 2), a=[1, 2, 3], b=[0, 1])
    assert find_nonsense(results, ["a", "b"], _NOTHING_ASKED) == []


# Twins


def _twins(results: list[BacktestResult], parameters: list[str]) -> list[str]:
    return find_twins(results, parameters, GridSearch(()))


def test_twins_are_counted_and_named_where_a_parameter_does_nothing(
    recorded: Callable[[str], list[BacktestResult]],
) -> None:
    """The threshold matters only where the period is short."""
    results = make_grid(lambda exit, period: exit if period == 5 else period, exit=[50, 55, 60, 65], period=[5, 10, 20])
    assert _twins(results, ["exit", "period"]) == [
        "12 combinations, 6 distinct results: exit makes no difference in 2 of 3 slices, "
        "such as between 50, 55, 60 and 65 at period 10"
    ]
    assert _twins(recorded("idle"), ["level"]) == [
        "5 combinations, 2 distinct results: level makes no difference between 0, 1 and 2 (no order)"
    ]


def test_the_combinations_of_an_euler_search_are_those_that_it_tells_apart(
    recorded: Callable[[str], list[BacktestResult]],
) -> None:
    assert find_twins(recorded("euler"), ["bb_period", "bb_std"], EulerSearch(())) == [
        "24 combinations, 20 distinct results: bb_period makes no difference in 3 of 5 slices, "
        "such as between 27 and 27.5 at bb_std 2.25"
    ]


def test_twins_that_differ_in_several_parameters_are_counted_too() -> None:
    results = [make_result({"a": 1, "b": 1}, 5), make_result({"a": 2, "b": 2}, 5), make_result({"a": 1, "b": 2}, 6)]
    assert _twins(results, ["a", "b"]) == [
        "3 combinations, 2 distinct results: combinations that differ in several parameters give the same result"
    ]


def test_figures_that_agree_when_rounded_are_no_twins() -> None:
    first, second = make_result({"a": 1}), make_result({"a": 2})
    results = [replace(first, outcome_hash="x"), replace(second, outcome_hash="y"), make_result({"a": 3}, 9)]
    assert _twins(results, ["a"]) == find_nonsense(results, ["a"], _NOTHING_ASKED) == []


@pytest.mark.parametrize("name", ["grid-72", "dead-parameter", "crashy"])
def test_nothing_is_said_where_all_results_differ_or_none_does(
    recorded: Callable[[str], list[BacktestResult]], name: str
) -> None:
    """That none does is said already."""
    results = recorded(name)
    assert _twins(results, sorted(results[0].parameters)) == []
    failed = [replace(result, status=BacktestStatus.FAILED) for result in results]
    assert _twins(failed, sorted(results[0].parameters)) == _twins([], []) == []


# No trades


def test_no_orders() -> None:
    """One warning: that the results are alike follows from it."""
    assert find_nonsense(make_grid(lambda a: 0, trades=0, a=[1, 2, 3]), ["a"], _NOTHING_ASKED) == [
        "no trade in any of 3 backtests (0 orders placed); "
        "check the entry conditions, the warm-up, the dates and whether there are prices for them"
    ]


@pytest.mark.parametrize("trades", [1, None])
def test_one_trade_or_an_unknown_number_is_no_warning(trades: int | None) -> None:
    results = [*make_grid(lambda a: 0, trades=0, a=[1]), make_result({"a": 3}, 1, trades)]
    assert find_nonsense(results, ["a"], _NOTHING_ASKED) == []


# Settings, versions, currencies


def test_settings_as_asked() -> None:
    asked = BacktestSettings(date(2015, 1, 1), date(2020, 12, 31), Decimal("1000.00"))
    assert find_nonsense(make_grid(lambda a: a, a=[1, 2]), ["a"], asked) == []


def test_unknown_settings_are_no_warning() -> None:
    result = replace(make_result({"a": 1}), backtest_start=None, backtest_end=None, metrics={})
    asked = BacktestSettings(date(2015, 1, 1), date(2020, 12, 31), Decimal(1000))
    assert find_nonsense([result], ["a"], asked) == []


def test_several_other_dates() -> None:
    days = [date(2015, 1, 1), date(2015, 1, 2), date(2015, 1, 2), date(2015, 1, 5), date(2015, 1, 6), date(2015, 1, 7)]
    results = [replace(make_result({"a": i}, i), backtest_start=day) for i, day in enumerate(days)]
    assert find_nonsense(results, ["a"], BacktestSettings(start_date=date(2015, 1, 1))) == [
        "the config asks for the start_date 2015-01-01, but 5 of 6 backtests started on 2015-01-02 (2 backtests), "
        "2015-01-05 (1 backtest), 2015-01-06 (1 backtest) and 1 more; "
        "let the strategy read the parameter start_date and pass it to set_start_date"
    ]


def test_mixed_versions_and_currencies() -> None:
    results = make_grid(lambda a: a, a=[1, 2, 3])
    results[0] = replace(results[0], lean_version="v2.5.0.1", account_currency="EUR")
    results[1] = replace(results[1], lean_version=None, account_currency=None)
    assert find_nonsense(results, ["a"], _NOTHING_ASKED) == [
        "the backtests were run by 2 versions of LEAN: v2.5.0.1 (1 backtest), v2.5.0.0 (1 backtest); their figures "
        "may differ for that alone, run all of them with one version (lean.image)",
        "the backtests have 2 account currencies: EUR (1 backtest), USD (1 backtest); their amounts do not compare, "
        "set one account currency in the strategy",
    ]


# Size


def test_at_most_twelve() -> None:
    values: list[object] = [*range(60)]
    warnings = find_nonsense(make_grid(lambda a: int(a) // 2, a=values), ["a"], _NOTHING_ASKED)
    assert len(warnings) == 13
    assert warnings[0].startswith("a 0 and 1 give the same result in the one pair")
    assert warnings[-1] == "and 18 more"


def test_twenty_thousand_results() -> None:
    results = make_grid(
        lambda a, b, c, dead: a * 1000 + b + c, a=[*range(20)], b=[*range(10)], c=[*range(10)], dead=[*range(10)]
    )
    start = time.process_time()
    warnings = find_nonsense(results, ["a", "b", "c", "dead"], _NOTHING_ASKED)
    assert time.process_time() - start < 20  # about one second; the bound only tells near-linear from quadratic
    assert [warning.split(":")[0] for warning in warnings] == ["dead has no effect"]
    assert "90000 pairs" in warnings[0]
