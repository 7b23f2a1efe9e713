"""Which engine runs a plan's backtests: LEAN that stays up between them, or a process of its own for each. Pure."""

from dataclasses import dataclass
from pathlib import Path

from strategy_testing.config.model import OptimizationConfig
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

    def said(self, backtests: int | None) -> str:
        """`warm: …` or `cold: …`, for people.

        Args:
            backtests: that are to be run; None where that is not known beforehand.
        """
        if self.warm_from is None:
            return f"cold: a process of LEAN's for each backtest ({self.because})"
        if backtests is not None and backtests < self.warm_from:
            few = f"{self.because}, which is warm from {self.warm_from} backtests on"
            return f"cold: a process of LEAN's for each backtest ({few})"
        return f"warm: LEAN stays up between backtests; two are compared with LEAN's own process ({self.because})"


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
