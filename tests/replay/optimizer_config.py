"""The optimizer's configuration, from a file or from options, as the CLI sends it to the engine."""

import json
import os
import re
from pathlib import Path
from typing import Any

from replay.arguments import Arguments
from replay.refusals import CliError, WouldPromptError

_OPERATORS = {
    ">": "greater",
    "<": "less",
    ">=": "greaterOrEqual",
    "<=": "lessOrEqual",
    "==": "equals",
    "!=": "notEqual",
}
_NEEDED = {
    "--target": ("--target TEXT", "The target statistic of the optimization"),
    "--target-direction": ("--target-direction [min|max]", "Whether the target must be minimized or maximized"),
    "--parameter": (
        "--parameter <TEXT FLOAT FLOAT FLOAT>...",
        "The 'parameter min max step' pairs configuring the parameters to optimize",
    ),
}
_OWN_KEYS = ("algorithm-type-name", "algorithm-language", "algorithm-location")
_REMARK = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


def build(arguments: Arguments) -> dict[str, Any]:
    """Return the configuration that a command line asks for."""
    path = arguments.path("--optimizer-config")
    if path:
        config = _read(path)
    elif arguments.has("--strategy"):
        config = _from_options(arguments)
    else:
        raise WouldPromptError("without --strategy or --optimizer-config the real CLI asks questions")
    concurrent = arguments.number("--max-concurrent-backtests")
    if concurrent is not None:
        config["maximum-concurrent-backtests"] = concurrent
    config["optimizer-close-automatically"] = True
    config["results-destination-folder"] = "/Results"
    return config


def slots(config: dict[str, Any]) -> int:
    """Return how many backtests run at a time."""
    return int(config.get("maximum-concurrent-backtests", max(1, (os.cpu_count() or 1) // 2)))


def _read(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        raise CliError("Empty strings are not legal JSON5")
    try:
        config = json.loads(_REMARK.sub(lambda found: found[1] or "", text))
    except json.JSONDecodeError as error:
        found = f'"{text[error.pos]}"' if error.pos < len(text.rstrip()) else "end of input"
        raise CliError(f"<string>:{error.lineno} Unexpected {found} at column {error.colno}") from None
    if not isinstance(config, dict):
        raise CliError(f"'{type(config).__name__}' object has no attribute 'pop'")
    return {name: value for name, value in config.items() if name not in _OWN_KEYS}


def _from_options(arguments: Arguments) -> dict[str, Any]:
    missing = [name for name in _NEEDED if not arguments.has(name)]
    if missing:
        raise CliError(_missing(missing))
    return {
        "optimization-strategy": "QuantConnect.Optimizer.Strategies."
        f"{str(arguments.text('--strategy')).replace(' ', '')}OptimizationStrategy",
        "optimization-strategy-settings": {
            "$type": "QuantConnect.Optimizer.Strategies.StepBaseOptimizationStrategySettings, QuantConnect.Optimizer",
            "default-segment-amount": 10,
        },
        "optimization-criterion": {
            "target": _target(str(arguments.text("--target"))),
            "extremum": arguments.text("--target-direction"),
        },
        "parameters": [
            dict(zip(("name", "min", "max", "step"), values, strict=True)) for values in arguments.every("--parameter")
        ],
        "constraints": [_constraint(str(values[0])) for values in arguments.every("--constraint")],
    }


def _target(name: str) -> str:
    if "." in name:
        return name
    spaced = re.sub(r"([A-Z])", r" \1", name)
    return f"TotalPerformance.PortfolioStatistics.{spaced.title().replace(' ', '')}"


def _constraint(text: str) -> dict[str, Any]:
    parts = text.rsplit(" ", 2)
    if len(parts) < 2:
        raise CliError("list index out of range")
    if parts[1] not in _OPERATORS:
        raise CliError(repr(parts[1]))
    if len(parts) < 3:
        raise CliError("list index out of range")
    try:
        limit = float(parts[2])
    except ValueError as error:
        raise CliError(str(error)) from None
    return {"target": _target(parts[0]), "operator": _OPERATORS[parts[1]], "target-value": limit}


def _missing(names: list[str]) -> str:
    rows = [_NEEDED[name] for name in names]
    column = min(max(len(first) for first, _ in rows), 30) + 2
    lines = [
        f"{first.ljust(column)}{second}" if len(first) <= column - 2 else f"{first}\n{' ' * column}{second}"
        for first, second in rows
    ]
    return f"You are missing the following option{'s' if len(rows) > 1 else ''}:\n" + "\n".join(lines)
