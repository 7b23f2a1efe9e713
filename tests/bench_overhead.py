"""How much longer a run takes under the runner than by itself: `make bench-overhead`.

Both are a replay of the same recorded run at real speed, once by the bare command that the runner prints, once by the
runner, one after the other. RECORDING and SPEED in the environment choose another one, which is quicker and says less.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import beside_scripts  # noqa: F401
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


def _timed(command: list[str], environment: dict[str, str], text: str | None = None) -> float:
    began = time.monotonic()
    done = subprocess.run(command, env=environment, input=text, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if done.returncode not in (0, 4):  # 4: some of the recorded backtests failed
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr}")
    return took


def main() -> int:
    """Prints both times and their ratio."""
    name = os.environ.get("RECORDING", "grid-72")
    speed = os.environ.get("SPEED", "1")
    project, parameters = _GRIDS[name]
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        workspace = Path(home) / "workspace"
        make_project(workspace, project)
        (workspace / "lean.json").write_text("{}\n", encoding="utf-8")
        config = write_config(Path(home) / "config.yaml", project, parameters, constraint="Drawdown < 0.15")
        unpack_recording(name, Path(home))
        environment = os.environ | {
            "LEAN_COMMAND": str(PROJECT / "tests" / "replay" / "bin" / "lean"),
            "REPLAY_PYTHON": sys.executable,
            "LEAN_REPLAY_RECORDING": str(Path(home) / name),
            "LEAN_REPLAY_SPEED": speed,
        }
        runner = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--config", str(config), "--fresh"]
        runner += ["--no-pilot", "--workspace", str(workspace), "--leaderboard", str(Path(home) / "leaderboard.md")]
        shown = subprocess.run([*runner, "--dry-run"], env=environment, capture_output=True, text=True, check=True)
        bare = _timed(["sh"], environment, shown.stdout)
        ours = _timed(runner, environment)
    print(f"recording {name} at {speed}x speed")  # noqa: T201
    print(f"bare {bare:.2f} s, by the runner {ours:.2f} s, ratio {ours / bare:.4f}")  # noqa: T201
    print(f"allowed 1.01 x bare + 1 s = {1.01 * bare + 1:.2f} s: {'kept' if ours <= 1.01 * bare + 1 else 'broken'}")  # noqa: T201
    return 0 if ours <= 1.01 * bare + 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
