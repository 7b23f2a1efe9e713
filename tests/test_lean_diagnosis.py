"""Every recorded run: why it failed, told from what it printed and logged."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from strategy_testing.errors import ExitCode
from strategy_testing.results.diagnosis import Failure, diagnose
from strategy_testing.results.optimizer_log import OptimizerLog, read_log
from support import RECORDINGS

EXPECTED: dict[str, ExitCode | None] = {
    "backtest-broken": ExitCode.STRATEGY_BROKEN,
    "backtest-crash": ExitCode.LEAN_STOPPED_EARLY,
    "backtest-no-trade": None,
    "bad-constraint": ExitCode.LEAN_REFUSED,
    "hang-in-step": ExitCode.LEAN_STOPPED_EARLY,
    "bad-strategy": ExitCode.LEAN_REFUSED,
    "broken": ExitCode.STRATEGY_BROKEN,
    "container-killed": ExitCode.LEAN_STOPPED_EARLY,
    "crashy": None,
    "dead-parameter": None,
    "estimate": ExitCode.LEAN_REFUSED,
    "euler": None,
    "euler-whole": None,
    "grid-72": None,
    "idle": None,
    "no-prices": None,
    "init-fail": None,
    "interrupted": ExitCode.LEAN_STOPPED_EARLY,
    "list-warm": None,
    "minmax": ExitCode.OPTIMIZER_DID_NOT_START,
    "no-docker": ExitCode.DOCKER_NOT_RUNNING,
    "no-image": ExitCode.IMAGE_UNAVAILABLE,
    "no-project": ExitCode.NO_PROJECT,
    "no-workspace": ExitCode.NO_WORKSPACE,
    "outside-workspace": ExitCode.NO_WORKSPACE,
    "step-zero": ExitCode.OPTIMIZER_DID_NOT_START,
    "terminated": ExitCode.LEAN_STOPPED_EARLY,
    "unknown-target": None,
}
Unpacked = Callable[[str], Path]


def _diagnosed(folder: Path) -> Failure | None:
    log = folder / "output" / "log.txt"
    return diagnose(
        json.loads((folder / "run.json").read_text(encoding="utf-8"))["exit_code"],
        (folder / "stdout.txt").read_text(encoding="utf-8"),
        read_log(log.read_text(encoding="utf-8")) if log.exists() else OptimizerLog(),
    )


@pytest.mark.parametrize("recording", EXPECTED)
def test_a_recorded_run(unpacked: Unpacked, recording: str) -> None:
    failure = _diagnosed(unpacked(recording))
    assert (failure.exit_code if failure else None) == EXPECTED[recording]


def test_every_recording_of_a_single_run_is_diagnosed() -> None:
    recorded = {file.name.removesuffix(".tar.xz") for file in RECORDINGS.glob("*.tar.xz")}
    assert recorded - {"walk-forward"} == set(EXPECTED)


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        ("no-image", "the engine image local/lean:99 cannot be pulled; check lean.image and the network"),
        ("no-project", "LEAN does not find the project: Path 'NoSuchProject' does not exist."),
        ("bad-strategy", "lean refused to run: Invalid value for '--strategy': 'Genetic Search' is not one of"),
        ("minmax", "LEAN's optimizer could not start: System.ArgumentException: Minimum value (4) should be less"),
        ("no-docker", "Docker does not answer; start Docker and try again"),
    ],
)
def test_the_message_says_what_and_what_to_do(unpacked: Unpacked, recording: str, message: str) -> None:
    assert str(_diagnosed(unpacked(recording))).startswith(message)


@pytest.mark.parametrize("recording", ["broken", "backtest-broken"])
def test_a_syntax_error_is_shown_with_its_line(unpacked: Unpacked, recording: str) -> None:
    message = str(_diagnosed(unpacked(recording)))
    assert "main.py" in message
    assert "line 8" in message.lower()
    assert "SyntaxError: '(' was never closed" in message
    assert "\n" not in message


def test_a_full_disk_is_recognised() -> None:
    failure = diagnose(1, "Error: [Errno 28] No space left on device: 'x'\n", OptimizerLog())
    assert failure is not None
    assert failure.exit_code is ExitCode.DISK_FULL


def test_an_exit_without_a_word_names_its_code() -> None:
    failure = diagnose(3, "", OptimizerLog())
    assert failure is not None
    assert failure.cause == "lean refused to run: exit code 3 without a message"
