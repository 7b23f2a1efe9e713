"""Reads the section optimization.parameters: ranges and lists, and what may go wrong with them."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from strategy_testing.config.schema_validation import shown
from strategy_testing.config.yaml_source import YamlPath, dotted
from strategy_testing.search.grid_search import MOST_LISTED
from strategy_testing.search.protocol import Search
from strategy_testing.search.space import (
    ListParameter,
    Parameter,
    RangeParameter,
    canonical_value,
    count_combinations,
)

_TOO_MANY = f", more than {MOST_LISTED:,}, which no machine would finish; take larger steps or fewer values"
Report = Callable[[YamlPath, str], None]

_SECTION: YamlPath = ("optimization", "parameters")
_RANGE_KEYS = ("start", "end", "step")
# LEAN may hand the engine one word `name:value,name:value`; other characters would tear it apart.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def read_parameters(
    section: Any, fixed: set[str], broken: set[str], problem: Report, warning: Report, *, search: type[Search]
) -> list[Parameter]:
    """The parameters that are sound; every mistake goes to `problem`, every doubt to `warning`.

    Args:
        section: the value of optimization.parameters.
        fixed: names that the section `backtest` already sets.
        broken: paths that break the schema and have been reported.
        problem: takes a path and what is wrong with it.
        warning: takes a path and what is doubtful about it.
        search: which may object to a parameter.
    """
    parameters: list[Parameter] = []
    for name, spec in (section if isinstance(section, Mapping) else {}).items():
        path = (*_SECTION, name)
        if not _NAME.fullmatch(name):
            problem(path, f"{shown(name)} is no parameter name; use letters, digits, _ . and -")
        if name in fixed:
            problem(path, f"is set by backtest.{name} too; keep one of them")
        if not isinstance(spec, Mapping) or _is_broken(dotted(path), broken):
            continue
        if "values" in spec:
            parameter: Parameter | None = _list(name, spec, path, problem, search=search)
        else:
            parameter = _range(name, spec, path, problem, warning, search=search)
        if parameter is not None:
            parameters.append(parameter)
    return parameters


def search_is_too_large(parameters: Sequence[Parameter]) -> str | None:
    """Why a search is refused before its values are listed; None where it is not. For Euler Search its first round."""
    for parameter in parameters:
        if count_combinations([parameter]) > MOST_LISTED:
            return f"{parameter.name} has {count_combinations([parameter]):,} values{_TOO_MANY}"
    count = count_combinations(parameters)
    return f"these are {count:,} combinations{_TOO_MANY}" if count > MOST_LISTED else None


def _is_broken(place: str, broken: set[str]) -> bool:
    """Whether the place, or something within it, breaks the schema."""
    return any(each == place or each.startswith((f"{place}.", f"{place}[")) for each in broken)


def _range(
    name: str, spec: Mapping[str, Any], path: YamlPath, problem: Report, warning: Report, *, search: type[Search]
) -> RangeParameter | None:
    missing = [key for key in _RANGE_KEYS if key not in spec]
    if missing:
        problem(path, f"lacks {' and '.join(missing)}; give start, end and step, or values")
        return None
    kind = spec.get("type")
    if kind in ("bool", "str"):
        problem((*path, "type"), f"a range of {kind} does not exist; list the values")
        return None
    numbers = {key: Decimal(spec[key]) for key in (*_RANGE_KEYS, "min_step") if key in spec}
    fractional = [key for key, number in numbers.items() if number != number.to_integral_value()]
    if kind == "int" and fractional:
        for key in fractional:
            problem((*path, key), f"{numbers[key]} is not whole, and the type is int; write a whole number or float")
        return None
    if numbers["start"] > numbers["end"]:
        problem((*path, "start"), f"{numbers['start']} is above end {numbers['end']}; swap them")
        return None
    _check_default(spec, path, problem, numeric=True)
    _check_within(spec, path, warning, numbers["start"], numbers["end"])
    parameter = RangeParameter(name, numbers["start"], numbers["end"], numbers["step"], numbers.get("min_step"))
    is_whole = not fractional and kind != "float"
    if objection := search.objection(parameter, is_whole=is_whole):
        problem((*path, objection.key), objection.message)
        return None
    if (last := parameter.progression.end) != parameter.end:
        warning((*path, "end"), f"{parameter.end} is never tested; the last value is {last}")
    return parameter


def _list(
    name: str, spec: Mapping[str, Any], path: YamlPath, problem: Report, *, search: type[Search]
) -> ListParameter | None:
    extra = [key for key in (*_RANGE_KEYS, "min_step") if key in spec]
    if extra:
        problem(path, f"has both values and {' and '.join(extra)}; give start, end and step, or values")
        return None
    values: list[Decimal | str] = []
    seen: set[str] = set()
    sound = True
    for index, raw in enumerate(spec["values"]):
        here = (*path, "values", index)
        value = _value(raw)
        trouble = _trouble(raw, value, spec.get("type"))
        key = canonical_value(str(value))
        if trouble is None and key in seen:
            trouble = f"{shown(raw)} is listed twice; keep one of them"
        if trouble is not None:
            problem(here, trouble)
            sound = False
        seen.add(key)
        values.append(value)
    _check_default(spec, path, problem, numeric=all(isinstance(value, Decimal) for value in values))
    parameter = ListParameter(name, tuple(values))
    if objection := search.objection(parameter):
        problem((*path, objection.key), objection.message)
        return None
    return parameter if sound else None


def _value(raw: Any) -> Decimal | str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return raw if isinstance(raw, str) else Decimal(raw)


def _trouble(raw: Any, value: Decimal | str, kind: str | None) -> str | None:
    expected = {
        "int": isinstance(value, Decimal) and value == value.to_integral_value(),
        "float": isinstance(value, Decimal),
        "bool": isinstance(raw, bool),
        "str": isinstance(raw, str),
    }
    if kind is not None and not expected[kind]:
        return f"{shown(raw)} is not of type {kind}; fix the value or the type"
    if value == "":
        return "must not be empty; write a text"
    return None


def _check_within(spec: Mapping[str, Any], path: YamlPath, warning: Report, start: Decimal, end: Decimal) -> None:
    default = spec.get("default")
    if isinstance(default, (int, Decimal)) and not isinstance(default, bool) and not start <= default <= end:
        warning((*path, "default"), f"{default} lies outside {start} to {end}; widen the range or change the default")


def _check_default(spec: Mapping[str, Any], path: YamlPath, problem: Report, *, numeric: bool) -> None:
    default = spec.get("default")
    is_number = isinstance(default, (int, Decimal)) and not isinstance(default, bool)
    if default is not None and numeric and not is_number:
        problem((*path, "default"), f"must be a number like the values, not {shown(default)}")
