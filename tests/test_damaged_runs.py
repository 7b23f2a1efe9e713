"""Whatever of a run's folder is damaged: what is not is stored with every figure, and what is, is named.

FUZZ_MUTANTS (24) and FUZZ_SEED (1) in the environment choose more and other ones; `make faults` draws thousands.
"""

import os
import random
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mutants import damage
from results_importer import main
from support import ScriptResult, make_project, write_config

Ask = Callable[..., list[dict[str, Any]]]

_MUTANTS = int(os.environ.get("FUZZ_MUTANTS", "24"))
_SEED = int(os.environ.get("FUZZ_SEED", "1"))
_SECONDS = 60
_CODES = {0, 2, 4, 5, 16, 17, 21}
"""Stored, refused with a message, partial, nothing to import, or what LEAN's own files say of its end."""
_PARAMETERS = "    rsi_lookback: {start: 10, end: 14, step: 2}\n"
_PROJECT = "RSI_MeanReversion_ETF"
_OF_THE_ROW = ("id", "optimization_run_id", "strategy_id", "created_at", "updated_at", "reused_from")
_OF_THE_JUDGE = ("meets_criteria", "rejection_reasons", "target_value", "excess_return")
_OF_ALL_RESULTS = ("deflated_sharpe", "deflated_sharpe_independent", "plateau", "worst_step", "on_edge")
"""Which change with what else was tried."""


@pytest.fixture
def run_folder(replayed: Callable[..., ScriptResult], workspace: Path, tmp_path: Path) -> Path:
    """A run as the runner leaves one, of three backtests."""
    make_project(workspace, _PROJECT)
    config = write_config(tmp_path / "config.yaml", _PROJECT, _PARAMETERS, criteria="min_trades: 1")
    assert replayed("dead-parameter", config, "--force", "--no-pilot").exit_code == 0
    (folder,) = workspace.glob(".optimization/*/*")
    return folder


class _TooLongError(Exception):
    """An import that waits, or computes, for a minute."""


@pytest.fixture
def _no_waiting() -> Iterator[None]:
    def end(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, end)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _imported(folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    signal.alarm(_SECONDS)
    try:
        board = str(folder.parent / "leaderboard.md")
        code = main(["--optimization-dir", str(folder), "--all", "--database-url", url, "--leaderboard", board])
    finally:
        signal.alarm(0)
    return code, "".join(capsys.readouterr())


def _rows(ask: Ask, leave_out: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    rows = ask("SELECT * FROM backtest_results ORDER BY id")
    return {row["backtest_id"]: {name: row[name] for name in row if name not in leave_out} for row in rows}


@pytest.mark.usefixtures("_no_waiting")
def test_what_is_not_damaged_is_stored_and_what_is_is_named(
    run_folder: Path, ask: Ask, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_out = (*_OF_THE_ROW, *_OF_THE_JUDGE, *_OF_ALL_RESULTS)
    whole, sound = _rows(ask, _OF_THE_ROW), _rows(ask, leave_out)
    assert len(sound) == 3
    wrong = []
    for seed in range(_SEED, _SEED + _MUTANTS):
        home = tmp_path / "mutant" / "home"
        shutil.copytree(run_folder, home / run_folder.name, copy_function=os.link)
        ask("TRUNCATE strategies CASCADE")
        draw = random.Random(seed)
        done = [damage(home / run_folder.name, draw) for _ in range(draw.choice([1, 1, 1, 2, 3]))]
        told = "; ".join(f"{file.relative_to(home)}: {what}" for what, file in done)
        try:
            code, said = _imported(home, database_url, capsys)
        except BaseException:
            wrong.append(f"seed {seed}: {told}\n{traceback.format_exc()}")
            capsys.readouterr()
            shutil.rmtree(home.parent)
            continue
        stored = _rows(ask, leave_out)
        harmed = {name for name in sound if any(name in str(file) for _, file in done)}
        is_whole_run = all(name in str(file) for _, file in done for name in [next(iter(harmed), " ")])
        if code not in _CODES or "Traceback" in said:
            wrong.append(f"seed {seed}: {told}\nexit code {code}: {said}")
        missing = [name for name in sound if name not in stored]
        unnamed = [name for name in missing if name not in said and code not in (2, 5)]
        changed = [name for name in stored if name in sound and name not in harmed and stored[name] != sound[name]]
        lost = [name for name in missing if is_whole_run and name not in harmed]
        if unnamed or changed or lost:
            wrong.append(f"seed {seed}: {told}\nunnamed {unnamed}, changed {changed}, lost {lost}; {code}: {said}")
        ask("TRUNCATE strategies CASCADE")
        shutil.rmtree(home.parent)
        shutil.copytree(run_folder, home / run_folder.name, copy_function=os.link)
        assert _imported(home, database_url, capsys)[0] == 0
        assert _rows(ask, _OF_THE_ROW) == whole
        shutil.rmtree(home.parent)
    assert not wrong, f"{len(wrong)} of {_MUTANTS}:\n" + "\n\n".join(text[:3000] for text in wrong)
