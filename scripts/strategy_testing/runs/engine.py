"""Which engine runs a plan's backtests: LEAN that stays up between them, or a process of its own for each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import NamedTuple

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.database.queries import RunCost
from strategy_testing.errors import UserError

WARM, COLD = "warm", "cold"
_PAYS_FROM = 8
"""Backtests. Two at a time, LEAN's own processes were seen to take 20 s each: 81 s for 8. Warm engines take 15 s for
the first and 3.5 s for each other one, and 20 s for each of the two that are compared: 66 s. For 6, both take 60 s."""
_MAIN = "main.py"


@dataclass(frozen=True)
class EngineRule:
    """When a run's engines are warm, and why."""

    warm_from: int | None
    """As many backtests, or an unknown number, are run by warm engines; None: none are."""
    because: str
    """What decided it."""

    def engine(self, backtests: int | None) -> str:
        """`warm` or `cold`.

        Args:
            backtests: that are to be run; None where that is not known beforehand.
        """
        is_warm = self.warm_from is not None and (backtests is None or backtests >= self.warm_from)
        return WARM if is_warm else COLD

    def said(self, backtests: int | None) -> str:
        """`warm: …` or `cold: …`, for people.

        Args:
            backtests: that are to be run; None where that is not known beforehand.
        """
        if self.engine(backtests) == WARM:
            return f"warm: LEAN stays up between backtests; two are compared with LEAN's own process ({self.because})"
        few = "" if self.warm_from is None else f", which is warm from {self.warm_from} backtests on"
        return f"cold: a process of LEAN's for each backtest ({self.because}{few})"


def engine_rule(config: OptimizationConfig, workspace: Path, *, is_cold: bool = False) -> EngineRule:
    """What the config, the project and --cold say.

    Args:
        config: what would be run.
        workspace: the lean workspace.
        is_cold: whether the user has asked for LEAN's own processes.

    Raises:
        UserError: the config asks for warm engines, and the project is not one in Python.
    """
    asked = config.lean.engine
    if is_cold:
        return EngineRule(None, "--cold")
    if asked == COLD:
        return EngineRule(None, "lean.engine: cold")
    project = workspace / config.strategy.lean_project_path
    if project.is_dir() and not (project / _MAIN).is_file():
        if asked == WARM:
            raise UserError(
                f"{project} has no {_MAIN}, and warm engines run strategies in Python only",
                "write lean: {engine: auto}, or run it with --cold",
            )
        return EngineRule(None, "the strategy is not in Python")
    return EngineRule(0 if asked == WARM else _PAYS_FROM, f"lean.engine: {asked}")


class UsualTime(NamedTuple):
    """What a strategy's earlier runs took."""

    seconds_each: Decimal
    """Of the clock, several at a time, for one backtest."""
    is_at_most: bool = False
    """Whether these were cold and the run's engines are warm, which take less."""


def usual_time(costs: Sequence[RunCost], engine: str) -> UsualTime | None:
    """What earlier runs tell of one with these engines; None where they tell nothing.

    Args:
        costs: of the strategy's earlier runs.
        engine: warm or cold.
    """
    times = {
        each: [cost.seconds_each for cost in costs if cost.engine == each and cost.seconds_each is not None]
        for each in (WARM, COLD)
    }
    if times[engine]:
        return UsualTime(median(times[engine]))
    return UsualTime(median(times[COLD]), is_at_most=True) if times[COLD] else None
