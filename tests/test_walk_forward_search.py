"""The same combinations over several periods as one list, and how a backtest of one of them is judged."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from strategy_testing.config.model import Bound, Constraint, Criterion
from strategy_testing.metrics.catalogue import METRIC_BY_COLUMN, METRICS
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.search.euler_search import EulerSearch
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.periods import listed, over_periods
from strategy_testing.search.space import ListParameter, RangeParameter
from strategy_testing.verdict.criteria import Standard, judge

_PERIODS = [(date(2012, 1, 3), date(2013, 12, 31)), (date(2013, 1, 1), date(2014, 12, 31))]
_RANGE = RangeParameter("rsi_period", Decimal(10), Decimal(14), Decimal(4))


def test_a_grid_is_listed_for_every_period() -> None:
    search = over_periods(GridSearch((_RANGE, ListParameter("ticker", ("SPY", "QQQ")))), _PERIODS)
    (part,) = search.parts([])
    assert search.combinations == part.combinations == len(part.table) == 8
    assert part.table[4] == {
        "rsi_period": "10", "ticker": "SPY", "start_date": "2013-01-01", "end_date": "2014-12-31",
    }  # fmt: skip
    assert search.middle == part.table[3]
    assert all(search.includes(row) for row in part.table)
    assert not search.includes({**part.table[0], "end_date": "2014-12-31"})
    done = [{**part.table[4], "rsi_period": "10.0", "initial_capital": "5000"}]
    (rest,) = search.parts(done)
    assert list(rest.table) == [row for row in part.table if row != part.table[4]]
    assert search.parts(part.table) == []
    assert [parameter.name for parameter in search.parameters] == ["rsi_period", "ticker", "start_date", "end_date"]


def test_a_list_has_each_combination_once() -> None:
    row = {"rsi_period": "10", "start_date": "2012-01-03", "end_date": "2013-12-31"}
    assert listed(GridSearch((_RANGE,)), [row, {**row, "rsi_period": "10.0"}]).combinations == 1


def test_an_euler_search_is_one_for_every_period() -> None:
    search = over_periods(EulerSearch((_RANGE,)), _PERIODS)
    parts = search.parts([])
    assert [(part.axes["start_date"], part.axes["end_date"], part.combinations) for part in parts] == [
        ("2012-01-03", "2013-12-31", None),
        ("2013-01-01", "2014-12-31", None),
    ]
    assert search.middle == {"rsi_period": "10", "start_date": "2012-01-03", "end_date": "2013-12-31"}
    assert search.combinations is None


def _result(start: str, end: str, metrics: Mapping[str, str], ran: tuple[str, str] | None = None) -> BacktestResult:
    first, last = map(date.fromisoformat, ran or (start, end))
    known = {name: Decimal(value) for name, value in metrics.items()}
    return BacktestResult(
        backtest_id="a",
        parameters={"start_date": start, "end_date": end},
        status=BacktestStatus.COMPLETED,
        error_message=None,
        stack_trace=None,
        metrics={metric.column: known.get(metric.column) for metric in METRICS},
        backtest_start=first,
        backtest_end=last,
        account_currency=None,
        lean_version=None,
        started_at=None,
        completed_at=None,
    )


def _criterion(name: str, column: str, threshold: str) -> Criterion:
    return Criterion(name, METRIC_BY_COLUMN[column], Bound(name[:3]), Decimal(threshold))


_STANDARD = Standard(
    criteria=(
        _criterion("min_trades", "total_trades", "50"),
        _criterion("max_fee_pct", "fee_pct", "0.30"),
        _criterion("min_sharpe", "sharpe_ratio", "0.5"),
    ),
    constraints=(Constraint("Total Trades", ">", Decimal(40)),),
    whole_days=1000,
)
_SOUND = {"total_trades": "10", "fee_pct": "0.06", "sharpe_ratio": "0.5"}


def test_what_adds_up_is_held_against_its_share_of_the_days() -> None:
    # 200 of 1,000 days: 10 of 50 trades, 6 % of 30 % in fees, more than 8 of 40; a ratio stays.
    days = ("2012-01-01", "2012-07-18")
    assert judge(_result(*days, _SOUND), _STANDARD).reasons == ()
    poor = {"total_trades": "8", "fee_pct": "0.061", "sharpe_ratio": "0.49"}
    assert judge(_result(*days, poor), _STANDARD).reasons == (
        "Insufficient trades: 8 < 10",
        "Fees too high: 6.1% > 6.0%",
        "Sharpe ratio too low: 0.49 < 0.50",
        "Constraint not met: Total Trades 8 > 8",
    )
    assert judge(_result(*days, _SOUND), replace(_STANDARD, whole_days=None)).reasons[0] == (
        "Insufficient trades: 10 < 50"
    )


@pytest.mark.parametrize(
    ("ran", "prices", "said"),
    [
        (("2012-01-03", "2012-07-18"), (None, None), "2012-01-03 to 2012-07-18"),
        (None, (date(2012, 3, 1), None), "2012-03-01 to 2012-07-18"),
        (None, (date(2011, 3, 1), date(2012, 7, 1)), "2012-01-01 to 2012-07-01"),
        (None, (date(2011, 3, 1), date(2013, 7, 1)), None),
    ],
)
def test_each_backtest_is_held_against_its_own_days(
    ran: tuple[str, str] | None, prices: tuple[date | None, date | None], said: str | None
) -> None:
    standard = replace(_STANDARD, prices_from=prices[0], prices_to=prices[1])
    verdict = judge(_result("2012-01-01", "2012-07-18", _SOUND, ran), standard)
    expected = () if said is None else (f"Other period: {said} instead of 2012-01-01 to 2012-07-18",)
    assert verdict.reasons == expected
