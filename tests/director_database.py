"""A database as a director finds it after two weeks: five strategies, twenty runs and a walk-forward analysis.

All of it is imported from recordings; only the run that its fees refuse has none, because LEAN never saw it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import psycopg2

from strategy_testing.commands.import_results import ImportRequest, import_results
from support import PROJECT, unpack_recording, write_config

_CONFIGS = PROJECT / "configs" / "optimizations"
_RSI = "RSI_MeanReversion_ETF"
_WINDOWS = {"window-1": "10-35", "window-2": "14-35", "window-3": "10-30"}
"""What each window chooses, which alone is tested."""


def fill(database_url: str, home: Path) -> None:
    """Imports everything; the numbers of runs are the same each time.

    Args:
        database_url: of a fresh database with the current schema.
        home: a folder for the workspace.
    """
    workspace = home / "workspace"
    (workspace / ".optimization").mkdir(parents=True)
    (workspace / "lean.json").write_text("{}\n", encoding="utf-8")
    shutil.copytree(PROJECT / "tests" / "prices" / "equity", workspace / "data" / "equity")

    def store(strategy: str, recordings: Iterable[str], config: Path | None = None) -> None:
        for recording in recordings:
            place = workspace / ".optimization" / strategy / recording
            place.parent.mkdir(exist_ok=True)
            unpacked = unpack_recording(recording, home)
            if recording == "walk-forward":
                _leave_the_chosen(unpacked)
                shutil.move(unpacked, place)
            else:
                shutil.move(unpacked / "output", place)
            named = strategy if config is None else None
            import_results(ImportRequest(place, config, named, False, home / "leaderboard.md", database_url))

    store(_RSI, ("interrupted", "dead-parameter", "container-killed", "terminated"))
    store(_RSI, ("grid-72",), _CONFIGS / "rsi_etf_example.yaml")
    store(_RSI, ("walk-forward",), _CONFIGS / "rsi_etf_walk_forward.yaml")
    store("BollingerBand_ETF", ("euler",), _bollinger(home / "bollinger.yaml"))
    store("Statistical_Pairs_Trading", ("no-prices",))
    levels = "    level: {start: 0, end: 4, step: 1}\n"
    idle = write_config(home / "idle.yaml", "Idle", levels, criteria="min_trades: 1, min_sharpe: 0.5")
    store("Idle", ("minmax",))
    store("Idle", ("idle", "unknown-target", "backtest-no-trade"), idle)
    lookbacks = "    lookback: {start: 2, end: 7, step: 1}\n"
    crashy = write_config(home / "crashy.yaml", "Crashy", lookbacks, criteria="min_trades: 30, min_sharpe: 0")
    store("Crashy", ("crashy", "backtest-crash"), crashy)
    _refuse(database_url, home)


def _leave_the_chosen(recording: Path) -> None:
    for window, chosen in _WINDOWS.items():
        for folder in (recording / window).glob("out-of-sample-*"):
            if folder.name != f"out-of-sample-{chosen}":
                shutil.rmtree(folder)


def _bollinger(file: Path) -> Path:
    """The config of the recorded Euler search, with an estimate of its fees."""
    return write_config(
        file,
        "BollingerBand_ETF",
        "    bb_period: {start: 10, end: 30, step: 10, min_step: 2.5, type: float}\n"
        "    bb_std: {start: 1.5, end: 2.5, step: 0.5, min_step: 0.125}\n",
        search="Euler Search",
        criteria="min_trades: 100, min_sharpe: 0.2, max_drawdown: 0.25, max_fee_pct: 0.20",
        more='backtest: {start_date: "2012-01-01", end_date: "2020-12-31", initial_capital: 1000}\n'
        "fee_assumptions: {per_trade_fee: 1.0, expected_trades_per_year: 20}\n",
    )


def _refuse(database_url: str, home: Path) -> None:
    """The runner refuses a config whose fees would eat the capital; as if in the week of the others."""
    command = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--leaderboard", str(home / "l.md")]
    command += ["--config", str(_CONFIGS / "bollinger_etf_rejected.yaml"), "--workspace", str(home / "workspace")]
    stand_ins = str(PROJECT / "tests" / "replay" / "bin")
    environment = {"PATH": f"{stand_ins}{os.pathsep}{os.environ['PATH']}", "REPLAY_PYTHON": sys.executable}
    subprocess.run(
        command, env=os.environ | environment | {"DATABASE_URL": database_url}, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE optimization_runs SET started_at = '2026-11-26 16:00Z', completed_at = '2026-11-26 16:00Z' "
            "WHERE status = 'refused'"
        )
