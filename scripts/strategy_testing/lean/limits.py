"""Decides, from what has been seen of a running LEAN, whether to let it go on. Pure: the clock is an argument."""

from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.errors import ExitCode
from strategy_testing.results.diagnosis import Failure, diagnose
from strategy_testing.results.optimizer_log import OptimizerLog

DEFAULT_STALL_MINUTES = Decimal(30)


@dataclass(frozen=True)
class Limits:
    """How long a run may take, and how long nothing may happen."""

    stall_minutes: Decimal = DEFAULT_STALL_MINUTES
    timeout_minutes: Decimal | None = None
    """None: as long as it takes."""


def reason_to_stop(limits: Limits, log: OptimizerLog, elapsed: float, idle: float) -> Failure | None:
    """Why a running LEAN has to be stopped; None to let it go on.

    Args:
        limits: the config's limits.
        log: the optimizer's log so far.
        elapsed: seconds since the run began.
        idle: seconds since anything new stood in the log or on disk.
    """
    if log.start_error is not None:
        return diagnose(None, "", log)
    if limits.timeout_minutes is not None and elapsed >= float(limits.timeout_minutes) * 60:
        return Failure(
            f"the time limit of {limits.timeout_minutes} minutes has passed",
            "raise lean.timeout_minutes, or test fewer combinations at a time",
            ExitCode.TIME_LIMIT,
        )
    if idle >= float(limits.stall_minutes) * 60:
        return Failure(
            f"LEAN has stalled: nothing new for {limits.stall_minutes} minutes",
            "look at the end of its output beside the run; raise lean.stall_minutes if one backtest takes that long",
            ExitCode.STALLED,
        )
    return None
