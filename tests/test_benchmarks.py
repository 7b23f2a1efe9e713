"""Every benchmark runs, at a size at which its figures mean nothing, as `make` starts it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import PROJECT

_TINY = {
    "bench_overhead": ({"RECORDING": "crashy", "SPEED": "200", "CONFIGS": "2", "TIMES": "1"}, "ratio "),
    "bench_engine": ({"COMBINATIONS": "12", "BACKTESTS": "4", "SPEED": "400"}, "ratio "),
    "bench_statistics": ({"COMBINATIONS": "24", "DAYS": "120"}, "MB at most"),
    "bench_views": ({"RESULTS": "2000", "TIMES": "1"}, "seconds of PostgreSQL"),
    "bench_import": ({"SIZES": "6,8", "TIMES": "1", "PEERS": "/nowhere"}, "of the floor"),
    "bench_live": ({"SIZES": "2,4"}, "storing two results of      4 finished"),
}


def test_each_benchmark_is_here() -> None:
    targets = (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert all(f"tests/{name}.py" in targets for name in _TINY)
    assert targets.count("tests/bench_") == len(_TINY)


@pytest.mark.parametrize("name", _TINY)
def test_a_benchmark_runs(name: str, postgres_server: str, database_url: str, tmp_path: Path) -> None:
    size, said = _TINY[name]
    environment = os.environ | size | {"BENCH_SERVER": postgres_server, "DATABASE_URL": database_url}
    of_the_caller = tmp_path / "support.py"  # a module of his, of the name of one of ours
    of_the_caller.write_text("raise SystemExit('not ours')\n", encoding="utf-8")
    done = subprocess.run(
        ["make", *_AS_INSTALLED, f"--directory={PROJECT}", name.replace("_", "-")],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert said in done.stdout, done.stderr
    assert "Traceback" not in done.stderr


_AS_INSTALLED = (
    "--no-print-directory",
    f"BIN={Path(sys.executable).parent}",
    "--old-file=.venv/.installed",
    "--old-file=.venv-bench/.installed",
)
"""The environments are made: that of these tests, and for MLflow and Optuna none."""
