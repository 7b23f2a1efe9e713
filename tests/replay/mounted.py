"""What is mounted over LEAN's launcher: run for each backtest as LEAN's optimizer would, to see what LEAN would get."""

import json
import os
import runpy
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from replay.refusals import ReplayError

FOLDER = "/Lean/Launcher/bin/Debug"
LAUNCHER = f"{FOLDER}/QuantConnect.Lean.Launcher"
TABLE, SETTINGS = f"{FOLDER}/combinations.json", f"{FOLDER}/engine.json"


class _BecameLeanError(Exception):
    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self.words = words


def read_binds(docker: dict[str, Any]) -> dict[str, Path]:
    """Return this machine's files by their places in the container."""
    binds = {str(volume["bind"]): Path(source) for source, volume in docker.get("volumes", {}).items()}
    if LAUNCHER in binds and not os.access(binds[LAUNCHER], os.X_OK):
        raise ReplayError(f"{binds[LAUNCHER]} cannot be executed in the container")
    return binds


def real_parameters(binds: dict[str, Path], given: list[dict[str, str]], scratch: Path) -> list[dict[str, str]]:
    """Return the parameters with which LEAN would be run for each given combination: the same without a mount."""
    if LAUNCHER not in binds or (SETTINGS in binds and TABLE not in binds):
        return given
    folder = scratch / "launcher"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text('{\n  // as the CLI mounts it\n  "parameters": {}\n}\n', encoding="utf-8")
    for bind, source in binds.items():
        if Path(bind).parent == Path(FOLDER) and bind != SETTINGS:
            (folder / Path(bind).name).symlink_to(source)
    return [_as_lean_gets_them(binds[LAUNCHER], parameters, folder) for parameters in given]


def _as_lean_gets_them(launcher: Path, parameters: dict[str, str], folder: Path) -> dict[str, str]:
    backtest = str(uuid.uuid4())
    word = ",".join(f"{name}:{value}" for name, value in sorted(parameters.items()))
    words = ["--results-destination-folder", f"/Results/{backtest}", "--algorithm-id", backtest, "--parameters", word]
    with _in_its_place([str(launcher), *words, "--close-automatically", "True"], folder):
        try:
            runpy.run_path(str(launcher), run_name="__main__")
        except _BecameLeanError as lean:
            ran = lean.words
        else:
            raise ReplayError(f"{launcher} did not run LEAN")
    if "--config" not in ran:
        return parameters
    config = Path(ran[ran.index("--config") + 1])
    found: dict[str, str] = json.loads(config.read_text(encoding="utf-8"))["parameters"]
    config.unlink()
    return found


@contextmanager
def _in_its_place(words: list[str], folder: Path) -> Iterator[None]:
    here, argv, execvp = Path.cwd(), sys.argv, os.execvp

    def become(_program: str, arguments: list[str]) -> NoReturn:
        raise _BecameLeanError(arguments)

    sys.argv = words
    os.execvp = become  # type: ignore[assignment]
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        sys.argv, os.execvp = argv, execvp
