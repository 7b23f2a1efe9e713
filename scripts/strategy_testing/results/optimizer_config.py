"""Reads the optimizer-config.json that the CLI sent to the engine. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from strategy_testing.results.json_values import as_text, decimal_of
from strategy_testing.search.protocol import COMBINATION, Search
from strategy_testing.search.searches import SEARCHES
from strategy_testing.search.space import ListParameter, Parameter, RangeParameter, range_count

_NAMES = {name.replace(" ", ""): name for name in SEARCHES}


def search_type(optimizer_config: Mapping[str, Any]) -> str | None:
    """The search as people name it, such as Grid Search; None where the config does not say."""
    name = str(optimizer_config.get("optimization-strategy", "")).rsplit(".", 1)[-1]
    name = name.removesuffix("OptimizationStrategy")
    return _NAMES.get(name, name or None)


def target(optimizer_config: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The target's path and its direction, max or min."""
    criterion = optimizer_config.get("optimization-criterion")
    if not isinstance(criterion, Mapping):
        return None, None
    path, extremum = criterion.get("target"), str(criterion.get("extremum", "")).lower()
    return as_text(path) if path else None, extremum if extremum in ("max", "min") else None


def varied_parameters(optimizer_config: Mapping[str, Any]) -> list[str]:
    """The parameters that the search varies."""
    return [as_text(parameter["name"]) for parameter in _parameters(optimizer_config) if "min" in parameter]


def fixed_values(optimizer_config: Mapping[str, Any], names: Sequence[str]) -> list[str | None]:
    """The value of each of these parameters where it is the same in every backtest; else None."""
    values = {str(each["name"]): each.get("value") for each in _parameters(optimizer_config)}
    return [None if (value := values.get(name)) is None else str(value) for name in names]


def read_search(optimizer_config: Mapping[str, Any]) -> Search | None:
    """The search as LEAN was given it; None where the config does not say, or names one that we do not know.

    Where the config is damaged, the search has no parameters.
    """
    search = SEARCHES.get(search_type(optimizer_config) or "")
    if search is None:
        return None
    try:
        return search(tuple(_parameter(parameter) for parameter in _parameters(optimizer_config)))
    except (KeyError, ValueError, ArithmeticError):
        return search(())


def outside_of_ranges(optimizer_config: Mapping[str, Any], parameters: Mapping[str, str]) -> str | None:
    """What of a combination the search cannot have asked for, for people; None where nothing is.

    Args:
        optimizer_config: as LEAN was given it; a range that cannot be read excludes nothing.
        parameters: of a result, with values that the search does not vary beside.
    """
    for parameter in _parameters(optimizer_config):
        name = as_text(parameter["name"])
        if "min" not in parameter or name == COMBINATION:
            continue
        try:
            least, most = Decimal(str(parameter["min"])), Decimal(str(parameter["max"]))
            if name not in parameters:
                return f"it has no {name}"
            if not least <= Decimal(parameters[name]) <= most:
                return f"{name} is {parameters[name]}, not {least} to {most}"
        except (KeyError, ArithmeticError):
            continue
    return None


def _parameter(parameter: Mapping[str, Any]) -> Parameter:
    name = as_text(parameter["name"])
    if "min" not in parameter:
        return ListParameter(name, (as_text(parameter.get("value")),))
    start, end, step = (decimal_of(str(parameter[key])) for key in ("min", "max", "step"))
    range_count(start, end, step)  # raises where they are no range
    finest = parameter.get("min-step")
    return RangeParameter(name, start, end, step, None if finest is None else decimal_of(str(finest)))


def _parameters(optimizer_config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parameters = optimizer_config.get("parameters")
    if not isinstance(parameters, list):
        return []
    return [parameter for parameter in parameters if isinstance(parameter, Mapping) and "name" in parameter]
