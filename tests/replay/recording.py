"""A recorded run: what was asked, what was printed, and when each file was written."""

import csv
import json
import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from replay import console
from replay.refusals import ReplayError

_LAUNCH = re.compile(r"LaunchLeanForParameterSet\(.*?\): launched backtest '([^']+)' with parameters '([^']*)'")


@dataclass(frozen=True)
class Backtest:
    """One backtest of a recorded optimization."""

    id: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Recording:
    """One recorded run in an unpacked folder."""

    name: str
    folder: Path

    @cached_property
    def run(self) -> dict[str, Any]:
        """Return what run.json holds."""
        loaded: dict[str, Any] = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        return loaded

    @property
    def command(self) -> str:
        """Return optimize or backtest."""
        return str(self.run["argv"][1])

    @property
    def output(self) -> Path:
        """Return the folder of files that the run left behind."""
        return self.folder / "output"

    @property
    def ran(self) -> bool:
        """Tell whether anything was started at all."""
        return self.output.is_dir()

    @cached_property
    def lines(self) -> list[str]:
        """Return what was printed, as it was before it was wrapped."""
        text = (self.folder / "stdout.txt").read_text(encoding="utf-8")
        return console.unwrap(text.removesuffix("\n").split("\n"))

    @cached_property
    def timeline(self) -> list[tuple[float, str]]:
        """Return the second in which each file of the output was complete."""
        path = self.folder / "timeline.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(float(row["seconds"]), row["path"]) for row in csv.DictReader(file)]
        end = max((seconds for seconds, _ in rows), default=0.0)
        known = {path for _, path in rows}
        files = sorted(str(file.relative_to(self.output)) for file in self.output.rglob("*") if file.is_file())
        return rows + [(end, name) for name in files if name not in known]

    @cached_property
    def backtests(self) -> list[Backtest]:
        """Return the backtests in the order in which they were launched."""
        log = self.output / "log.txt"
        if not log.exists() or self.command != "optimize":
            return []
        found = _LAUNCH.findall(log.read_text(encoding="utf-8"))
        named = [(name, dict(pair.split(":", 1) for pair in text.split(","))) for name, text in found]
        table = self.folder / "table.json"
        if not table.exists():
            return [Backtest(name, parameters) for name, parameters in named]
        rows = json.loads(table.read_text(encoding="utf-8"))
        return [Backtest(name, rows[int(parameters["combination"])]) for name, parameters in named]

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return the optimizer's configuration as the CLI sent it."""
        path = self.output / "optimizer-config.json"
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return loaded

    @property
    def parameters(self) -> dict[str, str]:
        """Return the parameters of a recorded backtest."""
        words = self.run["argv"]
        return {words[i + 1]: words[i + 2] for i, word in enumerate(words) if word == "--parameter"}

    def summary(self, backtest: Backtest | None = None) -> dict[str, Any]:
        """Return the small result file of a backtest, empty if it did not finish."""
        folder = self.output / backtest.id if backtest else self.output
        for path in folder.glob("*-summary.json"):
            loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return loaded
        return {}

    def finished(self, backtest: Backtest) -> bool:
        """Tell whether a backtest left its result behind."""
        return (self.output / backtest.id / f"{backtest.id}.json").exists()


def spec_name(spec: str) -> str:
    """Return the name of a recording for people."""
    path, _, inside = spec.partition("#")
    name = Path(path).name.removesuffix(".tar.xz")
    return f"{name}/{inside}" if inside else name


def load(spec: str, scratch: Path) -> list[Recording]:
    """Return the runs of an archive or a folder, unpacking an archive below scratch."""
    text, _, inside = spec.partition("#")
    path = Path(text)
    if not path.exists():
        raise ReplayError(f"there is no recording {text}")
    root = path if path.is_dir() else _unpack(path, scratch)
    name = spec_name(text)
    runs = []
    for folder in _runs(root, 4):
        where = folder.relative_to(root).as_posix()
        if not inside or f"/{where}".endswith(f"/{inside.strip('/')}"):
            runs.append(Recording(name if where in {".", name} else f"{name}/{where.removeprefix(f'{name}/')}", folder))
    if not runs:
        raise ReplayError(f"{spec} holds no recorded run")
    return sorted(runs, key=lambda run: run.name)


def _runs(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / "run.json").exists():
        yield folder
    elif depth:
        for child in folder.iterdir():
            if child.is_dir():
                yield from _runs(child, depth - 1)


def _unpack(path: Path, scratch: Path) -> Path:
    target = Path(tempfile.mkdtemp(dir=scratch))
    with tarfile.open(path, "r|xz") as archive:
        # Pythons before 3.11.4 know no filter
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        for member in archive:
            archive.extract(member, target)
    return target
