"""Whether the import beside a running LEAN costs the same however much has finished: `make bench-live`.

A look at the folder, and storing two results, each in runs of several sizes. SIZES in the environment names others.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import beside_scripts  # noqa: F401
from bench_database import fresh_database
from perturbed import templates
from strategy_testing.config.model import StrategyInfo
from strategy_testing.database.backtests import store_results
from strategy_testing.database.connection import Database, connect
from strategy_testing.database.runs import NewRun, StoredRun, store_run, store_strategy
from strategy_testing.database.target import DatabaseTarget, Source
from strategy_testing.lean.limits import Limits
from strategy_testing.lean.monitor import LeanMonitor
from strategy_testing.results.backtest import BacktestFile, BacktestResult, read_backtest
from strategy_testing.results.folder import find_runs
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.verdict.criteria import NOT_JUDGED, Judged

_TIMES = 15


def main() -> int:
    """Prints what each costs by size, and as a ratio to the smallest size."""
    sizes = [int(size) for size in os.environ.get("SIZES", "100,1000,10000").split(",")]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        recorded = home / "grid-72"
        templates(home)
        _print("a look at the folder", sizes, [_seconds_of_look(recorded, home, size) for size in sizes])
        with fresh_database(home) as dsn, closing(connect(DatabaseTarget(Source.ARGUMENT, dsn))) as database:
            stored = _new_run(database, recorded)
            result = _a_result(recorded)
            _print("storing two results", sizes, [_seconds_to_store(database, stored, result, size) for size in sizes])
    return 0


def _print(what: str, sizes: Sequence[int], seconds: Sequence[float]) -> None:
    for size, took in zip(sizes, seconds, strict=True):
        sys.stdout.write(f"{what} of {size:6} finished: {took * 1000:7.2f} ms, {took / seconds[0]:.2f} of the first\n")


def _median(work: Callable[[], object]) -> float:
    def once() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return statistics.median(once() for _ in range(_TIMES))


def _seconds_of_look(recorded: Path, home: Path, size: int) -> float:
    """Beside two backtests under way."""
    output = home / f"live-{size}"
    output.mkdir()
    source = next(file.parent for file in sorted(recorded.rglob("*-summary.json")))
    lines = [_finish(source, output) for _ in range(size)] + [_begin(output) for _ in range(2)]
    (output / "log.txt").write_text("".join(lines), encoding="utf-8")
    seen: list[BacktestResult] = []

    def on_look(finished: Sequence[BacktestResult], _: OptimizerLog) -> None:
        seen.extend(finished)

    monitor = LeanMonitor(output, Limits(Decimal(10), None), time.monotonic(), on_look)
    monitor.should_stop()
    assert len(seen) == size
    return _median(monitor.should_stop)


def _finish(source: Path, output: Path) -> str:
    """A backtest that has finished, by links to a recorded one's files."""
    name = str(uuid4())
    (output / name).mkdir()
    for suffix in ("-summary.json", ".json"):
        (output / name / f"{name}{suffix}").hardlink_to(source / f"{source.name}{suffix}")
    return _launched(name)


def _begin(output: Path) -> str:
    name = str(uuid4())
    (output / name).mkdir()
    (output / name / "log.txt").write_text("", encoding="utf-8")
    return _launched(name)


def _launched(name: str) -> str:
    return f"2026-11-22T13:13:47.8169570Z TRACE:: Lean(): launched backtest '{name}' with parameters ''\n"


def _new_run(database: Database, recorded: Path) -> StoredRun:
    (run,) = find_runs(recorded)
    with database.transaction():
        strategy = store_strategy(database, StrategyInfo("Bench", "Bench"))
        return store_run(database, strategy, NewRun(run.manifest, None, recorded))


def _a_result(recorded: Path) -> BacktestResult:
    folder = next(file.parent for file in sorted(recorded.rglob("*-summary.json")))
    result = read_backtest(BacktestFile(folder.name, folder), OptimizerLog())
    assert isinstance(result, BacktestResult)
    return result


def _seconds_to_store(database: Database, run: StoredRun, result: BacktestResult, size: int) -> float:
    """In the run, which gets so many first."""
    with database.transaction():
        have = int(database.value("run_summary", {"id": run.id}) or 0)

    def store(count: int) -> None:
        others = [
            replace(result, backtest_id=str(uuid4()), parameters={"n": str(uuid4())}, outcome_hash=uuid4().hex)
            for _ in range(count)
        ]
        with database.transaction():
            store_results(database, run, [Judged(one, NOT_JUDGED, None) for one in others])

    while have < size:
        store(min(500, size - have))
        have += 500
    return _median(lambda: store(2))


if __name__ == "__main__":
    raise SystemExit(main())
