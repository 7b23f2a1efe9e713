"""Builds the `lean optimize` command of a grid. Pure: a config in, arguments and an optimizer config out."""

import json
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from strategy_testing.config.model import EULER_SEARCH, Constraint, OptimizationConfig
from strategy_testing.metrics.lean_names import name_for_lean_cli, optimizer_path
from strategy_testing.results.manifest import OPTIMIZER_CONFIG
from strategy_testing.search.euler import SEGMENTS, steps
from strategy_testing.search.grids import cover_missing
from strategy_testing.search.space import Axis, Grid, ListParameter, Parameter, Progression, RangeParameter

_STRATEGIES = "QuantConnect.Optimizer.Strategies."
_SETTINGS_TYPE = f"{_STRATEGIES}StepBaseOptimizationStrategySettings, QuantConnect.Optimizer"
_GRID_SEGMENTS = 10  # what the CLI writes; a grid with steps does not use it
_OPERATORS = {
    ">": "greater",
    "<": "less",
    ">=": "greaterOrEqual",
    "<=": "lessOrEqual",
    "==": "equals",
    "!=": "notEqual",
}


@dataclass(frozen=True)
class LeanCommand:
    """One `lean optimize`, to be run in the lean workspace."""

    arguments: tuple[str, ...]
    """What follows `lean`."""
    output: PurePosixPath
    """The folder it writes, relative to the workspace."""
    optimizer_config: Mapping[str, Any] | None
    """The content of output/optimizer.json, where flags cannot say it."""
    combinations: int | None = None
    """Backtests that it asks for; None for an Euler search."""

    @property
    def optimizer_config_text(self) -> str | None:
        """The file as it is written."""
        return None if self.optimizer_config is None else json.dumps(self.optimizer_config, indent=2) + "\n"

    def shown(self, lean: tuple[str, ...] = ("lean",)) -> str:
        """The command as a shell takes it."""
        return shlex.join([*lean, *self.arguments])


def plan_commands(
    config: OptimizationConfig,
    output: PurePosixPath,
    max_concurrent: int,
    *,
    done: Collection[Mapping[str, str]] = (),
    first_part: int = 1,
) -> list[LeanCommand]:
    """The commands that run every combination of a config once, but for those that are done.

    Args:
        config: what to run.
        output: the run's folder, relative to the lean workspace; a lone first command writes into it, any other into
            a folder part-NN in it.
        max_concurrent: backtests at once, where the config does not say.
        done: parameters of combinations that need no backtest; an Euler search decides for itself.
        first_part: the number of the first command within its run.
    """
    concurrent = config.search.max_concurrent_backtests or max_concurrent
    is_euler = config.search.type == EULER_SEARCH
    grids = [] if is_euler else cover_missing(config.search.parameters, done)
    count = 1 if is_euler else len(grids)
    is_alone = first_part == 1 and count == 1
    folders = [output if is_alone else output / f"part-{first_part + i:02}" for i in range(count)]
    if is_euler:
        return [_with_optimizer_config(config, _euler_parameters(config.search.parameters), folders[0], concurrent)]
    return [build_grid_command(config, grid, folder, concurrent) for grid, folder in zip(grids, folders, strict=True)]


def build_pilot_command(config: OptimizationConfig, output: PurePosixPath) -> LeanCommand:
    """`lean backtest` of the middle combination: of every parameter the value in the middle of its range or list."""
    arguments = ["backtest", config.strategy.lean_project_path, "--output", str(output)]
    middle = {parameter.name: _as_text(parameter.middle()) for parameter in config.search.parameters}
    for name, value in (middle | config.backtest.fixed_parameters).items():
        arguments += ["--parameter", name, value]
    if config.lean.image:
        arguments += ["--image", config.lean.image]
    return LeanCommand(tuple(arguments), output, None, combinations=1)


