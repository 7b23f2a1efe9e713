"""LEAN, its files and Docker are broken, each in its way: what the runner does then is in docs/FAULTS.md."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from psycopg2.extensions import make_dsn

from fault_bench import (  # noqa: F401
    DATABASE,
    FAULTS,
    LEAN,
    STAND_INS,
    TABLE,
    Bench,
    Done,
    Fault,
    Undisturbed,
    Unpack,
    administer,
    end_all,
    fault,
    fixture_bench,
    fixture_undisturbed,
    give_back,
    import_as_told,
    make_bench,
    table_of,
    take_away,
)
from strategy_testing.errors import ExitCode

_SECONDS = 10
"""In which a fault that is known ends a run, on a machine that has much else to do."""


def _lean(bench: Bench, script: str) -> str:
    """A program in place of `lean`; $REAL is the stand-in, $OUT the output folder."""
    program = bench.home / "broken-lean"
    find = 'for word; do [ "$last" = --output ] && OUT=$word; last=$word; done\n'
    program.write_text(f"#!/bin/sh\nREAL={STAND_INS / 'lean'}\n{find}{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def _limit(bench: Bench, limit: str) -> None:
    text = bench.config.read_text(encoding="utf-8")
    bench.config.write_text(text.replace("lean: {", f"lean: {{{limit}, "), encoding="utf-8")


def _unlimited(bench: Bench, limit: str) -> None:
    """The run goes on with its own copy of the config; a loaded machine may be slower than a limit made for a test."""
    copy = bench.folder() / "optimization.yaml"
    text = copy.read_text(encoding="utf-8")
    assert limit in text
    copy.write_text(text.replace(limit, f"{limit.partition(':')[0]}: 5"), encoding="utf-8")


def test_the_document_has_the_table_of_the_faults_that_are_tested() -> None:
    """With REWRITE_DOCS in the environment it is written; read the diff then."""
    # Their faults are known when they are imported; running one module alone knows only its own.
    import test_edges  # noqa: F401, PLC0415
    import test_faults_database  # noqa: F401, PLC0415
    import test_faults_signals  # noqa: F401, PLC0415
    import test_gates  # noqa: F401, PLC0415
    import test_owner  # noqa: F401, PLC0415
    import test_resuming  # noqa: F401, PLC0415
    import test_unreadable  # noqa: F401, PLC0415

    document = TABLE.read_text(encoding="utf-8")
    for section in dict.fromkeys(section for section, _ in FAULTS.values()):
        quoted = re.search(rf"(?<=^## {re.escape(section)}\n\n)(\|.*\n)+", document, re.MULTILINE)
        assert quoted is not None, section
        if os.environ.get("REWRITE_DOCS"):
            document = document.replace(quoted[0], table_of(section), 1)
            TABLE.write_text(document, encoding="utf-8")
        else:
            assert quoted[0] == table_of(section)
    faults = [each for _, each in FAULTS.values()]
    known = {int(code) for code in ExitCode}
    assert {each.exit_code for each in faults} <= known | {137}
    assert {each.status for each in faults} <= {None, "completed", "partial", "failed", "interrupted", "running"}


@pytest.fixture(scope="module", autouse=True)
def lasting_outage(
    postgres_server: str, template_database: str, tmp_path_factory: pytest.TempPathFactory, unpacked: Unpack
) -> Iterator[Callable[[], tuple[Bench, Done]]]:
    """A run whose database goes away for good; it waits a minute for it, during which the other tests run."""
    name = f"outage_{time.time_ns()}"
    administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    bench = make_bench(tmp_path_factory.mktemp("outage"), make_dsn(postgres_server, dbname=name), unpacked("grid-72"))
    process = bench.start(speed=40)
    bench.wait_for(lambda: len(bench.stored()) >= 2)
    take_away(bench, postgres_server)
    yield lambda: (bench, bench.end(process))
    end_all(bench)
    administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@fault(
    LEAN,
    Fault(
        "no-lean",
        "There is no program `lean`",
        "Reported before anything is written",
        None,
        10,
        "Install it, or name it in `LEAN_COMMAND`; run again",
    ),
)
def test_no_lean(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    done = bench.run(LEAN_COMMAND="lean-that-is-not-there")
    assert "install the CLI with `pip install lean`" in done.stderr
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "no-docker",
        "Docker does not run",
        "LEAN refuses; its words become the message",
        "failed",
        11,
        "Start Docker; resume it",
    ),
    Fault(
        "no-image",
        "The engine's image cannot be pulled",
        "LEAN refuses; the message names the image",
        "failed",
        12,
        "Check `lean.image` and the network; resume it",
    ),
)
def test_no_docker_or_image(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    done = bench.run(DOCKER_STAND_IN={"no-docker": "down", "no-image": "no-image"}[row.id])
    assert "Docker does not answer" in done.stderr or "cannot be pulled" in done.stderr
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "no-lean-json",
        "The workspace has no `lean.json`",
        "LEAN refuses",
        "failed",
        13,
        "Run `lean init`, or name the right workspace; resume it",
    ),
)
def test_no_lean_json(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    file = bench.workspace / "lean.json"
    file.rename(bench.home / "put-away.json")
    done = bench.run()
    assert "the workspace has no lean.json; run `lean init`" in done.stderr
    (bench.home / "put-away.json").rename(file)
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "no-project",
        "The workspace has no such strategy",
        "Reported before anything is written",
        None,
        14,
        "Check `strategy.lean_project_path`; run again",
    ),
)
def test_no_project(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    project = bench.workspace / "RSI_MeanReversion_ETF"
    project.rename(bench.home / "elsewhere")
    done = bench.run()
    assert f"{project}: no such LEAN project" in done.stderr
    (bench.home / "elsewhere").rename(project)
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "does-not-compile",
        "LEAN finds that the strategy does not compile",
        "The message quotes file and line",
        "failed",
        15,
        "Fix the strategy; run again",
    ),
)
def test_lean_finds_that_the_strategy_does_not_compile(
    row: Fault, bench: Bench, undisturbed: Undisturbed, unpacked: Unpack
) -> None:
    done = bench.run(LEAN_REPLAY_RECORDING=str(unpacked("broken")), LEAN_REPLAY_ANY="1")
    assert 'the strategy does not compile: File "/LeanCLI/main.py", line 8' in done.stderr
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "start-min-above-max",
        "LEAN's optimizer cannot start (a range that is upside down) and waits for ever",
        "Ended within seconds of the line in its log",
        "failed",
        16,
        "Fix the config; run again",
    ),
    Fault(
        "start-step-zero",
        "The same, for a step of 0",
        "The same",
        "failed",
        16,
        "Fix the config; run again",
    ),
)
def test_an_optimizer_that_cannot_start_is_reported_at_once(
    row: Fault, bench: Bench, undisturbed: Undisturbed, unpacked: Unpack
) -> None:
    recording = unpacked({"start-min-above-max": "minmax", "start-step-zero": "step-zero"}[row.id])
    done = bench.run(LEAN_REPLAY_RECORDING=str(recording), LEAN_REPLAY_ANY="1")
    log = bench.folder() / "log.txt"
    assert "ERROR:: Program.Main():" in log.read_text(encoding="utf-8")
    assert done.at - log.stat().st_mtime < _SECONDS
    assert "LEAN's optimizer could not start: System.ArgumentException" in done.stderr
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "hang",
        "LEAN stops in mid-run and waits",
        "Ended after `lean.stall_minutes` without a new line or byte",
        "partial",
        18,
        "Read the end of `lean-output.txt`; resume it",
    ),
)
def test_a_hang_is_ended_and_what_finished_is_kept(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    _limit(bench, "stall_minutes: 0.1")
    done = bench.run(LEAN_REPLAY_FAULT="hang-after=3")
    last = max(file.stat().st_mtime for file in bench.folder().glob("*-*-*-*-*/*"))
    assert 6 <= done.at - last < 6 + _SECONDS
    assert "LEAN has stalled: nothing new for 0.1 minutes" in done.stderr
    assert len(bench.stored()) >= 3
    _unlimited(bench, "stall_minutes: 0.1")
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "silence",
        "LEAN does nothing from the start",
        "The same",
        "failed",
        18,
        "Run `lean` by hand to see what it waits for; resume it",
    ),
)
def test_a_lean_that_does_nothing_at_all_is_ended(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    _limit(bench, "stall_minutes: 0.02")
    started = time.time()
    done = bench.run(LEAN_COMMAND=_lean(bench, "exec sleep 600"))
    assert done.at - started < 1.2 + _SECONDS
    _unlimited(bench, "stall_minutes: 0.02")
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "hang-in-step",
        "A strategy never returns from a bar, while LEAN itself writes a line a minute on it",
        "Ended after `lean.stall_minutes` in which no backtest began, moved or finished; the message names the "
        "backtest and how long it has been in that step",
        "partial",
        18,
        "Look for a loop without an end in the strategy; run again",
    ),
)
def test_a_strategy_that_never_returns_from_a_bar_is_ended(
    row: Fault, database_url: str, unpacked: Unpack, tmp_path: Path
) -> None:
    """LEAN writes a line a minute into that backtest's log, here one a second."""
    bench = make_bench(tmp_path, database_url, unpacked("hang-in-step"), "    level: {start: 1, end: 3, step: 1}\n")
    _limit(bench, "stall_minutes: 0.05")
    done = bench.run(speed=60, LEAN_REPLAY_ANY="1")
    assert re.search(
        r"LEAN has stalled: nothing new for 0\.05 minutes: backtest 791b74eb \(.*level=2.*\) "
        r"has been in one step for [2-7] min 56 s; look for a loop without an end",
        done.stderr,
    ), done.stderr
    assert len(bench.stored()) == 2
    bench.check(row, done, is_resumed=False)


