"""The status of a run from what it left: completed, partial or failed, and why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from strategy_testing.errors import ExitCode
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.backtest import BacktestResult, BacktestStatus
from strategy_testing.results.combinations import combination_of, distinct_combinations
from strategy_testing.results.diagnosis import Failure
from strategy_testing.search.protocol import Search


class RunStatus(StrEnum):
    """The statuses of optimization_runs."""

    PENDING = "pending"
    """The default of a row that was made by hand."""
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"
    """Its estimated fees pass the limit, so that it never began."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    status: RunStatus
    message: str | None
    """Why it is not completed."""
    exit_code: ExitCode


def judge_run(
    results: Sequence[BacktestResult],
    total_combinations: int | None,
    unfinished: int,
    has_ended: bool,
    failure: Failure | None,
    *,
    search: Search,
) -> RunOutcome:
    """The outcome of a run.

    Args:
        results: the finished backtests, failed ones included.
        total_combinations: how many combinations there should be; None when nobody knows.
        unfinished: backtests that were launched and have no result, or whose result cannot be read.
        has_ended: whether LEAN says that the optimization has ended.
        failure: why LEAN did not do its work, when that is known.
        search: knows which combinations are the same.
    """
    completed = {combination_of(result, search) for result in results if result.status is BacktestStatus.COMPLETED}
    failed = [result for result in results if combination_of(result, search) not in completed]
    is_spoilt = failure is not None and failure.spoils_complete_run
    if total_combinations and len(completed) >= total_combinations and not failed and not is_spoilt:
        return RunOutcome(RunStatus.COMPLETED, None, ExitCode.OK)  # whatever happened after the last backtest
    reasons = [str(failure)] if failure else []
    if failed:
        error = failed[0].error_message or "no message"
        reasons.append(f"{len(failed)} of {len(results)} backtests failed: {error.splitlines()[0]}")
    missing = 0 if total_combinations is None else total_combinations - distinct_combinations(results, search)
    if unfinished and (missing > 0 or total_combinations is None):
        reasons.append(f"{number_of(unfinished, 'backtest')} {'has' if unfinished == 1 else 'have'} no usable result")
    if missing > unfinished:
        reasons.append(f"{missing} of {total_combinations} combinations have no result")
    if not has_ended and not failure and (missing > 0 or total_combinations is None):
        reasons.append("LEAN's log does not say that the optimization has ended")
    message = "; ".join(reasons) or None
    if not completed:
        code = ExitCode.ALL_BACKTESTS_FAILED if failed else ExitCode.LEAN_STOPPED_EARLY
        return RunOutcome(RunStatus.FAILED, message or "no backtest finished", failure.exit_code if failure else code)
    if message:
        return RunOutcome(RunStatus.PARTIAL, message, failure.exit_code if failure else ExitCode.PARTIAL)
    return RunOutcome(RunStatus.COMPLETED, None, ExitCode.OK)
