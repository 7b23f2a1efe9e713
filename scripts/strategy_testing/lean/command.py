"""Builds the `lean optimize` commands of a search. Pure: a config in, arguments and an optimizer config out."""

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from strategy_testing.config.lean_section import (
    HOST_IN_CONTAINER,
    LAUNCHER_IN_CONTAINER,
    SETTINGS_IN_CONTAINER,
    TABLE_IN_CONTAINER,
)
from strategy_testing.config.model import Constraint, LeanSettings, OptimizationConfig
from strategy_testing.config.secrets import masked_words
from strategy_testing.lean.options import NO_UPDATE, option_words
from strategy_testing.metrics.lean_names import name_for_lean_cli, optimizer_path
from strategy_testing.results.manifest import ENGINE_SETTINGS, HOST, LAUNCHER, OPTIMIZER_CONFIG, TABLE
from strategy_testing.search.protocol import Part, Refinement
from strategy_testing.search.space import Progression, plain

_STRATEGIES = "QuantConnect.Optimizer.Strategies."
_SETTINGS_TYPE = f"{_STRATEGIES}StepBaseOptimizationStrategySettings, QuantConnect.Optimizer"
_OPERATORS = {
    ">": "greater",
    "<": "less",
    ">=": "greaterOrEqual",
    "<=": "lessOrEqual",
    "==": "equals",
    "!=": "notEqual",
}

_IN_CONTAINER = {
    LAUNCHER: LAUNCHER_IN_CONTAINER,
    TABLE: TABLE_IN_CONTAINER,
    ENGINE_SETTINGS: SETTINGS_IN_CONTAINER,
    HOST: HOST_IN_CONTAINER,
}
"""Where files of a command's output folder are mounted."""


@dataclass(frozen=True)
class LeanCommand:
    """One `lean optimize`, to be run in the lean workspace."""

    arguments: tuple[str, ...]
    """What follows `lean`."""
    output: PurePosixPath
    """The folder it writes, relative to the workspace."""
    optimizer_config: Mapping[str, Any] | None
    """The content of output/optimizer.json, where flags cannot say it."""
    combinations: int | None
    """Backtests that it asks for; None where they are not known beforehand."""
    table: tuple[Mapping[str, str], ...] = ()
    """The content of output/combinations.json, where LEAN counts through a table."""
    engines: int = 0
    """Warm engines at once, each of which serves one backtest after the other; 0: a process for each backtest."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Which programs of ours have to stand in its output folder."""
        return ((LAUNCHER,) if self.table or self.engines else ()) + ((HOST,) if self.engines else ())

    @property
    def files(self) -> dict[str, str]:
        """What has to stand in its output folder before it is run: names and texts."""
        files = {}
        if self.optimizer_config is not None:
            files[OPTIMIZER_CONFIG] = json.dumps(self.optimizer_config, indent=2) + "\n"
        if self.table:
            rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in self.table)
            files[TABLE] = f"[\n{rows}\n]\n"
        if self.engines:
            files[ENGINE_SETTINGS] = json.dumps({"engines": self.engines}) + "\n"
        return files

    def shown(self, lean: tuple[str, ...] = ("lean",)) -> str:
        """The command as a shell takes it, its secrets hidden."""
        return shlex.join([*lean, *masked_words(self.arguments)])


def plan_commands(
    config: OptimizationConfig,
    workspace: Path,
    output: PurePosixPath,
    max_concurrent: int,
    *,
    done: Collection[Mapping[str, str]] = (),
    first_part: int = 1,
    warm_from: int | None = None,
) -> list[LeanCommand]:
    """The commands that run every combination of a config once, but for those that are done.

    Args:
        config: what to run.
        workspace: the lean workspace.
        output: the run's folder, relative to the lean workspace; a lone first command writes into it, any other into
            a folder part-NN in it.
        max_concurrent: backtests at once, where the config does not say.
        done: parameters of combinations that need no backtest; a search that decides by its results begins anew.
        first_part: the number of the first command within its run.
        warm_from: as many backtests, or an unknown number, are run by warm engines; None: none are.
    """
    concurrent = config.search.max_concurrent_backtests or max_concurrent
    parts = config.search.method.parts(done)
    is_alone = first_part == 1 and len(parts) == 1
    folders = [output if is_alone else output / f"part-{first_part + i:02}" for i in range(len(parts))]
    counts = [part.combinations for part in parts]
    is_many = None in counts or sum(count or 0 for count in counts) >= (warm_from or 0)
    engines = concurrent if warm_from is not None and is_many else 0
    commands = [
        _build_command(config, part, workspace, folder, concurrent, engines=engines)
        for part, folder in zip(parts, folders, strict=True)
    ]
    alone = 1 if first_part == 1 else 0
    return [*commands[:alone], *keep_engine(commands[alone:], config.lean)]


