"""The runner, or everything with it, is ended at random moments: what is then in docs/FAULTS.md holds."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from fault_bench import (  # noqa: F401
    LARGER,
    SIGNALS,
    Bench,
    Done,
    Fault,
    Undisturbed,
    Unpack,
    end_all,
    fault,
    fault_again,
    fixture_bench,
    fixture_undisturbed,
    make_bench,
    moments,
)
from strategy_testing.metrics.figures import number_of

_SIGNALS = {
    "sigint": [signal.SIGINT],
    "sigterm": [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1],
}
_TRIES = int(os.environ.get("FAULT_TRIES", "4"))
"""Moments of each signal; `make faults` takes many more, on a machine that has much else to do."""


def _end_of_killed(process: "subprocess.Popen[str]") -> Done:
    """As a shell gives it: 128 and the signal. LEAN holds stderr open for as long as it lives."""
    process.kill()
    return Done("", "", 128 - process.wait(30), time.time())


def _recovered(bench: Bench, row: Fault, killed: Done) -> str:
    """Any next start brings the killed runner's run to order; returns what it said."""
    run = bench.run_row()
    assert run is not None
    assert (run["status"], killed.exit_code) == (row.status, row.exit_code)
    missing = bench.home / "nothing.yaml"
    missing.write_text(bench.config.read_text(encoding="utf-8").replace("path: RSI_MeanReversion_ETF", "path: Gone"))
    assert missing.read_text() != bench.config.read_text()
    other = bench.run("--config", missing)
    assert other.exit_code == 14, other.stderr
    after = bench.run_row()
    assert after is not None
    assert after["status"] == "interrupted"
    assert after["error_message"].startswith("its runner was killed or the machine went down")
    assert f"go on with --resume {after['id']}" in other.stderr
    assert bench.docker("ps", "-q") == ""
    assert bench.stored() == bench.on_disk()
    assert bench.left_over() == []
    return other.stderr


@pytest.mark.parametrize("moment", range(_TRIES))
@fault(
    SIGNALS,
    Fault(
        "sigint",
        "Ctrl-C at any moment while LEAN works",
        "LEAN and its container are ended, what finished is stored",
        "interrupted",
        130,
        "Resume it",
    ),
    Fault(
        "sigterm",
        "SIGTERM, or another signal that ends programs (SIGHUP of a closed terminal, SIGQUIT, SIGUSR1 …), at any "
        "moment while LEAN works",
        "The same",
        "interrupted",
        143,
        "Resume it",
    ),
)
def test_a_signal_at_any_moment(row: Fault, moment: int, bench: Bench, undisturbed: Undisturbed) -> None:
    count, seconds = moments(row.id, _TRIES)[moment]
    process = bench.start(speed=12)
    bench.wait_for(lambda: bench.run_row() is not None)
    bench.wait_for_results(count)
    time.sleep(seconds)
    process.send_signal(_SIGNALS[row.id][moment % len(_SIGNALS[row.id])])
    done = bench.end(process)
    assert f"{number_of(len(bench.stored()), 'finished backtest')} stored; go on with --resume" in done.stderr
    assert len(bench.stored()) >= count
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    SIGNALS,
    Fault(
        "second-sigint",
        "A second Ctrl-C while LEAN is being ended",
        "LEAN and its container are killed at once, what finished is stored",
        "interrupted",
        130,
        "Resume it",
    ),
)
def test_an_impatient_user(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=10, LEAN_REPLAY_FAULT="ignore-sigint")
    bench.wait_for_results(2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    asked = time.time()
    done = bench.end(process)
    assert done.at - asked < 8  # the CLI would be given 10
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    SIGNALS,
    Fault(
        "two-signals",
        "Several signals in a row, as when a terminal is closed",
        "Within 0.3 seconds they are one request; the first one says the exit code; a later one ends LEAN at once",
        "interrupted",
        143,
        "Resume it",
    ),
)
def test_signals_in_a_row(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    """Two at once, as of a terminal that is closed, are one request; the first says what the exit code is."""
    process = bench.start(speed=10)
    bench.wait_for_results(2)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.15)  # what is sent at once comes in the order of its numbers
    for number in (signal.SIGHUP, signal.SIGINT):
        process.send_signal(number)
    done = bench.end(process)
    assert done.stderr.count("terminated") == 1
    assert bench.check(row, done) == undisturbed(bench)


