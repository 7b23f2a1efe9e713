"""Reads the users' YAML: every node keeps its line, numbers stay decimal, dates stay text, surprises are errors.

The scalars follow YAML 1.2's core schema: `yes` and `on` are text, `010` and `12:30` are text, `true` is a boolean.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from strategy_testing import files
from strategy_testing.errors import ConfigError, Problem, UserError
from strategy_testing.texts import storable

YamlPath = tuple[str | int, ...]

_MAX_NODES = 20_000
_MAX_DEPTH = 50
_MAX_CHARACTERS = 500_000
_MAX_DIGITS = 28  # what LEAN's decimal holds
_MAX_EXPONENT = 28
_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_STRAY_COLON = "mapping values are not allowed here"  # as the parser says it
_NULLS = ("", "~", "null", "Null", "NULL")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True)
class YamlDocument:
    """A YAML file as plain values: dict, list, str, int, Decimal, bool, None."""

    file: Path
    data: Any
    lines: Mapping[YamlPath, int]

    def line_of(self, path: YamlPath) -> int | None:
        """The line of a key, or of the nearest thing around it that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def dotted(path: YamlPath) -> str:
    """optimization.parameters.rsi_period, optimization.constraints[1]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def lean_decimal(text: str) -> Decimal | None:
    """The number as LEAN's decimal holds it; None for no number and for one with more digits than fit."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    fits = number.is_finite() and len(number.as_tuple().digits) <= _MAX_DIGITS
    return number if fits and abs(number.adjusted()) <= _MAX_EXPONENT else None


def is_yaml_number(text: str) -> bool:
    """Whether the text would be a number if it stood there without quotes."""
    return _DECIMAL.fullmatch(text) is not None


def read_text(file: Path) -> str:
    """The file's text; a UserError that says why when it cannot be read."""
    try:
        if file.is_dir():
            raise UserError(f"{file}: is a folder", "name a YAML file in it")
        text = files.read_text(file)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file", "check the path") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: is not UTF-8 text (byte {error.start})", "save it as UTF-8") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    if len(text) > _MAX_CHARACTERS:
        raise UserError(f"{file}: has more than {_MAX_CHARACTERS:,} characters", "no config needs that many")
    return text


def read_yaml(file: Path) -> YamlDocument:
    """Reads one YAML file.

    Raises:
        UserError: the file cannot be read.
        ConfigError: every duplicate key, tag, non-finite number and alias bomb, with line numbers; or the first
            syntax error, behind which nothing can be read.
    """
    return parse_yaml(file, read_text(file))


def parse_yaml(file: Path, text: str) -> YamlDocument:
    """Parses YAML text that came from `file`; errors as in read_yaml."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        context = error.context
        if error.context_mark and str(context).startswith("while"):
            context = f"{context}, begun on line {error.context_mark.line + 1}:"
        what = " ".join(part for part in (context, error.problem) if part)
        remedy = "put a text that holds a colon in quotes" if error.problem == _STRAY_COLON else "fix this line"
        raise ConfigError([Problem(file, "", f"is not valid YAML: {what}; {remedy}", line)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"holds the control character {error.character:#04x}, which YAML does not allow; remove it"
        raise ConfigError([Problem(file, "", what, line)]) from None
    except RecursionError:
        raise ConfigError([Problem(file, "", "is nested too deeply; no config needs that")]) from None
    if node is None:
        raise ConfigError([Problem(file, "", "is empty; start from configs/optimizations/template.yaml")])
    reader = _NodeReader(file)
    data = reader.value(node, ())
    if reader.problems:
        raise ConfigError(reader.problems)
    return YamlDocument(file, data, reader.lines)


class _NodeReader:
    """Turns composed nodes into plain values and collects what is wrong with them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[YamlPath, int] = {}
        self.problems: list[Problem] = []
        self._count = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: YamlPath) -> Any:
        self._count += 1
        if self._count > _MAX_NODES:
            if self._count == _MAX_NODES + 1:
                self._problem((), node, f"expands to more than {_MAX_NODES:,} values; write aliases out")
            return None
        if len(path) > _MAX_DEPTH:
            self._problem(path[:1], node, "is nested too deeply; no config needs that")
            return None
        if id(node) in self._open:
            self._problem(path, node, "contains itself through an alias; write the values out")
            return None
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                self._check_tag(node, path, "seq")
                return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
            return self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else None
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: YamlPath) -> dict[str, Any]:
        self._check_tag(node, path, "map")
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(path, key_node, "has a key that is not text; keys are names")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key_node.tag == f"{_TAG}merge":
                self._problem(here, key_node, "merge keys (<<) are not part of this format; write the values out")
                continue
            if key in result:
                first = self.lines[here]
                self._problem(here, key_node, f"is given twice (first on line {first}); keep one of them")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, here)
        return result

    def _scalar(self, node: yaml.ScalarNode, path: YamlPath) -> Any:
        text = str(node.value)
        if not self._check_tag(node, path, "str", "null", "bool", "int", "float", "timestamp", "merge", "value"):
            return None
        if storable(text, most=len(text)) != text:
            self._problem(path, node, "holds a zero character or half a character, which cannot be stored; remove it")
            return None
        quoted = node.style is not None
        marked_as_text = node.tag == f"{_TAG}str" and _INTEGER.fullmatch(text) is not None
        if quoted or marked_as_text or node.tag == "!":
            return text
        return self._plain(text, node, path)

    def _plain(self, text: str, node: yaml.Node, path: YamlPath) -> Any:
        if text in _NULLS:
            return None
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        if _NOT_FINITE.fullmatch(text):
            self._problem(path, node, f"{text} is not a finite number; write a number")
            return None
        whole = _INTEGER.fullmatch(text) is not None
        if not whole and _DECIMAL.fullmatch(text) is None:
            return text
        number = lean_decimal(text)
        if number is None:
            self._problem(path, node, f"has more digits than LEAN's decimal holds ({_MAX_DIGITS}); round it")
            return None
        return int(number) if whole else number

    def _check_tag(self, node: yaml.Node, path: YamlPath, *allowed: str) -> bool:
        if node.tag != "!" and node.tag not in {f"{_TAG}{name}" for name in allowed}:
            name = node.tag.removeprefix(_TAG) if node.tag.startswith(_TAG) else node.tag
            self._problem(path, node, f"has the tag {name}, which is not allowed; write a plain value")
            return False
        return True

    def _problem(self, path: YamlPath, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(self.file, dotted(path), message, node.start_mark.line + 1))
