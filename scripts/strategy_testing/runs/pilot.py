"""One backtest of the middle combination before a large grid: does the strategy run, trade, and honour its period?

It also measures what the estimates could only assume: orders, fees and seconds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.errors import ExitCode
from strategy_testing.fees.estimate import DEFAULT_LIMIT, ExpectedFees
from strategy_testing.importing.price_check import GET_PRICES, PriceWarning, price_warnings, short_period
from strategy_testing.lean.session import Ended
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.results.backtest import NO_PRICES, BacktestResult, BacktestStatus
from strategy_testing.results.contents import read_single
from strategy_testing.results.data_requests import read_data_requests
from strategy_testing.results.diagnosis import Failure
from strategy_testing.results.manifest import PILOT_FOLDER
from strategy_testing.runs.engine import WARM, UsualTime
from strategy_testing.runs.engine_checks import NO_VERDICT
from strategy_testing.runs.plan import RunPlan
from strategy_testing.verdict.criteria import Standard, other_period
from strategy_testing.verdict.sanity import find_nonsense

_PILOT_FAILED = ExitCode.PILOT_FAILED


@dataclass(frozen=True)
class PilotReport:
    """What the pilot showed."""

    findings: tuple[str, ...]
    """For people, in order."""
    failure: Failure | None = None
    """Why the grid should not follow; None when it should."""


@dataclass(frozen=True)
class Expectations:
    """What was known before the pilot."""

    fees: ExpectedFees | None
    """What the run was estimated to pay."""
    time: UsualTime | None
    """What earlier runs took."""


def judge_pilot(plan: RunPlan, ended: Ended, expected: Expectations, *, ignore_fees: bool, force: bool) -> PilotReport:
    """Says what the pilot showed.

    Args:
        plan: of the grid that is to follow.
        ended: how LEAN ended that ran it.
        expected: to compare it with.
        ignore_fees: let the grid follow in spite of high fees.
        force: let it follow in spite of another period than the config asks for.
    """
    if ended.was_stopped:
        return PilotReport((), ended.failure)
    requests = read_data_requests(plan.folder / PILOT_FOLDER)
    # Before the verdict: a pilot without trades shows its cause.
    warnings = price_warnings(requests, plan.config.period, plan.workspace)
    prices = tuple(map(str, warnings))
    result = read_single(plan.folder / PILOT_FOLDER)
    if result is not None:
        judged = _judged(plan, result, ended.seconds, expected, ignore_fees=ignore_fees)
        failure = judged.failure or (None if force else _period_not_covered(plan, result, warnings))
        return PilotReport(prices + judged.findings, failure)
    if ended.failure is not None and ended.failure.exit_code not in NO_VERDICT:
        return PilotReport(prices, ended.failure)
    # Nothing is known of the strategy then; if something is wrong with LEAN, the grid fails of it at once.
    why = ended.failure or "it left no result"
    return PilotReport((*prices, f"warning: the pilot could not be run ({why}); going on without"))


def _judged(
    plan: RunPlan, result: BacktestResult, seconds: float, expected: Expectations, *, ignore_fees: bool
) -> PilotReport:
    if result.status is BacktestStatus.FAILED:
        said = (result.error_message or "no message").splitlines()[0]
        if said.startswith(NO_PRICES):
            remedy = "get the prices with `lean data download`, or choose other tickers"
            return _failed(f"the pilot backtest could not trade: {said}", remedy)
        return _failed(f"the pilot backtest crashed: {said}", "fix the strategy, or go on with --no-pilot")
    if not result.made_a_trade:
        orders = result.metrics.get("total_orders")
        return _failed(
            f"the pilot backtest made no trade ({orders if orders is not None else 'no'} orders)",
            "loosen the entry rules or the middle of the grid, or go on with --no-pilot",
        )
    findings = [f"warning: pilot: {warning}" for warning in find_nonsense([result], (), plan.config.backtest)]
    findings.append(f"pilot: {_measured(result, expected.fees)}; {_outlook(plan, seconds, expected.time)}")
    return PilotReport(tuple(findings), None if ignore_fees else _fees_too_high(plan, result))


def _period_not_covered(plan: RunPlan, result: BacktestResult, prices: Sequence[PriceWarning]) -> Failure | None:
    """Why the figures of the grid would be those of other years."""
    period = other_period(result, Standard.of(plan.config).for_backtest(result))
    if period is not None:
        remedy = "let the strategy read start_date and end_date and pass them on, or run it with --force"
        return Failure(f"the pilot backtest did not keep to the config's dates: {period}", remedy, _PILOT_FAILED)
    if not any(short_period(plan.folder / PILOT_FOLDER, plan.config.period)):
        return None  # what one of several tickers lacks is only a warning
    short = [warning.cause for warning in prices if warning.is_too_short]
    cause = f"the prices do not cover the period: {', '.join(short)}"
    return Failure(cause, f"{GET_PRICES}, or run it with --force", _PILOT_FAILED)


def _fees_too_high(plan: RunPlan, result: BacktestResult) -> Failure | None:
    """What one backtest has really paid takes the place of the estimate."""
    of_period = DEFAULT_LIMIT if plan.config.max_fee_pct is None else plan.config.max_fee_pct
    limits = (("fee_pct", "", of_period), ("annual_fee_pct", " a year", plan.config.max_annual_fee_pct))
    for column, a_year, limit in limits:
        share = result.metrics.get(column)
        if share is not None and limit is not None and share > limit:
            paid, most = (format_value(value, Unit.FRACTION) for value in (share, limit))
            return Failure(
                f"the pilot backtest paid {paid} of its capital{a_year} in fees, above {most}: stop and revise",
                "trade less often, start with more capital, or run it with --ignore-fees",
                ExitCode.STOP_AND_REVISE,
            )
    return None


def _measured(result: BacktestResult, expected: ExpectedFees | None) -> str:
    fees = result.metrics.get("total_fees")
    share = result.metrics.get("fee_pct")
    paid = "unknown fees" if fees is None else f"{format_value(fees, Unit.DOLLARS)} in fees"
    of_capital = "" if share is None else f" ({format_value(share, Unit.FRACTION)} of the capital)"
    orders, trades = result.metrics.get("total_orders"), result.metrics.get("total_trades")
    estimated = "," if expected is None else f", estimated {expected.estimated_orders};"
    return f"{orders} orders{estimated} {trades} trades, {paid}{of_capital}"


def _outlook(plan: RunPlan, seconds: float, usual: UsualTime | None) -> str:
    """By the pilot, whose engine was cold; for warm engines by earlier runs, if any had them."""
    backtests = plan.backtests_to_run or 0
    rounds = math.ceil(backtests / max(1, plan.concurrency))
    so = "so about"
    minutes = Decimal(rounds * seconds / 60)
    if plan.engine == WARM and usual is not None and not usual.is_at_most:
        so, minutes = "by earlier runs about", backtests * usual.seconds_each / 60
    elif plan.engine == WARM:
        so = "with warm engines at most"
    shown = minutes.quantize(Decimal("0.1"))
    return f"{seconds:.1f} s, {so} {shown} minutes for {backtests} backtests, {plan.concurrency} at a time"


def _failed(cause: str, remedy: str) -> PilotReport:
    return PilotReport((), Failure(cause, remedy, _PILOT_FAILED))
