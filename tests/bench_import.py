"""What an import, with verdicts, luck and pages, costs over the least that it can cost, and over other tools' storage.

`make bench-import`. The least (tests/bench_floor.py) and the import alternate, each as a process of its own, in fresh
databases. SIZES and TIMES in the environment name other sizes and how often; PEERS is the Python that has MLflow and
Optuna, which store the same figures of the smallest size from 1,000 on.
"""

import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import beside_scripts  # noqa: F401
from bench_database import fresh_database
from perturbed import RECORDED, make_run, templates
from support import PROJECT, unpack_recording

_FEWEST_FOR_PEERS = 1000
_CONFIG = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
"""Judges the backtests, by criteria on luck among others."""


@dataclass
class Measured:
    """Of one size."""

    size: int
    floor: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    """Seconds, as the two before."""
    megabytes: float = 0
    """The most that the importing process, and the largest of those that read for it, held at a time."""

    @property
    def ratio(self) -> float:
        """The import's time over the floor's: the median of the pairs."""
        return statistics.median(first / floor for first, floor in zip(self.first, self.floor, strict=True))


def main() -> int:
    """Prints the ratios."""
    sizes = [int(size) for size in os.environ.get("SIZES", "100,1000,10000").split(",")]
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        unpack_recording(RECORDED, home)
        with fresh_database(home) as dsn:  # makes what is made once on a machine: the chart library of the pages
            _import(home, home / RECORDED, dsn)
        for size in sizes:
            # What a process took at its most counts for those that it starts, and that are measured.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
                folder = other.submit(_made, home, size).result()
            measured.append(_measured(home, folder, size))
            _print(measured)
        peers = os.environ.get("PEERS", str(PROJECT / ".venv-bench" / "bin" / "python"))
        compared = next((one for one in measured if one.size >= _FEWEST_FOR_PEERS), measured[-1])
        if Path(peers).exists():
            _compare(home, peers, compared)
        else:
            sys.stdout.write(f"MLflow and Optuna: not compared, there is no {peers}\n")
    return 0


def _made(home: Path, size: int) -> Path:
    return make_run(templates(home), home, f"run-{size}", size)


def _measured(home: Path, folder: Path, size: int) -> Measured:
    found = Measured(size)
    for _ in range(int(os.environ.get("TIMES", "3"))):
        with fresh_database(home) as dsn:
            floor = [str(PROJECT / "tests" / "bench_floor.py"), str(folder / "output"), dsn]
            found.floor.append(_timed(floor, dsn)[0])
        with fresh_database(home) as dsn:
            took, megabytes = _import(home, folder, dsn)
            found.first.append(took)
            found.megabytes = max(found.megabytes, megabytes)
            found.again.append(_import(home, folder, dsn)[0])
    return found


def _import(home: Path, folder: Path, dsn: str) -> tuple[float, float]:
    importer = [str(PROJECT / "scripts" / "results_importer.py"), "--optimization-dir", str(folder)]
    return _timed([*importer, "--config", str(_CONFIG), "--leaderboard", str(home / "leaderboard.md")], dsn)


def _timed(script: list[str], dsn: str) -> tuple[float, float]:
    """Seconds, and the megabytes of the process or of the largest one that it started."""
    environment = os.environ | {"DATABASE_URL": dsn, "PYTHONPATH": str(PROJECT / "scripts")}
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen([sys.executable, *script], env=environment, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 4):  # 4: the last copy of the recorded grid is not whole
            said.seek(0)
            raise SystemExit(f"{script} ended with {process.returncode}: {said.read().decode()}")
    return took, used.ru_maxrss / 1024


def _print(measured: list[Measured]) -> None:
    one, before = measured[-1], measured[-2] if len(measured) > 1 else None
    floor, first, again = map(statistics.median, (one.floor, one.first, one.again))
    more = ""
    if before is not None:
        times = first / statistics.median(before.first) / (one.size / before.size)
        more = (
            f"; each {times:.2f} and the memory {one.megabytes / before.megabytes:.2f} of what it is for {before.size}"
        )
    sys.stdout.write(
        f"{one.size:6} backtests: floor {floor:.2f} s, import {first:.2f} s, {one.ratio:.2f} of the floor; "
        f"again {again:.2f} s, {again / first:.2f} of the first time; {one.megabytes:.0f} MB{more}\n"
    )
    sys.stdout.flush()


def _compare(home: Path, peers: str, ours: Measured) -> None:
    output = home / f"run-{ours.size}" / "output"
    took = statistics.median(ours.first)
    for name in ("mlflow", "optuna"):
        with fresh_database(home, is_empty=True) as dsn:
            script = [peers, str(PROJECT / "tests" / "bench_peers.py"), name, str(output), dsn]
            done = subprocess.run(script, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stdout.write(f"{name}: not compared: {(done.stderr.strip().splitlines() or ['?'])[-1]}\n")
        else:
            theirs = float(done.stdout.split()[-1])
            sys.stdout.write(
                f"{name} stores the same {ours.size} in {theirs:.1f} s: ours takes {took / theirs:.3f} of it\n"
            )


if __name__ == "__main__":
    raise SystemExit(main())
