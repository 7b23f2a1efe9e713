"""Compares the parameters that a strategy reads with those that it is given."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from strategy_checks.bar_elements import ASKING
from strategy_checks.code_model import Function, last_name
from strategy_checks.findings import Finding
from strategy_checks.frames import Frame
from strategy_checks.origins import Literal, Mark, Origins
from strategy_checks.strategy_files import Strategy
from strategy_checks.terminals import is_read
from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.config.yaml_source import YamlPath, parse_yaml, read_text
from strategy_testing.strategy.sources import PROJECT_CONFIG

_READERS = {"get_parameter", "GetParameter"}
_ALL_READERS = {"get_parameters", "GetParameters"}
_DEFAULT_NAMES = {"default_value", "defaultValue"}


@dataclass(frozen=True)
class ConfiguredParameter:
    """A parameter that an optimization's config hands to a strategy."""

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
    for file in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
        document = parse_yaml(file, read_text(file))
        project = _at(document.data, ("strategy", "lean_project_path"))
        if not isinstance(project, str):
            continue
        searched = _at(document.data, ("optimization", "parameters"))
        fixed = _at(document.data, ("backtest",))
        paths: list[YamlPath] = []
        if isinstance(searched, Mapping):
            paths += [("optimization", "parameters", name) for name in searched]
        if isinstance(fixed, Mapping):
            paths += [("backtest", name) for name in FIXED_PARAMETERS if fixed.get(name) is not None]
        found.setdefault(Path(project).as_posix(), []).extend(
            ConfiguredParameter(file, document.line_of(path) or 1, str(path[-1])) for path in paths
        )
    return found


def parameter_findings(
    strategy: Strategy, configured: list[ConfiguredParameter], origins: Origins
) -> Iterator[Finding]:
    """What is configured and not read, and what is read and neither configured nor defaulted."""
    if not strategy.is_library:
        yield from _unread(strategy, configured)
    for function in origins.index.functions:
        for call in function.calls:
            if last_name(call) in _READERS and isinstance(call.func, ast.Attribute):
                yield from _read(strategy, call, function, origins)
            elif isinstance(call.func, ast.Name) and call.func.id == "int" and call.args:
                yield from _cut(strategy, call, function, origins)
        for read in (*function.calls, *function.subscripts):
            yield from _taken(strategy, read, function, origins)


def _at(data: object, path: YamlPath) -> object:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def _unread(strategy: Strategy, configured: list[ConfiguredParameter]) -> Iterator[Finding]:
    facts = strategy.facts
    if facts.syntax_errors:
        return
    if facts.reads_dynamic_names:
        message = "reads parameters whose names the sources do not tell; write the names out"
        yield Finding(strategy.main, 1, message)
        return
    given = [ConfiguredParameter(strategy.config, line, name) for name, line in strategy.parameters.items()]
    for parameter in (*given, *configured):
        if parameter.name not in facts.parameter_names:
            message = f"{strategy.folder.name} does not read the parameter {parameter.name}; read it or take it out"
            yield Finding(parameter.file, parameter.line, message)


def _read(strategy: Strategy, call: ast.Call, function: Function, origins: Origins) -> Iterator[Finding]:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in named or any(isinstance(argument, ast.Starred) for argument in call.args):
        return
    name = call.args[0] if call.args else named.get("name")
    default = call.args[1] if len(call.args) > 1 else next((named[key] for key in _DEFAULT_NAMES & {*named}), None)
    if name is None:
        return
    for frame in origins.frames(function):
        for number in _whole_numbers(default, frame, origins):
            message = (
                f"get_parameter with the default {number} gives {number} for any text but a whole number's, '14.0' "
                "too; give it a text as the default and convert what it returns"
            )
            yield Finding(strategy.files[function.file], call.lineno, message)
        if (default is None or _is_none(default, frame, origins)) and not _is_made_up_for(
            call, function, frame, origins
        ):
            yield from _undefined(strategy, name, frame, origins)


