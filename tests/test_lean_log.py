"""The optimizer's log: what was launched, when, whether it ended, and why it could not start."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strategy_testing.results.optimizer_log import OptimizerLog, read_log

Unpacked = Callable[[str], Path]


def _text(folder: Path) -> str:
    return (folder / "output" / "log.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("recording", "launched", "waiting", "ended"),
    [
        ("grid-72", 72, 72, True),
        ("euler", 27, 9, True),
        ("crashy", 6, 6, True),
        ("unknown-target", 2, 2, True),
        ("terminated", 4, 11, False),
        ("minmax", 0, None, False),
    ],
)
def test_a_recorded_log(unpacked: Unpacked, recording: str, launched: int, waiting: int | None, ended: bool) -> None:
    log = read_log(_text(unpacked(recording)))
    assert (len(log.launched), log.waiting_on, log.has_ended) == (launched, waiting, ended)


@pytest.mark.parametrize(
    ("recording", "optimum"),
    [
        ("grid-72", "777f3e11-893a-4321-85f7-dfb80192809b"),
        ("euler", "8e8096f4-e2c7-4fe7-91a4-67c6c677152e"),
        ("crashy", "f8acd29c-ecb2-49eb-b471-adadaa922909"),
        ("unknown-target", None),
        ("terminated", None),
    ],
)
def test_the_log_names_leans_optimum(unpacked: Unpacked, recording: str, optimum: str | None) -> None:
    assert read_log(_text(unpacked(recording))).best_backtest_id == optimum


def test_every_launched_backtest_has_its_parameters(unpacked: Unpacked) -> None:
    log = read_log(_text(unpacked("grid-72")))
    assert log.launched["777f3e11-893a-4321-85f7-dfb80192809b"] == {
        "entry_threshold": "30",
        "exit_threshold": "50",
        "rsi_period": "18",
    }
    assert len({tuple(parameters.items()) for parameters in log.launched.values()}) == 72


def test_when_the_optimizer_started(unpacked: Unpacked) -> None:
    log = read_log(_text(unpacked("crashy")))
    assert log.started_at == datetime(2026, 11, 22, 12, 53, 58, 392092, UTC)


@pytest.mark.parametrize(
    ("recording", "error"),
    [
        ("minmax", "System.ArgumentException: Minimum value (4) should be less or equal than maximum (3)"),
        ("step-zero", "System.ArgumentException: step should be positive value; but was 0"),
    ],
)
def test_why_the_optimizer_could_not_start(unpacked: Unpacked, recording: str, error: str) -> None:
    assert read_log(_text(unpacked(recording))).start_error == error


def test_an_error_behind_the_end_means_nothing(unpacked: Unpacked) -> None:
    text = _text(unpacked("euler"))
    assert " ERROR:: " in text.split("Optimization has ended", 1)[1]
    assert read_log(text).start_error is None


def test_a_log_read_in_pieces_says_the_same(unpacked: Unpacked) -> None:
    lines = _text(unpacked("euler")).splitlines(keepends=True)
    log = OptimizerLog()
    for first in range(0, len(lines), 5):
        log = read_log("".join(lines[first : first + 5]), log)
    assert log == read_log("".join(lines))


def test_what_is_no_log_says_nothing() -> None:
    assert read_log("") == OptimizerLog()
    assert read_log("launched backtest 'x' with parameters 'a:1'\n   at Program.Main()\n") == OptimizerLog()