def build_grid_command(config: OptimizationConfig, grid: Grid, output: PurePosixPath, concurrent: int) -> LeanCommand:
    """The command of one grid: flags where they can say it, else an optimizer config."""
    progressions = {name: axis for name, axis in grid.axes.items() if isinstance(axis, Progression)}
    if len(progressions) == len(grid.axes) and not config.backtest.fixed_parameters:
        command = _with_flags(config, progressions, output, concurrent)
    else:
        parameters = [_grid_parameter(name, axis) for name, axis in grid.axes.items()]
        command = _with_optimizer_config(config, parameters, output, concurrent)
    return replace(command, combinations=grid.combinations)


def _with_flags(
    config: OptimizationConfig, axes: Mapping[str, Progression], output: PurePosixPath, concurrent: int
) -> LeanCommand:
    search = config.search
    arguments = ["optimize", config.strategy.lean_project_path, "--strategy", search.type]
    arguments += ["--target", name_for_lean_cli(search.target_metric), "--target-direction", search.target_direction]
    for name, axis in axes.items():
        arguments += ["--parameter", name, *(_plain(number) for number in (axis.start, axis.end, axis.step))]
    for constraint in search.constraints:
        bar = f"{name_for_lean_cli(constraint.metric)} {constraint.operator} {_plain(constraint.value)}"
        arguments += ["--constraint", bar]
    arguments += _common_flags(config, output, concurrent)
    return LeanCommand(tuple(arguments), output, None)


def _with_optimizer_config(
    config: OptimizationConfig, parameters: list[dict[str, Any]], output: PurePosixPath, concurrent: int
) -> LeanCommand:
    search = config.search
    is_euler = search.type == EULER_SEARCH
    fixed = [{"name": name, "value": value} for name, value in config.backtest.fixed_parameters.items()]
    content = {
        "optimization-strategy": f"{_STRATEGIES}{search.type.replace(' ', '')}OptimizationStrategy",
        "optimization-strategy-settings": {
            "$type": _SETTINGS_TYPE,
            "default-segment-amount": SEGMENTS if is_euler else _GRID_SEGMENTS,
        },
        "optimization-criterion": {"target": optimizer_path(search.target_metric), "extremum": search.target_direction},
        "parameters": parameters + fixed,
        "constraints": [_constraint(constraint) for constraint in search.constraints],
    }
    arguments = ["optimize", config.strategy.lean_project_path, "--optimizer-config", str(output / OPTIMIZER_CONFIG)]
    arguments += _common_flags(config, output, concurrent)
    return LeanCommand(tuple(arguments), output, content)


def _common_flags(config: OptimizationConfig, output: PurePosixPath, concurrent: int) -> list[str]:
    flags = ["--output", str(output), "--max-concurrent-backtests", str(concurrent)]
    return [*flags, "--image", config.lean.image] if config.lean.image else flags


def _grid_parameter(name: str, axis: Axis) -> dict[str, Any]:
    if isinstance(axis, str):
        return {"name": name, "value": axis}
    return {"name": name, "min": _number(axis.start), "max": _number(axis.end), "step": _number(axis.step)}


def _euler_parameters(parameters: tuple[Parameter, ...]) -> list[dict[str, Any]]:
    return [_euler_parameter(parameter) for parameter in parameters]


def _euler_parameter(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, ListParameter):  # the config reader lets only lists of one value through
        return {"name": parameter.name, "value": _as_text(parameter.values[0])}
    first, finest = steps(parameter)
    bounds: RangeParameter = parameter
    return {
        "name": bounds.name,
        "min": _number(bounds.start),
        "max": _number(bounds.end),
        "step": _number(first),
        "min-step": _number(finest),
    }


def _constraint(constraint: Constraint) -> dict[str, Any]:
    return {
        "target": optimizer_path(constraint.metric),
        "operator": _OPERATORS[constraint.operator],
        "target-value": _number(constraint.value),
    }


def _as_text(value: Decimal | str) -> str:
    return value if isinstance(value, str) else _plain(value)


def _plain(number: Decimal) -> str:
    """Without exponent or needless zeros: 10, 0.005."""
    return f"{number.normalize():f}" if number else "0"


def _number(number: Decimal) -> int | float:
    """A JSON number; whole ones without a decimal point, or LEAN would write 30.0 for 30."""
    return int(number) if number == number.to_integral_value() else float(number)