@fault(
    LEAN,
    Fault(
        "time-limit",
        "The run takes longer than `lean.timeout_minutes`",
        "Ended",
        "partial",
        19,
        "Resume it: the limit counts anew each time; or raise it before the next run",
    ),
)
def test_the_time_limit_ends_a_run(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    _limit(bench, "timeout_minutes: 0.1")
    started = time.time()
    done = bench.run(speed=6)
    assert done.at - started < 6 + _SECONDS
    assert "the time limit of 0.1 minutes has passed; raise lean.timeout_minutes" in done.stderr
    assert 0 < len(bench.stored()) < 6
    _unlimited(bench, "timeout_minutes: 0.1")
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "all-crashed",
        "Every backtest crashes, though LEAN calls that a success",
        "Each is stored as failed, with its error",
        "failed",
        17,
        "Fix the strategy; run again",
    ),
)
def test_every_backtest_crashed(
    row: Fault, database_url: str, unpacked: Unpack, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    bench = make_bench(tmp_path, database_url, unpacked("init-fail"), "    a: {start: 1, end: 2, step: 1}\n")
    done = bench.run()
    assert "2 of 2 backtests failed" in done.stderr
    assert bench.check(row, done) == undisturbed(bench)
    assert {result["status"] for result in bench.ask("SELECT status FROM backtest_results")} == {"failed"}


@fault(
    LEAN,
    Fault(
        "some-crashed",
        "Some backtests crash",
        "These are stored as failed and never pass",
        "partial",
        4,
        "Fix the strategy; or `--resume --retry-failed`",
    ),
)
def test_some_backtests_crashed(
    row: Fault, database_url: str, unpacked: Unpack, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    bench = make_bench(tmp_path, database_url, unpacked("crashy"), "    lookback: {start: 2, end: 7, step: 1}\n")
    done = bench.run()
    assert "3 of 6 backtests failed" in done.stderr
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "target-not-reached",
        'No combination meets the constraints: LEAN says "Result was not reached"',
        "All are stored and judged",
        "completed",
        0,
        "Nothing; a combination that breaks a constraint does not pass",
    ),
)
def test_no_combination_meets_the_constraint(
    row: Fault, database_url: str, unpacked: Unpack, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    bench = make_bench(tmp_path, database_url, unpacked("grid-72"), constraint="Drawdown < 0.0001")
    done = bench.run()
    assert "Result was not reached" in (bench.folder() / "log.txt").read_text(encoding="utf-8")
    assert len(bench.check(row, done)) == 6
    assert bench.results(1) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "container-died",
        "The container dies in mid-run, as for lack of memory",
        "What finished is stored",
        "partial",
        21,
        "Look for what killed it; resume it",
    ),
)
def test_a_container_that_dies(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    done = bench.run(LEAN_REPLAY_FAULT="kill-container-after=3")
    assert "LEAN stopped before the optimization had ended (exit code 1)" in done.stderr
    assert len(bench.stored()) >= 3
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "docker-kill",
        "Somebody kills the container",
        "The same",
        "partial",
        21,
        "Resume it",
    ),
)
def test_docker_kill_in_mid_run(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=12)
    bench.wait_for_results(2)
    bench.docker("kill", bench.docker("ps", "--format", "{{.Names}}"))
    done = bench.end(process)
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "lean-killed",
        "The `lean` command is killed, which leaves its container running",
        "The container is ended by its name",
        "partial",
        21,
        "Resume it",
    ),
)
def test_a_killed_lean_leaves_no_container(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=12)
    bench.wait_for_results(2)
    children = psutil.Process(process.pid).children()
    next(child for child in children if "optimize" in child.cmdline()).kill()  # a guard stands beside it
    done = bench.end(process)
    assert bench.docker("ps", "-q") == ""
    assert "LEAN stopped before the optimization had ended (exit code -9)" in done.stderr
    assert len(bench.stored()) < 6
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "deaf-lean",
        "The runner is asked to end (SIGTERM), and `lean` does not react",
        "After 5 seconds the container is killed, after 5 more `lean`",
        "interrupted",
        143,
        "Resume it",
    ),
)
def test_a_lean_that_is_deaf_to_sigint_is_ended(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=4, LEAN_REPLAY_FAULT="ignore-sigint")
    bench.wait_for_results(2)
    process.send_signal(signal.SIGTERM)
    asked = time.time()
    done = bench.end(process)
    assert done.at - asked < 15
    assert bench.docker("ps", "-q") == ""
    assert bench.check(row, done) == undisturbed(bench)


