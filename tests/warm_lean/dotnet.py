"""A stand-in for `dotnet QuantConnect.Lean.Launcher.dll`: one backtest, or the host of many."""

import importlib
import json
import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from warm_lean import backtests, classes

_REMARK = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


def main() -> int:
    """Read config.json under the arguments, and run what they name."""
    options = {name.removeprefix("--"): value for name, value in zip(sys.argv[2::2], sys.argv[3::2], strict=True)}
    text = Path(options.pop("config", "config.json")).read_text(encoding="utf-8-sig")
    for key, value in json.loads(_REMARK.sub(lambda found: found[1] or "", text)).items():
        classes.CONFIG[key] = json.dumps(value) if isinstance(value, dict) else str(value)
    if "parameters" in options and classes.CONFIG.get("parameters", "").startswith("{"):
        given = dict(pair.split(":", 1) for pair in options["parameters"].split(","))
        options["parameters"] = json.dumps(json.loads(classes.CONFIG["parameters"]) | given)
    classes.CONFIG.update(options)
    classes.install(backtests.recorded if "STAND_IN_RECORDED" in os.environ else backtests.scripted)
    if backtests.is_host():
        return _host()
    classes.Initializer.Start()
    manager = classes.AlgorithmManager(False, {})
    classes.Engine(classes.Initializer.GetSystemHandlers(), classes.Initializer.GetAlgorithmHandlers(), False).Run(
        {}, manager, "", classes.WorkerThread()
    )
    return 0 if manager.State == "Completed" else 1


def _host() -> int:
    start = os.environ.get("STAND_IN_START", "")
    if start == "fail":
        return 1
    if start == "hang":
        time.sleep(600)
    if "STAND_IN_RECORDED" in os.environ:
        state = json.loads(Path(os.environ["STAND_IN_RECORDED"]).read_text(encoding="utf-8"))
        time.sleep(state["host_start"] / state["speed"])
    location = Path(classes.CONFIG["algorithm-location"])
    sys.path.insert(0, str(location.parent))
    importlib.import_module(location.stem)
    return 1


if __name__ == "__main__":
    sys.exit(main())
