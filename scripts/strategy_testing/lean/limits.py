"""Decides, from what has been seen of a running LEAN, whether to let it go on. Pure: the clock is an argument."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from strategy_testing.errors import ExitCode
from strategy_testing.results.diagnosis import Failure, diagnose
from strategy_testing.results.optimizer_log import OptimizerLog

DEFAULT_STALL_MINUTES = Decimal(30)
_IN_STEP = re.compile(r"Isolator\.ExecuteWithTimeLimit\(\): Used: .* CurrentTimeStepElapsed: (\d+):(\d+\.\d+)")
SECONDS_BETWEEN = 60
"""LEAN writes such a line into a backtest's log every minute, whether the backtest moves or not."""


@dataclass(frozen=True)
class Limits:
    """How long a run may take, and how long nothing may happen."""

    stall_minutes: Decimal = DEFAULT_STALL_MINUTES
    timeout_minutes: Decimal | None = None
    """None: as long as it takes."""


def seconds_in_step(added: str) -> float | None:
    """How long a backtest had sat in one time step when LEAN last said so; None where its log got other lines, too.

    Args:
        added: the whole lines that its log got.
    """
    matches = [_IN_STEP.search(line) for line in added.splitlines()]
    seconds = [int(match[1]) * 60 + float(match[2]) for match in matches if match is not None]
    return max(seconds) if seconds and len(seconds) == len(matches) else None


def reason_to_stop(
    limits: Limits, log: OptimizerLog, elapsed: float, idle: float, in_step: Mapping[str, float]
) -> Failure | None:
    """Why a running LEAN has to be stopped; None to let it go on.

    Args:
        limits: the config's limits.
        log: the optimizer's log so far.
        elapsed: seconds since the run began.
        idle: seconds since a backtest began, moved or finished.
        in_step: seconds for which backtests, by their ids, were seen to sit in one time step.
    """
    if log.start_error is not None:
        return diagnose(None, "", log)
    if limits.timeout_minutes is not None and elapsed >= float(limits.timeout_minutes) * 60:
        return Failure(
            f"the time limit of {limits.timeout_minutes} minutes has passed",
            "raise lean.timeout_minutes, or test fewer combinations at a time",
            ExitCode.TIME_LIMIT,
        )
    if idle < float(limits.stall_minutes) * 60:
        return None
    stalled = f"LEAN has stalled: nothing new for {limits.stall_minutes} minutes"
    if not in_step:
        remedy = (
            "look at the end of its output beside the run; raise lean.stall_minutes if one backtest takes that long"
        )
        return Failure(stalled, remedy, ExitCode.STALLED)
    longest = max(in_step, key=lambda backtest_id: in_step[backtest_id])
    minutes, seconds = divmod(int(in_step[longest]), 60)
    parameters = ", ".join(f"{name}={value}" for name, value in log.launched.get(longest, {}).items())
    return Failure(
        f"{stalled}: backtest {longest[:8]} ({parameters}) has been in one step for {minutes} min {seconds} s",
        "look for a loop without an end, a wait or a download in what the strategy does at each bar (on_data, "
        "scheduled events); raise lean.stall_minutes if one step takes that long",
        ExitCode.STALLED,
    )