@pytest.mark.parametrize("cut", ["0", "1", "half", "last"])
@fault(
    LEAN,
    Fault(
        "truncated",
        "A result's file is cut off, at any byte",
        "It is no result: named in `import_problems`; the rest is stored",
        "partial",
        4,
        "Resume it",
    ),
)
def test_a_truncated_result(row: Fault, cut: str, bench: Bench, undisturbed: Undisturbed) -> None:
    whole = min(file.stat().st_size for file in bench.recording.glob("output/*/*.json") if _is_result(file))
    size = {"0": 0, "1": 1, "half": whole // 2, "last": -1}[cut]
    if size < 0:
        # Which backtest ends second is the recording's secret, and so is its size; a whole first run tells.
        bench.run()
        second = sorted(filter(_is_result, bench.folder().glob("*/*.json")), key=lambda file: file.stat().st_mtime)[1]
        size = second.stat().st_size - 1
        bench.ask("DELETE FROM optimization_runs RETURNING id")
        bench.folder().rename(bench.home / "whole")
    done = bench.run("--config", bench.config, "--fresh", LEAN_REPLAY_FAULT=f"truncate=2:{size}")
    assert "1 backtest has no usable result" in done.stderr
    assert len(bench.stored()) == 5
    run = bench.run_row()
    assert run is not None
    assert len(run["import_problems"]) == 1
    assert "truncated after" in run["import_problems"][0]
    assert bench.check(row, done) == undisturbed(bench)


def _is_result(file: Path) -> bool:
    return file.stem == file.parent.name


@fault(
    LEAN,
    Fault(
        "log-unreadable",
        "`log.txt` cannot be read",
        "The run is followed by the backtests' files",
        "completed",
        0,
        "Nothing",
    ),
)
def test_without_its_log_a_run_is_followed_by_its_files(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    _limit(bench, "stall_minutes: 0.08")
    lean = _lean(bench, 'mkdir -p "$OUT"; ln -s /dev/null "$OUT/log.txt"; exec "$REAL" "$@"')
    process = bench.start(speed=6, LEAN_COMMAND=lean)
    bench.wait_for_results(3)
    bench.wait_for(lambda: len(bench.stored()) >= 2)
    assert process.poll() is None
    assert bench.check(row, bench.end(process)) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "log-removed",
        "`log.txt` is removed in mid-run",
        "The same",
        "completed",
        0,
        "Nothing",
    ),
)
def test_a_log_that_is_removed_in_mid_run(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    process = bench.start(speed=40)
    bench.wait_for_results(2)
    (bench.folder() / "log.txt").unlink()
    assert bench.check(row, bench.end(process)) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "disk-full",
        "The disk is full when LEAN writes its first result",
        "The half file is no result; the run ends",
        "failed",
        22,
        "Remove old runs below `.optimization/`; resume it",
    ),
)
def test_a_full_disk(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    # No file may pass 1 MB, so that writing a result breaks off as on a full disk, for every user.
    said = "No space left on device : '/Results/result.json'"
    done = bench.run(LEAN_COMMAND=_lean(bench, f'(ulimit -f 1024; "$REAL" "$@") || {{ echo "{said}"; exit 1; }}'))
    assert "the disk is full; free some space" in done.stderr
    assert any(bench.folder().glob("*/*.json"))
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "disk-full-later",
        "The disk fills up later",
        "What is whole is stored",
        "partial",
        22,
        "Remove old runs below `.optimization/`; resume it",
    ),
)
def test_a_disk_that_fills_up_late(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    said = "No space left on device : '/Results/result.json'"
    lean = _lean(bench, f'"$REAL" "$@" || {{ echo "{said}"; exit 1; }}')
    done = bench.run(LEAN_COMMAND=lean, LEAN_REPLAY_FAULT="kill-container-after=3")
    assert len(bench.stored()) >= 3
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "lean-refuses",
        "`lean` ends with a message of its own",
        "The message is quoted",
        "failed",
        20,
        "Fix what it names; resume it",
    ),
)
def test_a_lean_that_ends_with_a_message_of_its_own(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    done = bench.run(LEAN_COMMAND=_lean(bench, "echo 'Error: the key is not valid'; exit 1"))
    assert "lean refused to run: the key is not valid" in done.stderr
    assert bench.check(row, done) == undisturbed(bench)


@fault(
    LEAN,
    Fault(
        "two-runners",
        "Two runners work side by side on one workspace and database",
        "Neither touches the other's run",
        "completed",
        0,
        "Nothing",
    ),
)
def test_two_runners_side_by_side(row: Fault, bench: Bench, undisturbed: Undisturbed) -> None:
    one = bench.start("--config", bench.config, "--fresh", speed=40)
    two = bench.start("--config", bench.config, "--fresh", speed=40)
    first, second = bench.end(one), bench.end(two)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "left behind" not in first.stderr + second.stderr
    runs = bench.ask("SELECT id, output_folder, status FROM optimization_runs ORDER BY id")
    assert len({run["output_folder"] for run in runs}) == 2
    assert [run["status"] for run in runs] == ["completed", "completed"]
    assert bench.results(runs[0]["id"]) == bench.results(runs[1]["id"]) == undisturbed(bench)
    bench.check(row, first)


@fault(
    DATABASE,
    Fault(
        "database-away-at-end",
        "It goes away and stays away",
        "After LEAN's end it is tried for a minute; the results are on disk, and the message has the command that "
        "imports them",
        "running",
        7,
        "When it is back, run that command",
    ),
)
def test_away_for_good(
    row: Fault,
    lasting_outage: Callable[[], tuple[Bench, Done]],
    postgres_server: str,
    undisturbed: Undisturbed,
) -> None:
    bench, done = lasting_outage()
    give_back(bench, postgres_server)
    import_as_told(bench, row, done)
    assert bench.results(1) == undisturbed(bench)


def test_the_descriptions_name_no_environment_of_the_tests() -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert not re.search(r"REPLAY|stand-in", text)
    assert os.environ.get("HOME", "/root") not in text
