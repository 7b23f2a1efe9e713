"""What warm engines save: `make bench-engine`. A replay with durations as they were measured on LEAN.

- The runner, its comparisons included, against bare `lean optimize` at its defaults (half the cores, no pilot, a table
  at its end), for 72 and for 12 combinations.
- What launcher and host add to a backtest that takes no time itself, for a thousand backtests through two engines.

SPEED (1), COMBINATIONS (72,12) and BACKTESTS (1000) in the environment choose something else, which says less.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import beside_scripts  # noqa: F401
from support import PROJECT, make_project, unpack_recording
from warm_lean.bench import Backtest, Bench, bench

_PARAMETERS = {
    72: (("rsi_period", 10, 20, 2), ("entry_threshold", 25, 35, 5), ("exit_threshold", 50, 65, 5)),
    12: (("rsi_period", 14, 16, 2), ("entry_threshold", 25, 35, 5), ("exit_threshold", 50, 55, 5)),
}
_BOUNDS = {72: 0.12, 12: 0.25}
_SECONDS_A_BACKTEST = 0.1
_DURATIONS = {
    "LEAN_REPLAY_COLD": "20.2",
    "LEAN_REPLAY_WARM_FIRST": "15",
    "LEAN_REPLAY_WARM": "3.5",
    "LEAN_REPLAY_TAIL": "82",
}
_PROJECT = "RSI_MeanReversion_ETF"
_NOTHING = "class Nothing(QCAlgorithm):\n    pass\n"


def _timed(command: list[str], environment: dict[str, str], folder: Path) -> tuple[float, str]:
    began = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr}")
    return time.monotonic() - began, done.stdout + done.stderr


def _ratio(count: int, home: Path, speed: str) -> float:
    workspace = home / f"workspace-{count}"
    make_project(workspace, _PROJECT)
    (workspace / "lean.json").write_text("{}\n", encoding="utf-8")
    ranges = [
        f"    {name}: {{start: {low}, end: {high}, step: {step}}}\n" for name, low, high, step in _PARAMETERS[count]
    ]
    config = home / f"{count}.yaml"
    config.write_text(
        f"strategy: {{name: {_PROJECT}, lean_project_path: {_PROJECT}}}\noptimization:\n  type: Grid Search\n"
        f"  target_metric: Sharpe Ratio\n  target_direction: max\n  parameters:\n{''.join(ranges)}",
        encoding="utf-8",
    )
    lean = PROJECT / "tests" / "replay" / "bin" / "lean"
    environment = os.environ | _DURATIONS | {
        "PATH": f"{lean.parent}{os.pathsep}{os.environ['PATH']}",  # where docker's stand-in is, too
        "REPLAY_PYTHON": sys.executable,
        "LEAN_REPLAY_RECORDING": str(home / "grid-72"),
        "LEAN_REPLAY_SPEED": speed,
        "LEAN_REPLAY_STATE": str(home / "state"),
    }  # fmt: skip
    flags = [word for each in _PARAMETERS[count] for word in ("--parameter", *map(str, each))]
    bare = [str(lean), "optimize", _PROJECT, "--output", "bare", "--strategy", "Grid Search"]
    bare += ["--target", "Sharpe Ratio", "--target-direction", "max", *flags]
    bare_seconds, _ = _timed(bare, environment, workspace)
    ours = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--config", str(config), "--fresh"]
    ours += ["--workspace", str(workspace), "--leaderboard", str(home / "leaderboard.md")]
    seconds, said = _timed(ours, environment, workspace)
    checked = f"engine: warm, checked: 2 of {count}"
    if checked not in said:
        raise SystemExit(f"the runner does not say {checked!r}: {said}")
    ratio = seconds / bare_seconds
    kept = "kept" if ratio <= _BOUNDS[count] else "broken"
    print(  # noqa: T201
        f"{count} combinations: bare {bare_seconds:.1f} s, by the runner {seconds:.1f} s, ratio {ratio:.3f} "
        f"(at most {_BOUNDS[count]}: {kept}); {checked}"
    )
    return ratio


def _run(warm: Bench, number: int) -> tuple[float, Backtest]:
    began = time.monotonic()
    run = warm.start(f"number:{number}")
    run.process.wait()
    return time.monotonic() - began, run


def _overhead(backtests: int) -> float:
    with bench(_NOTHING, engines=2, backtests=10**6) as warm:
        for number in (0, 1):
            _run(warm, number)  # the start of the engines
        alone = [_run(warm, number)[0] for number in range(min(100, backtests))]
        with ThreadPoolExecutor(2) as both:
            done = list(both.map(lambda number: _run(warm, number), range(backtests)))
        if any(run.note["engine"] != "warm" or run.parameters["number"] != str(i) for i, (_, run) in enumerate(done)):
            raise SystemExit("a backtest was not served by a warm engine, or got another one's parameters")
        engines = {run.note["process"] for _, run in done}
    seconds = statistics.median(alone)
    kept = "kept" if seconds <= _SECONDS_A_BACKTEST else "broken"
    print(  # noqa: T201
        f"{backtests} backtests through {len(engines)} engines, all served; launcher and host add {seconds:.3f} s "
        f"to one (median; at most {_SECONDS_A_BACKTEST} s: {kept})"
    )
    return seconds


def main() -> int:
    """Prints the ratios, and whether each bound is kept."""
    counts = [int(text) for text in os.environ.get("COMBINATIONS", "72,12").split(",")]
    is_kept = _overhead(int(os.environ.get("BACKTESTS", "1000"))) <= _SECONDS_A_BACKTEST
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        unpack_recording("grid-72", Path(home))
        for count in counts:
            is_kept &= _ratio(count, Path(home), os.environ.get("SPEED", "1")) <= _BOUNDS[count]
    return 0 if is_kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
