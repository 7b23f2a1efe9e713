"""Runs scripted strategies as LEAN's optimizer does: through the launcher with warm engines, and cold."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from strategy_testing.lean.warm import __file__ as _warm
from support import PROJECT

_BIN = PROJECT / "tests" / "replay" / "bin"
_SOURCES = Path(_warm).parent


class Bench:
    """A strategy's project, and the folder in which LEAN's optimizer starts its launcher."""

    def __init__(self, home: Path, strategy: str, settings: Mapping[str, float], table: Sequence[object] = ()) -> None:
        self.home = home
        self.project = home / "project"
        self.project.mkdir()
        (self.project / "main.py").write_text(f"from AlgorithmImports import *\n{strategy}", encoding="utf-8")
        self.folder = home / "run"
        self.folder.mkdir()
        config = {"algorithm-location": str(self.project / "main.py"), "algorithm-language": "Python"}
        text = json.dumps({**config, "parameters": {"own": "5"}})
        (self.folder / "config.json").write_text(f"// the CLI's\n{text}", encoding="utf-8")
        shutil.copyfile(_SOURCES / "host.py", self.folder / "strategy_testing_host.py")
        shutil.copyfile(_SOURCES / "launcher.py", self.folder / "launcher")
        (self.folder / "launcher").chmod(0o755)
        (self.folder / "engine.json").write_text(json.dumps({"engines": 1, **settings}), encoding="utf-8")
        if table:
            (self.folder / "combinations.json").write_text(json.dumps(table), encoding="utf-8")
        path = os.pathsep.join([str(_BIN), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = os.environ | {"PATH": path, "REPLAY_PYTHON": sys.executable, "TMPDIR": str(home)}
        self._numbers = count(1)

    def start(self, parameters: str, optimization: str = "O1", program: str = "./launcher") -> "Backtest":
        """Starts a backtest."""
        number = next(self._numbers)  # several threads may ask
        folder = self.home / "results" / str(number)
        folder.mkdir(parents=True)
        words = ["--results-destination-folder", str(folder), "--algorithm-id", f"id{number}"]
        words += ["--optimization-id", optimization, "--parameters", parameters, "--close-automatically", "True"]
        with (folder / "printed").open("wb") as printed:
            process = subprocess.Popen(
                [*program.split(), *words], cwd=self.folder, env=self.environment, stdout=printed, stderr=printed
            )
        return Backtest(folder, f"id{number}", process)

    def run(self, *parameters: str) -> list["Backtest"]:
        """Runs backtests one after the other."""
        done = []
        for each in parameters:
            done.append(self.start(each))
            done[-1].process.wait(60)
        return done

    def cold(self, *parameters: str) -> list["Backtest"]:
        """Runs them by LEAN's own launcher."""
        done = [self.start(each, program="dotnet QuantConnect.Lean.Launcher.dll") for each in parameters]
        for each in done:
            each.process.wait(60)
        return done

    def engines(self, optimization: str = "O1") -> list[int]:
        """Process numbers of the engines that live."""
        pids = [int(file.read_text()) for file in (self.home / f"engines-{optimization}").glob("*.pid")]
        return [pid for pid in pids if b"StrategyTestingHost" in _words(pid)]

    def end(self) -> None:
        """As the end of the container does."""
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"TMPDIR={self.home}\0".encode() in (entry / "environ").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)


class Backtest:
    """What a backtest left."""

    def __init__(self, folder: Path, name: str, process: "subprocess.Popen[bytes]") -> None:
        self.folder, self.name, self.process = folder, name, process

    @property
    def document(self) -> dict[str, Any]:
        """The result's file."""
        read: dict[str, Any] = json.loads((self.folder / f"{self.name}.json").read_text(encoding="utf-8"))
        return read

    @property
    def figures(self) -> dict[str, Any]:
        """What the strategy and LEAN computed."""
        read: dict[str, Any] = self.document["statistics"]
        return read

    @property
    def parameters(self) -> dict[str, str]:
        """What it was given."""
        read: dict[str, str] = self.document["algorithmConfiguration"]["parameters"]
        return read

    @property
    def note(self) -> dict[str, Any]:
        """What the launcher noted."""
        read: dict[str, Any] = json.loads((self.folder / "engine.json").read_text(encoding="utf-8"))
        return read

    @property
    def log(self) -> str:
        """LEAN's log of it."""
        return (self.folder / "log.txt").read_text(encoding="utf-8")

    @property
    def printed(self) -> str:
        """By the launcher and what it started."""
        return (self.folder / "printed").read_text(encoding="utf-8")

    @property
    def outcome(self) -> tuple[str, dict[str, Any], str]:
        """All in which a warm backtest must be equal to a cold one."""
        trace = re.sub(r"0x[0-9a-f]+", "", self.document["state"]["StackTrace"] or "")
        return self.document["state"]["Status"], self.figures, trace


@contextmanager
def bench(strategy: str, *, table: Sequence[object] = (), **settings: float) -> Iterator[Bench]:
    """A bench in a folder with a short path, because sockets are made below it."""
    home = Path(tempfile.mkdtemp(prefix="warm-", dir="/tmp"))
    made = Bench(home, strategy, settings, table)
    try:
        yield made
    finally:
        made.end()
        shutil.rmtree(home, ignore_errors=True)


def wait_until(condition: Any, seconds: float = 10) -> None:
    """Waits until something has happened."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
