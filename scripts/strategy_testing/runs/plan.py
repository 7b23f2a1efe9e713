"""What a run would do: its folder, its commands, and what it need not do. Nothing is written here."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.lean.command import LeanCommand, plan_commands
from strategy_testing.lean.preparation import preparing_lines
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.manifest import RunManifest

OUTPUT_ROOT = ".optimization"
_TIME_FORMAT = "%Y-%m-%d_%H-%M-%S"


@dataclass(frozen=True)
class LeanSetup:
    """Where and how LEAN is run."""

    workspace: Path
    """The lean workspace."""
    lean: tuple[str, ...]
    """The program and its first arguments."""
    concurrency: int
    """Backtests at once, where the config does not say."""


@dataclass(frozen=True)
class RunPlan:
    """What would be run."""

    config: OptimizationConfig
    workspace: Path
    lean: tuple[str, ...]
    """The program and its first arguments."""
    output: PurePosixPath
    """The run's folder, relative to the workspace."""
    default_concurrency: int
    """Backtests at once, where the config does not say."""
    commands: tuple[LeanCommand, ...]
    """Empty when nothing is left to run."""
    reused: tuple[BacktestResult, ...] = ()
    """Results of earlier runs that are taken instead of being run again."""
    resumed: RunManifest | None = None
    """The manifest of the run that goes on; None for a new one."""

    @property
    def concurrency(self) -> int:
        """Backtests at once."""
        return self.config.search.max_concurrent_backtests or self.default_concurrency

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self.workspace / self.output

    @property
    def total_combinations(self) -> int | None:
        """Of the whole run; None where they are not known beforehand."""
        return self.config.search.method.combinations

    @property
    def backtests_to_run(self) -> int | None:
        """Backtests that LEAN is asked for; None where they are not known beforehand."""
        counts = [command.combinations for command in self.commands]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def shown_commands(self) -> tuple[str, ...]:
        """The commands as a shell takes them."""
        return tuple(command.shown(self.lean) for command in self.commands)


def plan_run(
    config: OptimizationConfig, setup: LeanSetup, now: datetime, reusable: Sequence[BacktestResult] = ()
) -> RunPlan:
    """Plans a new run.

    Args:
        config: what to run.
        setup: where and how LEAN is run.
        now: UTC; the run's folder is named by it.
        reusable: results of earlier runs of exactly the same code, period and engine.
    """
    home = PurePosixPath(OUTPUT_ROOT) / config.strategy.lean_project_path
    stamp = now.strftime(_TIME_FORMAT)
    output, number = home / stamp, 2
    while (setup.workspace / output).exists():  # a run that began in the same second
        output, number = home / f"{stamp}_{number}", number + 1
    reused = tuple(_wanted(config, reusable))
    commands = plan_commands(
        config, setup.workspace, output, setup.concurrency, done=[result.parameters for result in reused]
    )
    return RunPlan(config, setup.workspace, setup.lean, output, setup.concurrency, tuple(commands), reused)


def plan_rest(
    config: OptimizationConfig,
    setup: LeanSetup,
    folder: Path,
    manifest: RunManifest,
    done: Collection[Mapping[str, str]],
) -> RunPlan:
    """Plans what is missing of a run; a search that decides by its results begins anew within it.

    Args:
        config: the copy in the run's folder.
        setup: where and how LEAN is run.
        folder: the run's folder.
        manifest: of the run so far.
        done: parameters of the combinations that need not be run.
    """
    output = PurePosixPath(folder.relative_to(setup.workspace).as_posix())
    first = len(manifest.parts) + 1
    commands = plan_commands(config, setup.workspace, output, setup.concurrency, done=done, first_part=first)
    return RunPlan(config, setup.workspace, setup.lean, output, setup.concurrency, tuple(commands), resumed=manifest)


def _wanted(config: OptimizationConfig, reusable: Sequence[BacktestResult]) -> list[BacktestResult]:
    """The reusable results that the config asks for: each combination once, with nothing in it that is not asked."""
    search, fixed = config.search.method, config.backtest.fixed_parameters
    wanted: dict[frozenset[tuple[str, str]], BacktestResult] = {}
    for result in reusable:
        varied = {name: value for name, value in result.parameters.items() if name not in fixed}
        given = {name: value for name, value in result.parameters.items() if name in fixed}
        if search.includes(varied) and search.key(given) == search.key(fixed):
            wanted[search.key(varied)] = result
    return list(wanted.values())


def shown_script(plan: RunPlan, first: Sequence[LeanCommand] = ()) -> str:
    """What would run, as a shell script: the commands, each behind the files that it needs.

    Args:
        plan: what would run.
        first: commands that would run before the plan's own.
    """
    lines = [f"cd {shlex.quote(str(plan.workspace))}", *(command.shown(plan.lean) for command in first)]
    for command in plan.commands:
        lines += preparing_lines(command)
        lines.append(command.shown(plan.lean))
    return "\n".join(lines)
