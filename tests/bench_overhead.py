"""How much longer a run takes under the runner than by itself, and a config in a batch: `make bench-overhead`.

- A replay of the same recorded run at real speed, in turn by the bare command that the runner prints and by the runner.
  RECORDING and SPEED in the environment choose another one, which is quicker and says less; PAIRS (1), how many.
- A batch of CONFIGS (12), one after the other, of which each takes a second or more of LEAN's, in which the process of
  the next one can get ready: what they take beside that.
- The processor time of a run from its start to its first `lean` call, and of --help: TIMES (9), of which the medians.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import beside_scripts  # noqa: F401
from bench_database import fresh_database
from support import PROJECT, make_project, unpack_recording, write_config

_GRIDS = {
    "grid-72": (
        "RSI_MeanReversion_ETF",
        "    rsi_period: {start: 10, end: 20, step: 2}\n"
        "    entry_threshold: {start: 25, end: 35, step: 5}\n"
        "    exit_threshold: {start: 50, end: 65, step: 5}\n",
    ),
    "crashy": ("Crashy", "    lookback: {start: 2, end: 7, step: 1}\n"),
}
_LEAN = PROJECT / "tests" / "replay" / "bin" / "lean"
_RUNNER = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py")]
_TIMED_LEAN = """#!/bin/sh
began=$(date +%s.%N)
"{lean}" "$@"
code=$?
echo "$began $(date +%s.%N)" >> "{log}"
exit $code
"""
_FIRST_LEAN = """#!/bin/sh
cat /proc/$PPID/task/*/schedstat > "{log}"
exit 1
"""
"""Says what its caller's threads have taken of a processor, in nanoseconds, and refuses."""
_SECONDS_A_CONFIG = 0.35


def _timed(command: list[str], environment: dict[str, str], text: str | None = None) -> float:
    began = time.monotonic()
    done = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if done.returncode not in (0, 4):  # 4: some of the recorded backtests failed
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr}")
    return took


def _run(home: Path, workspace: Path, environment: dict[str, str]) -> bool:
    """Prints both times and their ratio; whether the bound is kept."""
    name = os.environ.get("RECORDING", "grid-72")
    speed = os.environ.get("SPEED", "1")
    project, parameters = _GRIDS[name]
    make_project(workspace, project)
    config = write_config(home / "config.yaml", project, parameters, constraint="Drawdown < 0.15")
    if not (home / name).is_dir():
        unpack_recording(name, home)
    environment |= {
        "LEAN_COMMAND": str(_LEAN),
        "LEAN_REPLAY_RECORDING": str(home / name),
        "LEAN_REPLAY_SPEED": speed,
    }
    runner = [*_RUNNER, "--config", str(config), "--fresh", "--no-pilot", "--workspace", str(workspace)]
    runner += ["--leaderboard", str(home / "leaderboard.md")]
    shown = subprocess.run([*runner, "--dry-run"], env=environment, capture_output=True, text=True, check=True)
    pairs = [
        (_timed(["sh"], environment, shown.stdout), _timed(runner, environment))
        for _ in range(int(os.environ.get("PAIRS", "1")))
    ]
    bare, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    is_kept: bool = ours <= 1.01 * bare + 1
    print(f"recording {name} at {speed}x speed")  # noqa: T201
    print(f"bare {bare:.2f} s, by the runner {ours:.2f} s, ratio {ours / bare:.4f}")  # noqa: T201
    print(f"allowed 1.01 x bare + 1 s = {1.01 * bare + 1:.2f} s: {'kept' if is_kept else 'broken'}")  # noqa: T201
    return is_kept


def _batch(home: Path, workspace: Path, environment: dict[str, str]) -> bool:
    """Prints what a config of a batch takes beside LEAN; whether the bound is kept."""
    if not (home / "crashy").is_dir():
        unpack_recording("crashy", home)
    names = [f"Crashy_{number}" for number in range(int(os.environ.get("CONFIGS", "12")))]
    listed = ""
    for name in names:
        make_project(workspace, name)
        config = write_config(home / f"{name}.yaml", name, _GRIDS["crashy"][1])
        listed += f"  - {config}\n"
    (home / "batch.yaml").write_text(f"batch_name: many\noptimizations:\n{listed}", encoding="utf-8")
    (lean := home / "lean").write_text(_TIMED_LEAN.format(lean=_LEAN, log=home / "lean.log"), encoding="utf-8")
    lean.chmod(0o755)
    environment |= {
        "LEAN_COMMAND": str(lean),
        "LEAN_REPLAY_ANY": "1",
        "LEAN_REPLAY_RECORDING": str(home / "crashy"),
        "LEAN_REPLAY_SPEED": "40",
    }
    batch = [*_RUNNER, "--batch", str(home / "batch.yaml"), "--fresh", "--no-pilot", "--workspace", str(workspace)]
    took = _timed([*batch, "--leaderboard", str(home / "leaderboard.md")], environment)
    times = [tuple(map(float, line.split())) for line in (home / "lean.log").read_text("utf-8").splitlines()]
    each = (took - sum(ended - began for began, ended in times)) / len(names)
    between = [began - ended for (_, ended), (began, _) in pairwise(times)]
    is_kept = each <= _SECONDS_A_CONFIG
    print(  # noqa: T201
        f"a batch of {len(names)} configs: each takes {each:.2f} s beside LEAN, between two of them "
        f"{statistics.median(between):.2f} s (median); allowed {_SECONDS_A_CONFIG} s: {'kept' if is_kept else 'broken'}"
    )
    return is_kept


def _start(home: Path, workspace: Path, environment: dict[str, str]) -> bool:
    """Prints what a run takes of a processor until it starts LEAN, and what --help takes; no bound is set."""
    make_project(workspace, "Crashy")
    config = write_config(home / "start.yaml", "Crashy", _GRIDS["crashy"][1])
    (lean := home / "first-lean").write_text(_FIRST_LEAN.format(log=home / "schedstat"), encoding="utf-8")
    lean.chmod(0o755)
    environment |= {"LEAN_COMMAND": str(lean)}
    run = [*_RUNNER, "--config", str(config), "--no-pilot", "--workspace", str(workspace)]
    run += ["--leaderboard", str(home / "leaderboard.md")]
    starts, helps, floors = [], [], []
    for _ in range(int(os.environ.get("TIMES", "9")) + 1):  # the first one fills caches
        subprocess.run(run, env=environment, capture_output=True, check=False)
        told = (home / "schedstat").read_text("utf-8").splitlines()
        starts.append(sum(int(line.split()[0]) for line in told) / 1e9)
        helps.append(_processor_seconds([*_RUNNER, "--help"], environment))
        floors.append(_processor_seconds([sys.executable, "-c", "import psycopg2.extras"], environment))
    start, help_, floor = (statistics.median(times[1:]) for times in (starts, helps, floors))
    print(  # noqa: T201
        f"processor time: a run's start to its first lean call {start:.3f} s, --help {help_:.3f} s; "
        f"Python and psycopg2 alone {floor:.3f} s"
    )
    return True


def _processor_seconds(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Prints what the runner, a batch and a start cost beside LEAN."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home, workspace = Path(folder), Path(folder) / "workspace"
        workspace.mkdir()
        (workspace / "lean.json").write_text("{}\n", encoding="utf-8")
        are_kept = []
        for measure in (_start, _batch, _run):
            with fresh_database(home) as dsn:
                environment = os.environ | {"DATABASE_URL": dsn, "REPLAY_PYTHON": sys.executable}
                are_kept.append(measure(home, workspace, environment))
    return 0 if all(are_kept) else 1


if __name__ == "__main__":
    raise SystemExit(main())
