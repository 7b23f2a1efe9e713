"""What a backtest is here: a scripted strategy that is really run, or a recorded one whose files are given back."""

import importlib
import json
import os
import re
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from warm_lean.classes import CONFIG, AlgorithmManager, Globals, Log, QCAlgorithm, parameters

_SETTINGS = re.compile(rb'("algorithmConfiguration":\s*\{.*?"parameters":\s*)(\{[^}]*\})', re.DOTALL)
_SHARPE = re.compile(rb'"sharpeRatio": "[^"]*"')
_served = 0


def is_host() -> bool:
    """Tell whether this LEAN serves others."""
    return CONFIG.get("algorithm-type-name") == "StrategyTestingHost"


def scripted(manager: AlgorithmManager, found: dict[str, Any]) -> None:
    """Run the strategy, as LEAN imports it: once a process, from the folder of its file."""
    folder = Globals.results()
    state: dict[str, Any] = {"Status": "Running", "RuntimeError": None, "StackTrace": None}
    figures: dict[str, Any] = {}
    try:
        location = Path(CONFIG["algorithm-location"])
        if str(location.parent) not in sys.path:
            sys.path.insert(0, str(location.parent))
        module = importlib.import_module(location.stem)
        kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, QCAlgorithm)]
        algorithm = next(kind for kind in kinds if kind is not QCAlgorithm)(parameters())
        figures = algorithm.figures
        algorithm.initialize()
        manager.DataPoints = 1
        algorithm.on_data()
        manager.State = state["Status"] = "Completed"
    except Exception as error:
        if manager.DataPoints:
            manager.State = "RuntimeError"
        state |= {"Status": "RuntimeError", "RuntimeError": str(error), "StackTrace": traceback.format_exc()}
    Log.LogHandler.write(f"Engine.Run(): {state['Status']}")
    document = {
        "state": state,
        "statistics": {**found, **figures},
        "algorithmConfiguration": {"parameters": parameters()},
    }
    name = CONFIG["algorithm-id"]
    (folder / f"{name}-summary.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


def recorded(manager: AlgorithmManager, _found: dict[str, Any]) -> None:
    """Give back what was recorded for these parameters, after the time that it takes."""
    global _served  # noqa: PLW0603 - one process, one count
    state = json.loads(Path(os.environ["STAND_IN_RECORDED"]).read_text(encoding="utf-8"))
    given = parameters()
    number, job = next(
        (number, job)
        for number, job in enumerate(state["jobs"], start=1)
        if all(_same(given.get(name), value) for name, value in job["parameters"].items())
    )
    _served += 1
    seconds = state["warm"] if is_host() and _served > 1 else state["warm_first"] if is_host() else state["cold"]
    started = state["host_start"] if is_host() and _served == 1 else 0
    time.sleep((seconds - started) / state["speed"])
    different = is_host() and number == state["different"]
    name, old = CONFIG["algorithm-id"], job["id"]
    for source in sorted(Path(job["folder"]).iterdir(), key=_when_written):
        data = source.read_bytes().replace(old.encode(), name.encode())
        if source.suffix == ".json":
            data = _SETTINGS.sub(lambda found: _with_given(found, given), data, count=1)
            data = _SHARPE.sub(b'"sharpeRatio": "9.9999"', data, count=1) if different else data
        with (Globals.results() / source.name.replace(old, name)).open(
            "ab" if source.name == "log.txt" else "wb"
        ) as to:
            to.write(data)
    manager.DataPoints = 1
    manager.State = "RuntimeError" if job["crashed"] else "Completed"


def _same(given: str | None, recorded_value: str) -> bool:
    try:
        return given is not None and float(given) == float(recorded_value)
    except ValueError:
        return given == recorded_value


def _when_written(file: Path) -> tuple[int, str]:
    """LEAN writes the summary before the large file, and its report on the data last."""
    name = file.name
    order = 3 if name.startswith("data-monitor") else 1 if name.endswith("-summary.json") else 2
    return (order if file.suffix == ".json" else 0), name


def _with_given(found: re.Match[bytes], given: dict[str, str]) -> bytes:
    """The parameters as they were recorded, and those beside them."""
    named = {**given, **json.loads(found[2])}
    return found[1] + json.dumps(dict(sorted(named.items()))).encode()
