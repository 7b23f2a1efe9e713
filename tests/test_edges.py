"""The edges of a user's world: terminals, names, sizes, full disks, programs that are none, odd files in a project."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fault_bench import LEAN, USERS, Fault, fault
from strategy_testing.console import shown_path
from strategy_testing.files import write_atomically
from strategy_testing.strategy.code_hash import hash_strategy
from strategy_testing.strategy.sources import read_project_sources
from strategy_testing.texts import in_markdown, printable, storable, storable_parts
from support import PROJECT, ScriptResult, make_project, processes_of, write_config

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]

_SCRIPTS = PROJECT / "scripts"
_STAND_IN = PROJECT / "tests" / "replay" / "bin" / "lean"
_STRATEGY = "RSI_MeanReversion_ETF"
_LOOKBACK = "    rsi_lookback: {start: 10, end: 14, step: 2}\n"
_ARGUMENTS = ("--force", "--no-pilot")


@pytest.fixture
def config(workspace: Path, tmp_path: Path) -> Path:
    """Of a run of three backtests, which `dead-parameter` replays."""
    make_project(workspace, _STRATEGY)
    return write_config(tmp_path / "c.yaml", _STRATEGY, _LOOKBACK, criteria="min_trades: 1")


def _shell(command: str, database_url: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command as a user types it, in which $PY is Python."""
    return subprocess.run(
        ["/bin/bash", "-c", command],
        env=os.environ | {"PY": sys.executable, "DATABASE_URL": database_url} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _replay(lean: Path, recording: Path, home: Path) -> dict[str, str]:
    """The environment in which a program that leads to the stand-in replays a recording."""
    return {
        "LEAN_COMMAND": str(lean),
        "REPLAY_PYTHON": sys.executable,
        "LEAN_REPLAY_RECORDING": str(recording),
        "LEAN_REPLAY_SPEED": "200",
        "LEAN_REPLAY_STATE": str(home / "state"),
    }


# Terminals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("streams", [">&- 2>&-", "2>&-", ">/dev/full 2>/dev/full", "2>&1 | head -1 >/dev/null"])
def test_output_that_nobody_takes_stops_no_import(
    streams: str, database_url: str, ask: Ask, unpacked: Callable[[str], Path], tmp_path: Path
) -> None:
    output = unpacked("dead-parameter") / "output"
    script = _SCRIPTS / "results_importer.py"
    command = f"set -o pipefail; $PY {script} --optimization-dir {output} --leaderboard board.md {streams}"
    done = _shell(command, database_url, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert ask("SELECT status, completed_combinations FROM optimization_runs") == [
        {"status": "completed", "completed_combinations": 3}
    ]
    assert (tmp_path / "board.md").is_file()


def test_no_file_of_ours_takes_the_place_of_a_closed_stream(database_url: str, tmp_path: Path) -> None:
    code = "import os; from strategy_testing.console import keep_streams_open; keep_streams_open(); "
    code += "raise SystemExit(os.open(os.devnull, os.O_RDONLY))"
    done = _shell(f'$PY -c "{code}" <&- >&- 2>&-; echo $?', database_url, tmp_path, PYTHONPATH=str(_SCRIPTS))
    assert done.stdout == "3\n"


def test_help_that_is_cut_off_is_no_failure(database_url: str, tmp_path: Path) -> None:
    command = f"$PY {_SCRIPTS / 'optimize_runner.py'} --help | true; echo ${{PIPESTATUS[0]}}"
    done = _shell(command, database_url, tmp_path)
    assert (done.stdout, done.stderr) == ("0\n", "")


@fault(
    USERS,
    Fault(
        "terminal-gone",
        "Nobody reads what the runner prints any more: a closed terminal, `| head`",
        "What it prints is lost; the run goes on",
        "completed",
        0,
        "Nothing",
    ),
)
def test_a_run_goes_on_when_the_terminal_has_gone(
    row: Fault,
    config: Path,
    workspace: Path,
    database_url: str,
    ask: Ask,
    unpacked: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    """As when a pipe's reader ends in mid-run."""
    command = (
        f"set -o pipefail; $PY {_SCRIPTS / 'optimize_runner.py'} --config {config} --workspace {workspace} --cold "
        f"--leaderboard board.md {' '.join(_ARGUMENTS)} 2>&1 | head -2 >/dev/null"
    )
    done = _shell(command, database_url, tmp_path, **_replay(_STAND_IN, unpacked("dead-parameter"), tmp_path))
    assert (done.returncode, done.stderr) == (row.exit_code, "")
    assert ask("SELECT status FROM optimization_runs") == [{"status": row.status}]


def test_an_ascii_terminal_gets_ascii(replayed: Run, config: Path, workspace: Path, tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    path = f"{_STAND_IN.parent}{os.pathsep}{os.environ['PATH']}"
    done = replayed("dead-parameter", config, "--check", env={**ascii_only, "PATH": path})
    assert "+ config: " in done.stdout
    assert done.stdout.isascii()
    assert done.stderr.isascii()


def test_warnings_as_errors_stop_nothing(replayed: Run, config: Path) -> None:
    done = replayed("dead-parameter", config, *_ARGUMENTS, env={"PYTHONWARNINGS": "error"})
    assert (done.last_line[:16], done.exit_code) == ("3 runs complete,", 0)


def test_a_deleted_working_folder_is_named(database_url: str, tmp_path: Path, config: Path, workspace: Path) -> None:
    (tmp_path / "gone").mkdir()
    runner = f"$PY {_SCRIPTS / 'optimize_runner.py'} --config {config} --workspace {workspace} --dry-run"
    done = _shell(f"cd gone && rmdir ../gone && {runner}", database_url, tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "the folder in which this was started has been deleted; change to another one" in done.stderr


# Names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "printed", "in_table"),
    [
        ("\x1b[31mred\x1b[0m\r\x07", "red", "red"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a | b\n# c", "a | b\n# c", r"a \| b # c"),
        ("[x](http://y) `z`", "[x](http://y) `z`", r"\[x](http://y) 'z'"),
        ("a\u202egpj.exe\u2066 \u05d0\u05d1", "agpj.exe \u05d0\u05d1", "agpj.exe \u05d0\u05d1"),
        ("zero\x00 half\udce9", "zero half?", "zero half?"),
    ],
)
def test_names_reach_people_as_text_and_nothing_else(text: str, printed: str, in_table: str) -> None:
    assert (printable(text), in_markdown(text)) == (printed, in_table)


def test_a_long_text_is_cut_and_says_so_and_a_deep_one_is_left_out() -> None:
    cut = storable("a" * 200, most=100)
    assert cut == "a" * 60 + "… (140 characters more)"
    assert storable(cut, most=100) == cut
    deep: Any = "bottom"
    for _ in range(400):
        deep = {"a\x00": [deep]}
    assert storable_parts({"deep": deep, "flat\ud800": ("x\x00", 1)})["flat?"] == ("x", 1)
    assert "bottom" not in str(storable_parts(deep))


def test_names_of_results_are_harmless_in_the_leaderboard_and_in_the_terminal(
    run_script: Run, recording: Callable[[str], Path], tmp_path: Path, ask: Ask
) -> None:
    output = recording("dead-parameter") / "output"
    name = "<script>|\x1b[31m\n# Owned"
    done = run_script("results_importer.py", "--optimization-dir", output, "--strategy", name)
    assert done.exit_code == 0
    board = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert "<script>" not in board
    assert "\x1b" not in board + done.stdout + done.stderr
    assert r"&lt;script>\| # Owned" in board
    assert ask("SELECT name FROM strategies") == [{"name": name}]


@pytest.mark.parametrize("escape", [r"\0", r"\ud800"])
def test_a_config_with_characters_that_cannot_be_stored_is_refused(escape: str, run_script: Run, config: Path) -> None:
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("strategy: {", f'strategy: {{description: "a{escape}b", '), encoding="utf-8")
    done = run_script("optimize_runner.py", "--config", config, "--dry-run")
    assert done.exit_code == 2
    assert "strategy.description: holds a zero character or half a character, which cannot be stored" in done.stderr


# Sizes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        (
            "".join(f"    p{i}: {{start: 1, end: 10000, step: 1}}\n" for i in range(3)),
            "these are 1,000,000,000,000 combinations, more than 1,000,000, which no machine would finish",
        ),
        ("    p: {start: 0, end: 1, step: 0.000000000001}\n", "p has 1,000,000,000,001 values, more than 1,000,000"),
        ("    p: {start: 1, end: 10000000, step: 1}\n", "p has 10,000,000 values, more than 1,000,000"),
    ],
)
@pytest.mark.parametrize("option", ["--dry-run", "--check", "--estimate"])
def test_what_no_machine_would_finish_is_refused_at_once(
    parameters: str, refusal: str, option: str, run_script: Run, workspace: Path, tmp_path: Path
) -> None:
    make_project(workspace, "S")
    config = write_config(tmp_path / "c.yaml", "S", parameters)
    done = run_script("optimize_runner.py", "--config", config, "--workspace", workspace, option, timeout=30)
    assert done.exit_code == 2
    assert refusal in done.stderr + done.stdout


def test_three_thousand_listed_values_are_one_command(run_script: Run, workspace: Path, tmp_path: Path) -> None:
    make_project(workspace, "S")
    listed = ", ".join(str(i * i) for i in range(3000))
    config = write_config(tmp_path / "c.yaml", "S", f"    p: {{values: [{listed}]}}\n    q: {{values: [1, 5, 7]}}\n")
    done = run_script("optimize_runner.py", "--config", config, "--workspace", workspace, "--dry-run", timeout=60)
    assert done.exit_code == 0
    assert "--parameter combination 0 8999 1" in done.stdout


def test_a_config_of_millions_of_values_is_refused_unread(run_script: Run, config: Path) -> None:
    listed = ", ".join(map(str, range(200_000)))
    config.write_text(config.read_text(encoding="utf-8") + f"notes: [{listed}]\n", encoding="utf-8")
    done = run_script("optimize_runner.py", "--config", config, "--dry-run", timeout=30)
    assert done.exit_code == 2
    assert "has more than 500,000 characters" in done.stderr


# Disks and files -----------------------------------------------------------------------------------------------------


@fault(
    LEAN,
    Fault(
        "disk-full-at-ours",
        "The disk is full when a file of the runner itself is written",
        "Named; what LEAN finished is stored, and no run is left as running",
        None,
        22,
        "Make room; run again",
    ),
)
@pytest.mark.parametrize("most_bytes", [0, 300, 600, 900])
def test_a_disk_that_is_full_at_any_file_of_ours_ends_the_run_with_a_message(
    row: Fault,
    most_bytes: int,
    config: Path,
    workspace: Path,
    database_url: str,
    ask: Ask,
    unpacked: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    """A limit of bytes for each of our files stands in for it, beyond which writing fails; LEAN has none."""
    program = tmp_path / "lean"
    program.write_text(f'#!/bin/bash\nulimit -S -f unlimited\nexec {_STAND_IN} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    limited = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({most_bytes}, -1)); "
    limited += "os.execvp(sys.argv[1], sys.argv[1:])"
    command = (
        f"exec $PY -c '{limited}' $PY {_SCRIPTS / 'optimize_runner.py'} --config {config} --workspace {workspace} "
        f"--cold --leaderboard {workspace / 'board.md'} {' '.join(_ARGUMENTS)}"
    )
    replay = _replay(program, unpacked("dead-parameter"), tmp_path)
    done = _shell(command, database_url, tmp_path, PYTHONDONTWRITEBYTECODE="1", **replay)
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode, "File too large" in done.stderr) == (row.exit_code, True), done.stderr
    assert ask("SELECT 1 FROM optimization_runs WHERE status = 'running'") == []
    assert not processes_of(workspace)


def test_a_leaderboard_that_is_a_link_or_a_device_stays_one(tmp_path: Path) -> None:
    target, link, fifo = tmp_path / "board.md", tmp_path / "link.md", tmp_path / "fifo"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    write_atomically(link, "new")
    assert (link.is_symlink(), target.read_text(encoding="utf-8")) == (True, "new")
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(fifo, "new")
    assert os.read(reader, 9) == b"new"
    os.close(reader)
    with pytest.raises(OSError, match="No such device"):  # nobody reads it, and nobody waits
        write_atomically(fifo, "new")
    assert fifo.is_fifo()


def test_odd_files_of_a_project_are_passed_over(workspace: Path) -> None:
    project = make_project(workspace, "S")
    before = hash_strategy(project, workspace)
    (project / ".#main.py").symlink_to("user@host.1234:5678")
    os.mkfifo(project / "pipe.py")
    (project / "gone.csv").symlink_to("nowhere")
    assert hash_strategy(project, workspace) == before
    sources = read_project_sources(project, workspace)
    assert (list(sources.texts), sources.unreadable) == (["main.py"], ())
    Path(os.fsdecode(os.fsencode(project) + b"/caf\xe9.csv")).write_text("1", encoding="utf-8")
    assert hash_strategy(project, workspace) != before


# Programs ------------------------------------------------------------------------------------------------------------


@fault(
    LEAN,
    Fault(
        "lean-is-no-program",
        "`lean` cannot be started: it is no program, or the interpreter of its first line is gone",
        "The message says which",
        "failed",
        10,
        "Install the CLI anew, or name it in `LEAN_COMMAND`; resume it",
    ),
)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("#!/no/such/interpreter\n", "cannot be started: No such file or directory"),
        ("\x00\x01\x02", "cannot be started: Exec format error"),
    ],
)
def test_a_lean_that_is_no_program_is_named(
    row: Fault, content: str, said: str, replayed: Run, config: Path, tmp_path: Path, ask: Ask
) -> None:
    program = tmp_path / "lean"
    program.write_text(content, encoding="utf-8")
    program.chmod(0o755)
    done = replayed("dead-parameter", config, *_ARGUMENTS, env={"LEAN_COMMAND": str(program)})
    assert done.exit_code == row.exit_code
    assert said in done.stderr
    assert ask("SELECT status FROM optimization_runs") == [{"status": row.status}]