@pytest.mark.parametrize("moment", range(_TRIES))
@fault(
    SIGNALS,
    Fault(
        "sigkill",
        "The runner is killed (SIGKILL, lack of memory)",
        "A small guard process ends LEAN and its container within 5 seconds; the next start imports what finished,"
        " and marks the run",
        "running",
        137,
        "Start any run, or resume it",
    ),
)
def test_a_killed_runner_is_recovered_by_the_next_start(
    row: Fault, moment: int, bench: Bench, undisturbed: Undisturbed
) -> None:
    count, seconds = moments(row.id, _TRIES)[moment]
    process = bench.start(speed=10)
    bench.wait_for(lambda: bench.run_row() is not None)
    bench.wait_for_results(count)
    time.sleep(seconds)
    killed = _end_of_killed(process)
    assert bench.left_over() == []  # which waits for five seconds at most
    assert bench.docker("ps", "-q") == ""
    _recovered(bench, row, killed)
    assert bench.go_on() == undisturbed(bench)


@fault_again("sigkill")
def test_a_killed_runner_of_a_larger_grid(
    row: Fault, database_url: str, unpacked: Unpack, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    bench = make_bench(tmp_path, database_url, unpacked("grid-72"), LARGER)
    process = bench.start("--config", bench.config, "--no-pilot", speed=40)
    bench.wait_for_results(8)
    _recovered(bench, row, _end_of_killed(process))
    assert 8 <= len(bench.stored()) < 24
    assert bench.go_on() == undisturbed(bench)
    end_all(bench)


@fault(
    SIGNALS,
    Fault(
        "machine-down",
        "Runner, LEAN and container are all gone at once",
        "The next start imports what finished, and marks the run",
        "running",
        137,
        "Start any run, or resume it",
    ),
)
def test_a_machine_that_went_down(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=10)
    bench.wait_for_results(2)
    family = psutil.Process(process.pid).children(recursive=True)
    killed = _end_of_killed(process)
    for member in family:
        member.kill()
    _recovered(bench, row, killed)
    assert bench.go_on() == undisturbed(bench)


@fault(
    SIGNALS,
    Fault(
        "pid-reused",
        "The killed runner's or LEAN's process number has gone to another program",
        "That program is left alone; the run is recovered all the same",
        "running",
        137,
        "Start any run, or resume it",
    ),
)
def test_a_program_that_got_the_number_of_a_dead_one_is_left_alone(
    row: Fault, bench: Bench, undisturbed: Undisturbed
) -> None:
    process = bench.start(speed=10)
    bench.wait_for_results(2)
    killed = _end_of_killed(process)
    bystander = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        note = bench.folder() / "lean-process.json"
        noted = json.loads(note.read_text(encoding="utf-8"))
        place, _, ticks = noted["token"].split()
        taken = {"pid": bystander.pid, "started_at": noted["started_at"] - 60}
        note.write_text(json.dumps(noted | taken | {"token": f"{place} {bystander.pid} {ticks}"}))
        bench.ask(
            "UPDATE optimization_runs SET runner_pid = %s, "
            "runner_started_at = runner_started_at - interval '1 minute', "
            "runner_token = split_part(runner_token, ' ', 1) || ' %s ' || split_part(runner_token, ' ', 3) "
            "RETURNING id",
            bystander.pid,
            bystander.pid,
        )
        _recovered(bench, row, killed)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert bench.go_on() == undisturbed(bench)