def _taken(strategy: Strategy, read: ast.expr, function: Function, origins: Origins) -> Iterator[Finding]:
    """`get_parameters()["x"]` fails, and `get_parameters().get("x")` is None, where x is not configured."""
    match read:
        case ast.Subscript(value=owner, slice=name, ctx=ast.Load()):
            pass
        case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[name]):
            pass
        case _:
            return
    for frame in origins.frames(function):
        sources = [node for node, _ in origins.terminals(owner, frame)]
        if not any(isinstance(node, ast.Call) and last_name(node) in _ALL_READERS for node in sources):
            continue
        is_made_up_for = isinstance(read, ast.Call) and _is_made_up_for(read, function, frame, origins)
        if not is_made_up_for and not _is_asked_for(name, read, function):
            yield from _undefined(strategy, name, frame, origins)


def _is_asked_for(name: ast.expr, read: ast.expr, function: Function) -> bool:
    """Whether the code asks if the parameter is there, or goes on where it is not."""
    text = ast.unparse(name)
    for comparison in function.comparisons:
        if isinstance(comparison.ops[0], ast.In | ast.NotIn) and ast.unparse(comparison.left) == text:
            return True
    if any(last_name(call) in ASKING and text in map(ast.unparse, call.args) for call in function.calls):
        return True
    tries = [node for node in ast.walk(function.node) if isinstance(node, ast.Try) and node.handlers]
    return any(each is read for node in tries for statement in node.body for each in ast.walk(statement))


def _whole_numbers(default: ast.expr | None, frame: Frame, origins: Origins) -> Iterator[int]:
    """With a whole number as the default LEAN converts the text itself, and takes the default where that fails."""
    for node, _ in origins.terminals(default, frame) if default is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield node.value


def _undefined(strategy: Strategy, name: ast.expr, frame: Frame, origins: Origins) -> Iterator[Finding]:
    for literal in origins.of(name, frame) if not strategy.is_library else ():
        text = literal.node.value if isinstance(literal, Literal) and isinstance(literal.node, ast.Constant) else None
        if isinstance(literal, Literal) and isinstance(text, str) and text not in strategy.parameters:
            message = f"the parameter {text} has neither a default nor a value in {PROJECT_CONFIG}; give it both"
            yield Finding(strategy.files[literal.file], literal.node.lineno, message)


def _is_none(default: ast.expr, frame: Frame, origins: Origins) -> bool:
    found = [node for node, _ in origins.terminals(default, frame)]
    return bool(found) and all(isinstance(node, ast.Constant) and node.value is None for node in found)


def _is_made_up_for(read: ast.Call, function: Function, frame: Frame, origins: Origins) -> bool:
    """Whether the code looks at what it got: `get_parameter("x") or "14"`, `if text is None: …`."""
    for node in ast.walk(function.node):
        tested: list[ast.expr] = []
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            tested = node.values[:-1]
        elif isinstance(node, ast.If | ast.IfExp):
            tested = [each for each in ast.walk(node.test) if isinstance(each, ast.Name | ast.Attribute | ast.Call)]
        if any(source is read for each in tested for source, _ in origins.terminals(each, frame)):
            return True
    return False


def _cut(strategy: Strategy, call: ast.Call, function: Function, origins: Origins) -> Iterator[Finding]:
    """`int("14.0")` fails, and that is how LEAN writes 14 now and then."""
    for frame in origins.frames(function):
        for source, where in origins.terminals(call.args[0], frame):
            if isinstance(source, ast.Call) and is_read(source) and not _gives_number(source, where, origins):
                message = "int() fails on '14.0', which is how LEAN may write 14; use int(float(…))"
                yield Finding(strategy.files[function.file], call.lineno, message)


def _gives_number(read: ast.Call, frame: Frame, origins: Origins) -> bool:
    """Whether get_parameter converts the text itself, as it does for a number as the default."""
    if len(read.args) < 2:
        return False
    found = origins.of(read.args[1], frame)
    return (
        bool(found)
        and not any(isinstance(each, Literal) and each.is_text for each in found)
        and (Mark.OTHER not in found)
    )
