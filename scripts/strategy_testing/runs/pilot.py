"""One backtest of the middle combination before a large grid: does the strategy run, trade, and honour its period?

It also measures what the estimates could only assume: orders, fees and seconds.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.console import tell
from strategy_testing.errors import ExitCode
from strategy_testing.fees.estimate import DEFAULT_LIMIT
from strategy_testing.lean.command import LeanCommand, build_pilot_command
from strategy_testing.lean.limits import DEFAULT_STALL_MINUTES, Limits
from strategy_testing.lean.monitor import LeanMonitor
from strategy_testing.lean.process import printed_since, run_lean
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import format_value
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.diagnosis import Failure, diagnose
from strategy_testing.results.folder import SkippedFile, backtest_files, read_backtest, read_output
from strategy_testing.results.manifest import LEAN_OUTPUT, PILOT_FOLDER
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.runs.plan import RunPlan
from strategy_testing.verdict.sanity import find_nonsense

HANDFUL = 12
"""Backtests up to which a pilot would cost more than it can save."""

_NO_VERDICT = (ExitCode.LEAN_REFUSED, ExitCode.LEAN_STOPPED_EARLY)


@dataclass(frozen=True)
class PilotOptions:
    """What may be overridden."""

    enabled: bool = True
    ignore_fees: bool = False


def needs_pilot(plan: RunPlan, options: PilotOptions) -> bool:
    """Whether a grid is large enough, and new: a run that goes on has proved itself."""
    return options.enabled and plan.resumed is None and (plan.backtests_to_run or 0) > HANDFUL


def pilot_command(plan: RunPlan) -> LeanCommand:
    """The backtest of the middle combination."""
    return build_pilot_command(plan.config, plan.output / PILOT_FOLDER)


def fly_pilot(plan: RunPlan, options: PilotOptions) -> Failure | None:
    """Runs the pilot and says why the grid should not follow; None when it should."""
    folder = plan.output / PILOT_FOLDER
    command = pilot_command(plan)
    lean = plan.config.lean
    limits = Limits(lean.stall_minutes or DEFAULT_STALL_MINUTES, lean.timeout_minutes)
    started = time.monotonic()
    monitor = LeanMonitor(plan.workspace / folder, limits, started, _nothing)
    transcript = plan.folder / LEAN_OUTPUT
    before = transcript.stat().st_size if transcript.exists() else 0
    tell(f"pilot: {plan.config.strategy.name} with the middle combination")
    code = run_lean(
        [*plan.lean, *command.arguments], plan.workspace, plan.workspace / folder, transcript, monitor.should_stop
    )
    if monitor.failure is not None:
        return monitor.failure
    result = _result(plan)
    if result is None:
        failure = diagnose(code, printed_since(transcript, before), OptimizerLog())
        if failure is not None and failure.exit_code not in _NO_VERDICT:
            return failure
        # Nothing is known of the strategy then; if something is wrong with LEAN, the grid fails of it at once.
        tell(f"warning: the pilot could not be flown ({failure or 'it left no result'}); going on without")
        return None
    return _judged(plan, options, result, time.monotonic() - started)


def _judged(plan: RunPlan, options: PilotOptions, result: BacktestResult, seconds: float) -> Failure | None:
    if result.status is BacktestStatus.FAILED:
        said = (result.error_message or "no message").splitlines()[0]
        return _failure(f"the pilot backtest crashed: {said}", "mend the strategy, or go on with --no-pilot")
    if not result.made_a_trade:
        orders = result.metrics.get("total_orders")
        return _failure(
            f"the pilot backtest made no trade ({orders if orders is not None else 'no'} orders)",
            "loosen the entry rules or the middle of the grid, or go on with --no-pilot",
        )
    for warning in find_nonsense([result], (), plan.config.backtest):
        tell(f"warning: pilot: {warning}")
    tell(f"pilot: {_measured(result)}; {_outlook(plan, seconds)}")
    fee_pct = result.metrics.get("fee_pct")
    limit = DEFAULT_LIMIT if plan.config.max_fee_pct is None else plan.config.max_fee_pct
    if fee_pct is not None and fee_pct > limit and not options.ignore_fees:
        paid, most = (format_value(value, Unit.FRACTION) for value in (fee_pct, limit))
        return Failure(
            f"the pilot backtest paid {paid} of its capital in fees, above {most}: stop and revise",
            "trade less often, start with more capital, or run it with --ignore-fees",
            ExitCode.STOP_AND_REVISE,
        )
    return None


def _result(plan: RunPlan) -> BacktestResult | None:
    output = read_output(plan.folder / PILOT_FOLDER)
    if output is None:
        return None
    files, _ = backtest_files(output)
    results = [read_backtest(file, output.log) for file in files]
    return next((result for result in results if not isinstance(result, SkippedFile)), None)


def _measured(result: BacktestResult) -> str:
    fees = result.metrics.get("total_fees")
    share = result.metrics.get("fee_pct")
    paid = "unknown fees" if fees is None else f"{format_value(fees, Unit.DOLLARS)} in fees"
    of_capital = "" if share is None else f" ({format_value(share, Unit.FRACTION)} of the capital)"
    orders, trades = result.metrics.get("total_orders"), result.metrics.get("total_trades")
    return f"{orders} orders, {trades} trades, {paid}{of_capital}"


def _outlook(plan: RunPlan, seconds: float) -> str:
    backtests = plan.backtests_to_run or 0
    rounds = math.ceil(backtests / max(1, plan.concurrency))
    minutes = Decimal(rounds * seconds / 60).quantize(Decimal("0.1"))
    return f"{seconds:.1f} s, so about {minutes} minutes for {backtests} backtests, {plan.concurrency} at a time"


def _failure(cause: str, remedy: str) -> Failure:
    return Failure(cause, remedy, ExitCode.PILOT_FAILED)


def _nothing(_finished: Sequence[BacktestResult], _log: OptimizerLog) -> None:
    """A single backtest has no optimizer that could tell of its progress."""
