"""Compares the parameters that a strategy reads with those that it is given."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from strategy_checks.findings import Finding
from strategy_checks.names import Names, Place, last_name, placed, tested
from strategy_checks.strategy_files import Strategy
from strategy_testing.config import FIXED_PARAMETERS
from strategy_testing.project_sources import PROJECT_CONFIG
from strategy_testing.yaml_source import YamlPath, parse_yaml, read_text

_ONE, _ALL = {"get_parameter", "GetParameter"}, {"get_parameters", "GetParameters"}


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
        fixed = _at(document.data, ("backtest",))
        searched: YamlPath = ("optimization", "parameters")
        paths = [(*searched, name) for name in _keys(_at(document.data, searched))]
        paths += [
            ("backtest", name) for name in _keys(fixed) if name in FIXED_PARAMETERS and _at(fixed, (name,)) is not None
        ]
        if isinstance(project, str):
            found.setdefault(Path(project).as_posix(), []).extend(
                ConfiguredParameter(file, document.line_of(path) or 1, str(path[-1])) for path in paths
            )
    return found


def parameter_findings(strategy: Strategy, configured: list[ConfiguredParameter]) -> Iterator[Finding]:
    """What is configured and not read, what is read without a default, and what is misread as a whole number."""
    if not strategy.is_library and not strategy.is_broken:
        yield from _unread(strategy, configured)
    for file, tree in strategy.trees.items():
        names = Names(tree)
        for node, place in placed(tree):
            for message in _of_node(node, place, names, strategy):
                yield Finding(strategy.files[file], getattr(node, "lineno", 1), message)


def _unread(strategy: Strategy, configured: list[ConfiguredParameter]) -> Iterator[Finding]:
    if not strategy.reads_all_known:
        yield Finding(strategy.main, 1, "reads parameters whose names the sources do not show; write the names out")
        return
    config = strategy.folder / PROJECT_CONFIG
    given = [ConfiguredParameter(config, line, name) for name, line in strategy.parameters.items()]
    for parameter in (*given, *configured):
        if parameter.name not in strategy.parameters_read:
            message = f"{strategy.folder.name} does not read the parameter {parameter.name}; read it or take it out"
            yield Finding(parameter.file, parameter.line, message)


def _of_node(node: ast.AST, place: Place, names: Names, strategy: Strategy) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="int"), args=[given]) if _is_text(given, place, names):
            yield "int() fails on '14.0', which is how LEAN may write 14; use int(float(…))"
        case ast.Call(args=[_, ast.Constant(value=int() as default)]) if last_name(node) in _ONE:
            yield (
                f"get_parameter with the default {default} gives {default} for any text but a whole number's, '14.0' "
                "too; give it a text as the default and convert what it returns"
            )
    name = _needed(node, place, names)
    if name is None or strategy.is_library or _is_made_up_for(node, name, place, names):
        return
    for literal in names.literals(name, place):
        text = literal.value if isinstance(literal, ast.Constant) else ""
        if isinstance(text, str) and text not in strategy.parameters:
            yield f"the parameter {text} has neither a default nor a value in {PROJECT_CONFIG}; give it both"


def _needed(node: ast.AST, place: Place, names: Names) -> ast.expr | None:
    """The name of the parameter, if a node is the read of one without a default."""
    match node:
        case ast.Call(args=[name], keywords=[]) | ast.Call(args=[name, ast.Constant(value=None)]) if (
            last_name(node) in _ONE
        ):
            return name
        case (
            ast.Subscript(value=table, slice=name) | ast.Call(func=ast.Attribute(value=table, attr="get"), args=[name])
        ):
            given = [table, *(value for value, _ in names.values(table, place))]
            if any(isinstance(each, ast.Call) and last_name(each) in _ALL for each in given):
                return name
    return None


def _is_made_up_for(read: ast.AST, name: ast.expr, place: Place, names: Names) -> bool:
    """Whether its function tries, asks for the parameter by name, or tests what it got."""
    function, text = place.function or ast.Pass(), ast.unparse(name)
    if any(isinstance(each, ast.Try) and read in ast.walk(each) for each in ast.walk(function)):
        return True
    for each in tested(function):
        is_asked = ast.unparse(each) == text or (isinstance(each, ast.Call) and text in map(ast.unparse, each.args))
        is_seen = not isinstance(read, ast.Subscript) and read in [value for value, _ in names.values(each, place)]
        if is_asked or is_seen:
            return True
    return False


def _is_text(node: ast.expr, place: Place, names: Names) -> bool:
    """Whether an expression is a parameter as LEAN writes it; a number as the default has LEAN convert it."""
    match node:
        case ast.Call(args=[_, ast.Constant(value=int() | float())]) if last_name(node) in _ONE:
            return False
        case ast.Call() if last_name(node) in _ONE:
            return True
        case ast.Subscript(value=table) | ast.Call(func=ast.Attribute(value=table, attr="get")):
            return isinstance(table, ast.Call) and last_name(table) in _ALL
    return any(
        isinstance(value, ast.Call) and _is_text(value, there, names) for value, there in names.values(node, place)
    )


def _keys(data: object) -> list[str]:
    return [*data] if isinstance(data, Mapping) else []


def _at(data: object, path: YamlPath) -> object:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data
