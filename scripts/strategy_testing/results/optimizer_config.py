"""Reads the optimizer-config.json that the CLI sent to the engine. Pure."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from strategy_testing.config.model import EULER_SEARCH, GRID_SEARCH
from strategy_testing.search.space import range_count

_STRATEGY_CLASSES = {"GridSearch": GRID_SEARCH, "EulerSearch": EULER_SEARCH}


def search_type(optimizer_config: Mapping[str, Any]) -> str | None:
    """Grid Search or Euler Search, as people name it; None where the config does not say."""
    name = str(optimizer_config.get("optimization-strategy", "")).rsplit(".", 1)[-1]
    name = name.removesuffix("OptimizationStrategy")
    return _STRATEGY_CLASSES.get(name, name or None)


def target(optimizer_config: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The target's path and its direction, max or min."""
    criterion = optimizer_config.get("optimization-criterion")
    if not isinstance(criterion, Mapping):
        return None, None
    path, extremum = criterion.get("target"), str(criterion.get("extremum", "")).lower()
    return str(path) if path else None, extremum if extremum in ("max", "min") else None


def varied_parameters(optimizer_config: Mapping[str, Any]) -> list[str]:
    """The parameters that the search varies."""
    return [str(parameter["name"]) for parameter in _parameters(optimizer_config) if "min" in parameter]


def count_requested(optimizer_config: Mapping[str, Any]) -> int | None:
    """How many combinations a grid search runs; None for a search that does not know, or a config that is damaged."""
    parameters = _parameters(optimizer_config)
    if not parameters or search_type(optimizer_config) != GRID_SEARCH:
        return None
    try:
        return math.prod(
            range_count(*(Decimal(str(parameter[key])) for key in ("min", "max", "step")))
            for parameter in parameters
            if "min" in parameter
        )
    except (KeyError, ValueError, ArithmeticError):
        return None


def _parameters(optimizer_config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    parameters = optimizer_config.get("parameters")
    if not isinstance(parameters, list):
        return []
    return [parameter for parameter in parameters if isinstance(parameter, Mapping) and "name" in parameter]
