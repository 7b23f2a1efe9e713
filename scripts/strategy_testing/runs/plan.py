"""What a run would do: its folder, its commands, and what it need not do. Nothing is written here."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from uuid import UUID, uuid4

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.lean.command import LeanCommand, keep_engine, mounts, plan_commands
from strategy_testing.lean.preparation import preparing_lines
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.combinations import combination_of
from strategy_testing.results.manifest import RunManifest
from strategy_testing.runs.engine import COLD, WARM, EngineRule, engine_rule
from strategy_testing.strategy.code_hash import hash_strategy
from strategy_testing.strategy.workspace import project_folder
from strategy_testing.verdict.inputs import RunInputs

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
    is_cold: bool = False
    """Whether the user wants a process of LEAN's for each backtest, whatever the config says."""


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
    rule: EngineRule
    """Why its engines are warm or not."""
    commands: tuple[LeanCommand, ...]
    """Empty when nothing is left to run."""
    reused: tuple[BacktestResult, ...] = ()
    """Results of earlier runs that are taken instead of being run again."""
    had: tuple[BacktestResult, ...] = ()
    """Results of the run that goes on whose combinations are not run again."""
    resumed: RunManifest | None = None
    """The manifest of the run that goes on; None for a new one."""
    inputs_before: RunInputs | None = None
    """What its results so far were made of; None for a new one."""
    part_of: tuple[UUID, str] | tuple[None, None] = (None, None)
    """The walk-forward analysis that it is part of, and which part."""

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

    @property
    def known(self) -> Sequence[BacktestResult]:
        """What need not be run, one result for each combination."""
        method = self.config.search.method
        return list({combination_of(result, method): result for result in (*self.reused, *self.had)}.values())

    @property
    def engine(self) -> str:
        """`warm` where LEAN stays up between its backtests, else `cold`."""
        return WARM if any(command.engines for command in self.commands) else COLD

    @property
    def engine_said(self) -> str:
        """The same with its reason, for people."""
        return self.rule.said(self.backtests_to_run)

    def said(self, run_id: int, part: str | None) -> str:
        """`run 7, in-sample: running 72 combinations of RSI in FOLDER`; the part is that of an analysis."""
        count = self.backtests_to_run
        combinations = "an unknown number of combinations" if count is None else number_of(count, "combination")
        which = f"run {run_id}, {part}" if part else f"run {run_id}"
        return f"{which}: running {combinations} of {self.config.strategy.name} in {self.folder}"

    @property
    def representative(self) -> Mapping[str, str]:
        """The combination that stands for the others: the middle one, or of a list without it the one in its middle."""
        middle = self.config.search.method.middle
        table = self.commands[0].table if self.commands else ()
        rows = [{name: row[name] for name in middle} for row in table]
        return middle if not rows or middle in rows else rows[(len(rows) - 1) // 2]

    def shown_commands(self) -> tuple[str, ...]:
        """The commands as a shell takes them."""
        return tuple(command.shown(self.lean) for command in self.commands)


def manifest_of(
    config: OptimizationConfig, now: datetime, part_of: tuple[UUID, str] | tuple[None, None] = (None, None)
) -> RunManifest:
    """What a config alone tells of a new run, which begins now (UTC), and may be part of a walk-forward analysis."""
    return RunManifest(
        run_uuid=uuid4(),
        strategy=config.strategy.name,
        lean_project_path=config.strategy.lean_project_path,
        config_file=str(config.file),
        optimization_type=config.search.type,
        target_metric=config.search.target_metric,
        target_direction=config.search.target_direction,
        total_combinations=config.search.method.combinations,
        parts=(),
        commands=(),
        strategy_code_hash=None,
        engine_image=config.lean.image,
        started_at=now,
        parameters=tuple(parameter.name for parameter in config.search.parameters),
        analysis_uuid=part_of[0],
        analysis_part=part_of[1],
    )


def plan_run(
    config: OptimizationConfig, setup: LeanSetup, now: datetime, reused: Sequence[BacktestResult] = ()
) -> RunPlan:
    """Plans a new run.

    Args:
        config: what to run.
        setup: where and how LEAN is run.
        now: UTC; the run's folder is named by it.
        reused: results of earlier runs to take; what is run beside them keeps their engine.
    """
    home = PurePosixPath(OUTPUT_ROOT) / config.strategy.lean_project_path
    stamp = now.strftime(_TIME_FORMAT)
    output, number = home / stamp, 2
    while (setup.workspace / output).exists():  # a run that began in the same second
        output, number = home / f"{stamp}_{number}", number + 1
    rule = engine_rule(config, setup.workspace, is_cold=setup.is_cold)
    done = [result.parameters for result in reused]
    commands = plan_commands(config, setup.workspace, output, setup.concurrency, done=done, warm_from=rule.warm_from)
    if reused:
        commands = keep_engine(commands, config.lean)
    return RunPlan(config, setup.workspace, setup.lean, output, setup.concurrency, rule, tuple(commands), tuple(reused))


def plan_rest(
    config: OptimizationConfig,
    setup: LeanSetup,
    folder: Path,
    manifest: RunManifest,
    done: Sequence[BacktestResult],
) -> RunPlan:
    """Plans what is missing of a run; a search that decides by its results begins anew within it.

    A run whose engines were cold so far stays so.

    Args:
        config: the copy in the run's folder.
        setup: where and how LEAN is run.
        folder: the run's folder.
        manifest: of the run so far.
        done: results of the combinations that need not be run.
    """
    output = PurePosixPath(folder.relative_to(setup.workspace).as_posix())
    first = len(manifest.parts) + len(manifest.set_aside) + 1
    rule = engine_rule(config, setup.workspace, is_cold=setup.is_cold)
    if manifest.engine == COLD and rule.warm_from is not None:
        rule = EngineRule(None, "as the run so far")
    commands = plan_commands(
        config,
        setup.workspace,
        output,
        setup.concurrency,
        done=[result.parameters for result in done],
        first_part=first,
        warm_from=rule.warm_from,
    )
    return RunPlan(
        config,
        setup.workspace,
        setup.lean,
        output,
        setup.concurrency,
        rule,
        tuple(commands),
        resumed=manifest,
        had=tuple(done),
    )


def shown_script(plan: RunPlan, first: Sequence[LeanCommand] = ()) -> str:
    """What would run, as a shell script: the commands, each behind the files that it needs, and the engine as remarks.

    Args:
        plan: what would run.
        first: commands that would run before the plan's own.
    """
    lines = [f"# engine: {plan.engine_said}", f"cd {shlex.quote(str(plan.workspace))}"]
    lines += [command.shown(plan.lean) for command in first]
    for command in plan.commands:
        lines += preparing_lines(command)
        volumes = mounts(command, plan.workspace)
        lines += [f"# mounted: {Path(file).name} at {volume['bind']}" for file, volume in volumes.items()]
        lines.append(command.shown(plan.lean))
    if plan.engine == WARM:
        lines.append("# then one of the last combinations again by `lean backtest`, to compare")
    return "\n".join(lines)


def new_manifest(plan: RunPlan) -> RunManifest:
    """The manifest that the run's folder gets: a new one, or the one that it has, with what is run now."""
    parts = tuple(str(command.output.relative_to(plan.output)) for command in plan.commands)
    if (before := plan.resumed) is not None:
        engine = WARM if WARM in (before.engine, plan.engine) else COLD
        commands = before.commands + plan.shown_commands()
        return replace(before, parts=before.parts + parts, commands=commands, engine=engine)
    project = project_folder(plan.workspace, plan.config.strategy.lean_project_path)
    new = manifest_of(plan.config, datetime.now(UTC), plan.part_of)
    used, code = plan.engine if plan.commands else None, hash_strategy(project, plan.workspace)
    return replace(new, parts=parts, commands=plan.shown_commands(), engine=used, strategy_code_hash=code)