def test_an_open_quote_in_lean_command_is_named(replayed: Run, config: Path) -> None:
    done = replayed("dead-parameter", config, env={"LEAN_COMMAND": "lean 'x"})
    assert (done.exit_code, "LEAN_COMMAND cannot be read: No closing quotation" in done.stderr) == (2, True)


@fault(
    LEAN,
    Fault(
        "left-running",
        "A program that `lean` has started runs on when it ends",
        "It is ended",
        "completed",
        0,
        "Nothing",
    ),
)
def test_what_lean_leaves_running_in_its_group_is_ended(
    row: Fault, replayed: Run, config: Path, workspace: Path, tmp_path: Path
) -> None:
    program = tmp_path / "lean"
    program.write_text(f'#!/bin/sh\ncd "{workspace}"\nsleep 1000 </dev/null >/dev/null 2>&1 &\nexec {_STAND_IN} "$@"\n')
    program.chmod(0o755)
    done = replayed("dead-parameter", config, *_ARGUMENTS, env={"LEAN_COMMAND": str(program)})
    assert done.exit_code == row.exit_code
    assert not processes_of(workspace)


# What is lost --------------------------------------------------------------------------------------------------------


@fault(
    LEAN,
    Fault(
        "manifest-lost",
        "The run's `run-manifest.json` is lost or empty",
        "It is known again by its backtests; nothing is stored twice",
        "completed",
        0,
        "Nothing",
    ),
)
def test_a_run_whose_manifest_is_lost_is_known_by_its_backtests(
    row: Fault, replayed: Run, run_script: Run, config: Path, workspace: Path, ask: Ask
) -> None:
    assert replayed("dead-parameter", config, *_ARGUMENTS).exit_code == 0
    before = ask("SELECT run_uuid, status FROM optimization_runs")
    (manifest,) = workspace.glob(".optimization/*/*/run-manifest.json")
    manifest.unlink()
    assert run_script("results_importer.py", "--optimization-dir", manifest.parent).exit_code == row.exit_code
    assert before[0]["status"] == row.status
    assert ask("SELECT run_uuid, status FROM optimization_runs") == before
    assert ask("SELECT count(*) AS n FROM backtest_results") == [{"n": 3}]


