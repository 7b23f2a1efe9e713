"""Reads data/strategy_backlog.yaml, and edits its text where findings change: no other character of it moves."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from strategy_testing.config.findings import Findings
from strategy_testing.config.model import StrategyInfo
from strategy_testing.config.yaml_source import parse_yaml, read_text
from strategy_testing.errors import ConfigError, UserError

FINDINGS = "findings"
"""The key of an entry that belongs to the sync; all others are the team's."""

_STATUS = "status"
_WIDTH = 100
_COMMENT = re.compile(r"([ \t]+#[^\r\n]*)?")
_OF_THE_ROW = ("name", "lean_project_path", "description", "hypothesis", "category", "asset_class", "priority")


@dataclass(frozen=True)
class Entry:
    """One strategy of the backlog."""

    strategy: StrategyInfo
    is_deployed: bool


@dataclass(frozen=True)
class Found:
    """What the database says of a strategy that was run."""

    status: str
    findings: Mapping[str, Any]
    """As it is to stand in the file: texts, numbers, truth values, and lists and mappings of these."""


@dataclass(frozen=True)
class Backlog:
    """The file as it was read."""

    file: Path
    text: str
    entries: tuple[Entry, ...]


def read_backlog(file: Path) -> Backlog:
    """Reads the backlog.

    Raises:
        UserError: the file cannot be read.
        ConfigError: all of its mistakes.
    """
    text = read_text(file)
    found = Findings(parse_yaml(file, text), "backlog")
    listed = found.document.data.get("strategies") if isinstance(found.document.data, Mapping) else None
    first: dict[tuple[str, str], int] = {}
    for number, one in enumerate(listed if isinstance(listed, list) else ()):
        for key in ("id", "name"):
            value = one.get(key) if isinstance(one, Mapping) else None
            if isinstance(value, str) and first.setdefault((key, value), number) != number:
                line = found.document.line_of(("strategies", first[key, value], key))
                found.problem(
                    ("strategies", number, key), f"{value} is there already, on line {line}; keep one of them"
                )
    if found.problems or not isinstance(listed, list):
        raise ConfigError(found.problems)
    entries = (
        Entry(StrategyInfo(**{key: one.get(key) for key in _OF_THE_ROW}), one[_STATUS] == "deployed") for one in listed
    )
    return Backlog(file, text, tuple(entries))


def with_findings(backlog: Backlog, found: Mapping[str, Found]) -> str:
    """The backlog's text with the status and the findings of strategies in it.

    A status of `deployed` was set by hand and stays.

    Args:
        backlog: as it was read.
        found: by the name of the strategy; of the others nothing changes.

    Raises:
        UserError: an entry is written so that it cannot be edited without changing something else.
    """
    text = backlog.text
    for start, end, replacement in sorted(_edits(backlog, found), reverse=True):
        text = text[:start] + replacement + text[end:]
    expected = parse_yaml(backlog.file, backlog.text).data
    for one in expected["strategies"]:
        if (new := found.get(one["name"])) is not None:
            one |= {_STATUS: _new_status(one[_STATUS], new), FINDINGS: parse_yaml(backlog.file, _dumped(new)).data}
    try:
        is_as_expected = parse_yaml(backlog.file, text).data == expected
    except ConfigError:
        is_as_expected = False
    if not is_as_expected:
        raise UserError(
            f"{backlog.file}: cannot take the findings without changing something else",
            "write each key of a strategy on a line of its own, without tabs, anchors and aliases",
        )
    return text


def _edits(backlog: Backlog, found: Mapping[str, Found]) -> Iterator[tuple[int, int, str]]:
    """Begin and end of each piece of the text that changes, and what comes in its place."""
    root: Any = yaml.compose(backlog.text, Loader=yaml.SafeLoader)
    (entries,) = (value for key, value in root.value if key.value == "strategies")
    for node in entries.value:
        keys = {key.value: (key, value) for key, value in node.value}
        new = found.get(keys["name"][1].value)
        if new is None:
            continue
        _, status = keys[_STATUS]
        if (wanted := _new_status(status.value, new)) != status.value:
            yield status.start_mark.index, status.end_mark.index, wanted
        if FINDINGS in keys:
            key, value = keys[FINDINGS]
            if parse_yaml(backlog.file, _text_of(value)).data == parse_yaml(backlog.file, _dumped(new)).data:
                continue
            end = _end(value, backlog.text)
            yield key.start_mark.index, end, _written(backlog, node, new, key.start_mark.column)
        else:
            last_key, last = node.value[-1]
            column = last_key.start_mark.column
            end = _end(last, backlog.text)
            between = ", "
            if not node.flow_style:
                between = _line_end(backlog.text) + " " * column
                end = comment.end() if (comment := _COMMENT.match(backlog.text, end)) else end
            yield end, end, between + _written(backlog, node, new, column)


def _new_status(old: str, new: Found) -> str:
    return old if old == "deployed" else new.status


def _text_of(node: yaml.Node) -> str:
    return str(yaml.serialize(node, Dumper=yaml.SafeDumper))


def _dumped(found: Found) -> str:
    return yaml.safe_dump(dict(found.findings), sort_keys=False, allow_unicode=True, width=_WIDTH)


def _written(backlog: Backlog, entry: yaml.MappingNode, found: Found, column: int) -> str:
    """The key with its value, in the style of the entry."""
    if entry.flow_style:
        return f"{FINDINGS}: {json.dumps(dict(found.findings), ensure_ascii=False)}"
    lines = [f"{FINDINGS}:", *(" " * (column + 2) + line for line in _dumped(found).splitlines())]
    return _line_end(backlog.text).join(lines)


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _end(node: Any, text: str) -> int:
    """Behind the last character of a value; what YAML counts to a block also has the comments that follow it."""
    begin, end = int(node.start_mark.index), int(node.end_mark.index)
    if isinstance(node, yaml.ScalarNode):
        return begin + len(text[begin:end].rstrip()) if node.style in ("|", ">") else end
    if node.flow_style or not node.value:
        return end
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last, text)
