"""Compares the parameters that a strategy reads with those that it is given."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from strategy_checks.names import Names, Place, last_name, placed
from strategy_checks.strategy_files import MAIN, Finding, Strategy
from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.config.yaml_source import YamlPath, parse_yaml, read_text
from strategy_testing.strategy.workspace import PROJECT_CONFIG

_READERS = {"get_parameter", "GetParameter"}


class ConfiguredParameter(NamedTuple):
    """A parameter that a file gives to a strategy."""

    file: Path
    line: int
    name: str


def configured_parameters(folder: Path) -> dict[str, list[ConfiguredParameter]]:
    """The parameters in all configs of a folder, by the project that they name.

    Raises:
        UserError: a config cannot be read.
        ConfigError: one is not YAML.
    """
    found: dict[str, list[ConfiguredParameter]] = {}
    for file in sorted(folder.glob("*.y*ml")):
        document = parse_yaml(file, read_text(file))
        project = _at(document.data, ("strategy", "lean_project_path"))
        searched, fixed = _at(document.data, ("optimization", "parameters")), _at(document.data, ("backtest",))
        paths: list[YamlPath] = [
            ("optimization", "parameters", name) for name in (searched if isinstance(searched, Mapping) else ())
        ]
        paths += [("backtest", name) for name in FIXED_PARAMETERS if _at(fixed, (name,)) is not None]
        if isinstance(project, str):
            found.setdefault(Path(project).as_posix(), []).extend(
                ConfiguredParameter(file, document.line_of(path) or 1, str(path[-1])) for path in paths
            )
    return found


def parameter_findings(strategy: Strategy, configured: list[ConfiguredParameter]) -> Iterator[Finding]:
    """What is configured and not read, what is read without a default, and what is misread as a whole number."""
    if not strategy.is_library and len(strategy.trees) == len(strategy.files):
        yield from _unread(strategy, configured)
    for file, tree in strategy.trees.items():
        names = Names(tree)
        for node, place in placed(tree):
            for message in _of_node(node, place, names, strategy):
                yield Finding(strategy.files[file], getattr(node, "lineno", 1), message)


def _unread(strategy: Strategy, configured: list[ConfiguredParameter]) -> Iterator[Finding]:
    if strategy.facts.reads_dynamic_names:
        yield Finding(
            strategy.folder / MAIN, 1, "reads parameters whose names the sources do not show; write the names out"
        )
        return
    config = strategy.folder / PROJECT_CONFIG
    given = [ConfiguredParameter(config, line, name) for name, line in strategy.parameters.items()]
    for parameter in (*given, *configured):
        if parameter.name not in strategy.facts.parameter_names:
            message = f"{strategy.folder.name} does not read the parameter {parameter.name}; read it or take it out"
            yield Finding(parameter.file, parameter.line, message)


def _of_node(node: ast.AST, place: Place, names: Names, strategy: Strategy) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="int"), args=[given]) if any(
            _is_text(each) for each, _ in [(given, place), *names.values(given, place)]
        ):
            yield "int() fails on '14.0', which is how LEAN may write 14; use int(float(…))"
        case ast.Call(args=[_, ast.Constant(value=int() as default)]) if last_name(node) in _READERS:
            yield (
                f"get_parameter with the default {default} gives {default} for any text but a whole number's, '14.0' "
                "too; give it a text as the default and convert what it returns"
            )
    match node:
        case ast.Call(func=ast.Name(), args=[ast.Call(args=[ast.Constant(value=str(name))], keywords=[]) as read]):
            if last_name(read) in _READERS and not strategy.is_library and name not in strategy.parameters:
                yield f"the parameter {name} has neither a default nor a value in {PROJECT_CONFIG}; give it both"


def _is_text(node: ast.AST) -> bool:
    """Whether an expression is a parameter as LEAN writes it; with a number as the default LEAN converts it."""
    if not isinstance(node, ast.Call) or last_name(node) not in _READERS:
        return False
    return not any(isinstance(each, ast.Constant) and isinstance(each.value, int | float) for each in node.args)


def _at(data: object, path: YamlPath) -> object:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data