def test_what_is_damaged_in_a_manifest_is_left_out_and_named(
    replayed: Run, run_script: Run, config: Path, workspace: Path, ask: Ask
) -> None:
    assert replayed("dead-parameter", config, *_ARGUMENTS).exit_code == 0
    stored = ask("SELECT run_uuid, total_combinations, status FROM optimization_runs")
    (manifest,) = workspace.glob(".optimization/*/*/run-manifest.json")
    damaged = {"total_combinations": "x", "target_direction": "up", "engine_checked": -1, "parts": ["gone"]}
    document = json.loads(manifest.read_text(encoding="utf-8")) | damaged
    manifest.write_text(json.dumps(document), encoding="utf-8")
    done = run_script("results_importer.py", "--optimization-dir", manifest.parent)
    assert (done.last_line[:15], done.exit_code) == ("3 runs complete", 0)
    named = re.search(r"not imported: run-manifest.json: (.*) cannot be read and are left out", done.stderr)
    assert named is not None
    assert set(named[1].split(", ")) == damaged.keys() - {"parts"}
    assert ask("SELECT run_uuid, total_combinations, status FROM optimization_runs") == stored
    shutil.copytree(manifest.parent, manifest.parent / "again")
    manifest.write_text(json.dumps(document | {"parts": [".", "again"]}), encoding="utf-8")
    twice = run_script("results_importer.py", "--optimization-dir", manifest.parent)
    assert twice.stderr.count("is a second result of a backtest that has one already") == 3
    assert ask("SELECT count(*) AS n FROM backtest_results") == [{"n": 3}]


def test_messages_that_make_patterns_explode_do_not(run_script: Run, recording: Callable[[str], Path]) -> None:
    folder = recording("interrupted")
    explosive = "*** File x" + "\n" * 60_000 + "*** File " * 5000 + "Error: " + "Error " * 20_000
    (folder / "output" / "lean-output.txt").write_text(explosive, encoding="utf-8")
    done = run_script("results_importer.py", "--optimization-dir", folder / "output", timeout=60)
    assert done.exit_code in (4, 21), done


def test_a_path_is_shown_whatever_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert re.search("board.md$", shown_path(tmp_path / "board.md"))
