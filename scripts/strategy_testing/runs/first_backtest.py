"""The backtest that LEAN runs before a run's own commands: a pilot, or what a warm engine is compared with."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace

from strategy_testing.lean.command import LeanCommand, build_backtest_command, keep_engine
from strategy_testing.lean.session import Ended, LeanSession
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.manifest import CHECK_FOLDER, PILOT_FOLDER
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.runs.engine import WARM
from strategy_testing.runs.plan import RunPlan

HANDFUL = 12
"""Backtests up to which a pilot would cost more than it can save."""


def needs_pilot(plan: RunPlan) -> bool:
    """Whether a grid is large enough, and new: a run that goes on with results has proved itself."""
    return not plan.had and (plan.backtests_to_run or 0) > HANDFUL


def first_command(plan: RunPlan, *, with_pilot: bool) -> LeanCommand | None:
    """The backtest that stands before a plan's own commands, if any: the pilot, or what a warm one is compared with.

    Args:
        plan: of the commands that follow.
        with_pilot: whether a plan that needs a pilot is given one.
    """
    if with_pilot and needs_pilot(plan):
        return _pilot_command(plan)
    return first_check(plan) if plan.engine == WARM else None


def after_first(plan: RunPlan) -> RunPlan:
    """The plan as it follows such a backtest, whose engine image it keeps."""
    return replace(plan, commands=tuple(keep_engine(plan.commands, plan.config.lean)))


def run_pilot(plan: RunPlan, session: LeanSession) -> Ended:
    """Has LEAN's own process run the middle combination alone."""
    shutil.rmtree(plan.folder / PILOT_FOLDER, ignore_errors=True)  # of a run that came no further before
    return session.run(_pilot_command(plan), look_at_nothing)


def _pilot_command(plan: RunPlan) -> LeanCommand:
    command = build_backtest_command(plan.config, plan.output / PILOT_FOLDER, plan.representative)
    return keep_engine([command], plan.config.lean)[0] if plan.reused else command


def first_check(plan: RunPlan) -> LeanCommand:
    """The backtest that a warm one is compared with where there is no pilot; a new run's first command."""
    command = check_command(plan, "first", plan.representative)
    is_first = not plan.had and not plan.reused
    return command if is_first else keep_engine([command], plan.config.lean)[0]


def check_command(plan: RunPlan, name: str, combination: Mapping[str, str]) -> LeanCommand:
    """One combination in LEAN's own process, to compare warm engines with; the name is that of its folder."""
    return build_backtest_command(plan.config, plan.output / CHECK_FOLDER / name, combination)


def look_at_nothing(_finished: Sequence[BacktestResult], _log: OptimizerLog) -> None:
    """A single backtest has no optimizer that could report its progress."""
