#!/usr/bin/env python3
"""Stands in the place of LEAN's launcher: gives a backtest the parameters of its combination, and runs LEAN.

LEAN's optimizer knows only min, max and step, so it counts through the parameter `combination`. For each backtest it
starts this file, in the folder of LEAN's config.json, with pairs `--NAME VALUE`. The combination's row in the table
beside config.json, a list of {name: value}, is put over the project's own parameters, in a copy of config.json: there a
value may hold anything. Where that cannot be done, LEAN is run as it would be without this file.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

LEAN = ["dotnet", "QuantConnect.Lean.Launcher.dll"]
CONFIG = "config.json"
TABLE = "combinations.json"
COMBINATION = "combination"
PARAMETERS = "--parameters"
_TEXT_OR_REMARK = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


def main() -> None:
    """Becomes LEAN."""
    given = sys.argv[1:]
    try:
        given = with_combination(given)
    except Exception as error:
        sys.stderr.write(f"launcher: LEAN runs without a combination's parameters: {error!r}\n")
        sys.stderr.flush()
    os.execvp(LEAN[0], [*LEAN, *given])  # noqa: S606 - the optimizer knows the process by its id


def with_combination(given: list[str]) -> list[str]:
    """The arguments with a config of the combination's parameters in place of its number.

    Raises:
        ValueError, LookupError, OSError, …: they name no combination of the table, or a file cannot be read or written.
    """
    at = given.index(PARAMETERS)
    asked = dict(pair.split(":", 1) for pair in given[at + 1].split(","))
    number = float(asked.pop(COMBINATION))
    rows = json.loads(Path(TABLE).read_text(encoding="utf-8"))
    place = int(number)
    if not 0 <= place == number < len(rows):
        raise LookupError(f"{number} is no place in a table of {len(rows)} combinations")
    text = Path(CONFIG).read_text(encoding="utf-8-sig")
    config = json.loads(_TEXT_OR_REMARK.sub(lambda found: found[1] or "", text))
    parameters = dict(config.get("parameters") or {})
    parameters.update(asked)
    parameters.update(rows[place])
    config["parameters"] = parameters
    descriptor, copy = tempfile.mkstemp(prefix="combination-", suffix=".json")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(config, file)
    return ["--config", copy, *given[:at], *given[at + 2 :]]


if __name__ == "__main__":
    main()
