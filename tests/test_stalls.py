"""Whether a backtest moves: LEAN writes a line a minute into its log, whether it does or not."""

import time
from decimal import Decimal
from pathlib import Path

import pytest

from strategy_testing.lean.limits import Limits, seconds_in_step
from strategy_testing.lean.monitor import LeanMonitor

_ID = "791b74eb-b8c9-4914-81e7-1b50333f06b6"
_AT = "2026-11-26T15:38:21.6190841Z TRACE:: "
_LAUNCHED = (
    f"{_AT}LeanOptimizer.LaunchLeanForParameterSet(OID x): launched backtest '{_ID}' with parameters 'level:2'\n"
)


def _minute(elapsed: str) -> str:
    return (
        f"{_AT}Isolator.ExecuteWithTimeLimit(): Used: 62, Sample: 97, App: 433, CurrentTimeStepElapsed: {elapsed}. "
        "CPU: 1%\n"
    )


@pytest.mark.parametrize(
    ("added", "seconds"),
    [
        (_minute("00:56.066"), 56.066),
        (_minute("04:56.152") + _minute("00:00.000"), 296.152),
        (_minute("04:56.152") + f"{_AT}Debug: 2015-06-02\n", None),
        ("", None),
    ],
)
def test_the_time_in_a_step_is_read_from_leans_own_line(added: str, seconds: float | None) -> None:
    assert seconds_in_step(added) == seconds


@pytest.fixture
def monitor(tmp_path: Path) -> LeanMonitor:
    """Of a run with one backtest, which stalls after a tenth of a second without movement."""
    (tmp_path / _ID).mkdir()
    (tmp_path / "log.txt").write_text(_LAUNCHED, encoding="utf-8")
    limits = Limits(stall_minutes=Decimal("0.0017"))
    made = LeanMonitor(tmp_path, limits, time.monotonic(), lambda _finished, _log: None)
    made.should_stop()
    return made


def _stops_with(monitor: LeanMonitor, log: Path, line: str) -> bool:
    """Whether it stops at a line that comes after more than the time in which something has to happen."""
    time.sleep(0.12)
    with log.open("a", encoding="utf-8") as file:
        file.write(line)
    return monitor.should_stop()


@pytest.mark.parametrize("line", [_minute("00:00.003"), _minute("00:56.066"), f"{_AT}Debug: 2015-06-02\n"])
def test_a_backtest_that_begins_a_step_within_the_minute_moves(tmp_path: Path, monitor: LeanMonitor, line: str) -> None:
    log = tmp_path / _ID / "log.txt"
    assert not _stops_with(monitor, log, line)
    assert not _stops_with(monitor, log, line)


def test_a_backtest_that_sits_in_one_step_does_not_move(tmp_path: Path, monitor: LeanMonitor) -> None:
    log = tmp_path / _ID / "log.txt"
    assert not _stops_with(monitor, log, _minute("00:56.066"))
    assert _stops_with(monitor, log, _minute("01:56.082"))
    assert monitor.failure is not None
    assert "backtest 791b74eb (level=2) has been in one step for 1 min 56 s" in monitor.failure.cause
    assert _stops_with(monitor, log, _minute("00:00.000"))  # an engine's own line
    assert "for 1 min 56 s" in monitor.failure.cause


def test_whatever_else_a_backtest_writes_is_movement(tmp_path: Path, monitor: LeanMonitor) -> None:
    log = tmp_path / _ID / "log.txt"
    assert _stops_with(monitor, log, _minute("01:56.082"))
    (tmp_path / _ID / f"{_ID}-log.txt").write_text("2015-06-02\n", encoding="utf-8")
    assert not _stops_with(monitor, log, _minute("02:56.114"))