def keep_engine(commands: Sequence[LeanCommand], lean: LeanSettings) -> list[LeanCommand]:
    """The commands as they follow a run's first one: not looking for a newer engine, unless the config says."""
    if lean.no_update is not None:
        return list(commands)
    return [
        command if NO_UPDATE in command.arguments else replace(command, arguments=(*command.arguments, NO_UPDATE))
        for command in commands
    ]


def build_backtest_command(
    config: OptimizationConfig, output: PurePosixPath, combination: Mapping[str, str]
) -> LeanCommand:
    """`lean backtest` of one combination, in LEAN's own process.

    Args:
        config: of whose strategy.
        output: the folder it writes, relative to the workspace.
        combination: values by name; the config's fixed parameters are added.
    """
    arguments = ["backtest", config.strategy.lean_project_path, "--output", str(output)]
    for name, value in (dict(combination) | config.backtest.fixed_parameters).items():
        arguments += ["--parameter", name, value]
    return LeanCommand((*arguments, *option_words(config.lean)), output, None, combinations=1)


def _build_command(
    config: OptimizationConfig, part: Part, workspace: Path, output: PurePosixPath, concurrent: int, *, engines: int
) -> LeanCommand:
    """The command of one part: flags where they can say it, else an optimizer config."""
    progressions = {name: axis for name, axis in part.axes.items() if isinstance(axis, Progression)}
    fixed = config.backtest.fixed_parameters
    table = tuple({**row, **fixed} for row in part.table)
    content = None
    if len(progressions) == len(part.axes) and (table or not fixed):
        arguments = _flags(config, progressions)
    else:
        content = _optimizer_config(config, part)
        arguments = ["--optimizer-config", str(output / OPTIMIZER_CONFIG)]
    arguments = ["optimize", config.strategy.lean_project_path, *arguments, "--output", str(output)]
    arguments += ["--max-concurrent-backtests", str(concurrent)]
    command = LeanCommand((), output, content, part.combinations, table, engines)
    arguments += option_words(config.lean, mounts(command, workspace))
    return replace(command, arguments=tuple(arguments))


def mounts(command: LeanCommand, workspace: Path) -> dict[str, dict[str, str]]:
    """Puts our launcher where LEAN's optimizer starts its own, and beside it what it needs; nothing without it."""
    ours = {*command.programs, *command.files}
    return {
        str(workspace / command.output / name): {"bind": place, "mode": "ro"}
        for name, place in _IN_CONTAINER.items()
        if name in ours
    }


def _flags(config: OptimizationConfig, axes: Mapping[str, Progression]) -> list[str]:
    search = config.search
    flags = ["--strategy", search.type]
    flags += ["--target", name_for_lean_cli(search.target_metric), "--target-direction", search.target_direction]
    for name, axis in axes.items():
        flags += ["--parameter", name, *(plain(number) for number in (axis.start, axis.end, axis.step))]
    for constraint in search.constraints:
        bar = f"{name_for_lean_cli(constraint.metric)} {constraint.operator} {plain(constraint.value)}"
        flags += ["--constraint", bar]
    return flags


def _optimizer_config(config: OptimizationConfig, part: Part) -> dict[str, Any]:
    search = config.search
    parameters = [{"name": name} | _range_or_value(axis) for name, axis in part.axes.items()]
    fixed = [{"name": name, "value": value} for name, value in config.backtest.fixed_parameters.items()]
    return {
        "optimization-strategy": f"{_STRATEGIES}{search.type.replace(' ', '')}OptimizationStrategy",
        "optimization-strategy-settings": {
            "$type": _SETTINGS_TYPE,
            "default-segment-amount": search.method.segments,
        },
        "optimization-criterion": {"target": optimizer_path(search.target_metric), "extremum": search.target_direction},
        "parameters": parameters + fixed,
        "constraints": [_constraint(constraint) for constraint in search.constraints],
    }


def _range_or_value(axis: Progression | Refinement | str) -> dict[str, Any]:
    if isinstance(axis, str):
        return {"value": axis}
    bounds = {"min": _number(axis.start), "max": _number(axis.end), "step": _number(axis.step)}
    return bounds | {"min-step": _number(axis.min_step)} if isinstance(axis, Refinement) else bounds


def _constraint(constraint: Constraint) -> dict[str, Any]:
    return {
        "target": optimizer_path(constraint.metric),
        "operator": _OPERATORS[constraint.operator],
        "target-value": _number(constraint.value),
    }


def _number(number: Decimal) -> int | float:
    """A JSON number; whole ones without a decimal point, or LEAN would write 30.0 for 30."""
    return int(number) if number == number.to_integral_value() else float(number)
