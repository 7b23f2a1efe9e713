"""The stand-ins for lean and docker behave as the real ones did when they were recorded."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parent
RECORDINGS = TESTS / "recordings"
BIN = TESTS / "replay" / "bin"
PROJECTS = (
    "Statistical_Pairs_Trading",
    "Crashy",
    "Idle",
    "RSI_MeanReversion_ETF",
    "Broken",
    "InitFail",
    "Quick",
    "Bollinger_ETF",
    "P",
)
GRID = ["--strategy", "Grid Search", "--target", "Sharpe Ratio", "--target-direction", "max"]
CRASHY = [
    *["optimize", "Crashy", "--output", "out", *GRID, "--constraint", "Drawdown < 0.15"],
    *["--max-concurrent-backtests", "2", "--image", "local/lean:3", "--no-update"],
]
ALL_SIX = [*CRASHY, "--parameter", "lookback", "2", "7", "1"]
WRITTEN_ANEW = {"config", "optimizer-config.json", "code/main.py"}
NAMES = sorted(path.name.removesuffix(".tar.xz") for path in RECORDINGS.glob("*.tar.xz"))
# What no-prices printed belongs to another part of its run than the files that it left.
SINGLE = [name for name in NAMES if name not in {"walk-forward", "no-workspace", "no-prices", "hang-in-step"}]


class Workspace:
    """A lean workspace in which the stand-ins are run."""

    def __init__(self, root: Path) -> None:
        """Make the workspace."""
        self.root = root / "workspace"
        for project in PROJECTS:
            (self.root / project).mkdir(parents=True)
            (self.root / project / "main.py").write_text("from AlgorithmImports import *\n", encoding="utf-8")
        (self.root / "lean.json").write_text("{}", encoding="utf-8")
        self.state = root / "state"
        self.out = self.root / "out"

    def environment(self, recording: str, extra: dict[str, str]) -> dict[str, str]:
        """Return the environment for a replay of a recording."""
        path, mark, inside = recording.partition("#")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("LEAN_REPLAY", "DOCKER"))}
        return clean | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "REPLAY_PYTHON": sys.executable,
            "COLUMNS": "80",
            "LEAN_REPLAY_STATE": str(self.state),
            "LEAN_REPLAY_SPEED": "200",
            "LEAN_REPLAY_RECORDING": f"{RECORDINGS / path}.tar.xz{mark}{inside}",
            **extra,
        }

    def start(
        self, recording: str, words: list[str], output: int = subprocess.PIPE, **extra: str
    ) -> "subprocess.Popen[str]":
        """Start lean; whoever does not read along sends its output away, or a full pipe stops it."""
        return subprocess.Popen(
            [str(BIN / "lean"), *words],
            cwd=self.root,
            env=self.environment(recording, extra),
            stdout=output,
            stderr=output,
            text=True,
        )

    def lean(self, recording: str, words: list[str], **extra: str) -> "subprocess.CompletedProcess[str]":
        """Run lean to its end."""
        process = self.start(recording, words, subprocess.PIPE, **extra)
        stdout, stderr = process.communicate(timeout=30)
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def docker(self, *words: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        """Run docker."""
        return subprocess.run(
            [str(BIN / "docker"), *words],
            env=self.environment("crashy", extra),
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )

    def container(self) -> str:
        """Return the name of the container that was started last."""
        name: str = json.loads((self.out / "config").read_text(encoding="utf-8"))["container"]
        return name

    def names(self) -> list[str]:
        """Return the names of the running containers."""
        return self.docker("ps", "--format", "{{.Names}}").stdout.split()

    def results(self) -> list[Path]:
        """Return the complete results of an optimization."""
        return sorted(path for path in self.out.glob("*/*.json") if path.stem == path.parent.name)

    def files(self) -> dict[str, bytes]:
        """Return every file of the output."""
        found = (path for path in self.out.rglob("*") if path.is_file())
        return {str(path.relative_to(self.out)): path.read_bytes() for path in found}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Give a workspace and end every container that is left in it."""
    made = Workspace(tmp_path)
    yield made
    for name in made.names():
        made.docker("kill", name)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition is true, ten seconds at most."""
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.02)


def recorded(name: str) -> dict[str, bytes]:
    """Return every file of a recording."""
    with tarfile.open(RECORDINGS / f"{name}.tar.xz") as archive:
        files = ((member.name, archive.extractfile(member)) for member in archive if member.isfile())
        return {path.partition("/")[2]: file.read() for path, file in files if file}


def output_of(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files of the output folder which the container wrote."""
    named = {path.removeprefix("output/"): data for path, data in files.items() if path.startswith("output/")}
    return {path: data for path, data in named.items() if path not in WRITTEN_ANEW}


def words_of(run: dict[str, Any], files: dict[str, bytes], workspace: Workspace) -> list[str]:
    """Return the recorded arguments with the output folder of this test."""
    words = [str(word) for word in run["argv"][1:]]
    words[words.index("--output") + 1] = "out"
    if "--optimizer-config" in words:
        (workspace.root / "optimizer.json").write_bytes(files["output/optimizer-config.json"])
    return words


@pytest.mark.parametrize("name", SINGLE)
def test_recording_is_reproduced(name: str, workspace: Workspace) -> None:
    """Every recording gives its exit code, its files and its first and last words again."""
    files = recorded(name)
    run = json.loads(files["run.json"])
    process = workspace.start(name, words_of(run, files, workspace))
    if run["hangs"]:
        log = workspace.out / "log.txt"
        wait_for(lambda: log.exists() and "ERROR:: Program.Main()" in log.read_text(encoding="utf-8"))
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == run["exit_code"]
    assert stderr.startswith(f"REPLAY: this is not LEAN but a replay of the recorded run {name} (real CLI 1.0.230,")
    ours, theirs = stdout.splitlines(), files["stdout.txt"].decode().splitlines()
    closing = [i for i, line in enumerate(theirs) if line.startswith(("Successfully ", "Error: Something went wrong"))]
    end = closing[-1] if closing else len(theirs)
    assert ours[:end] == theirs[:end]
    written = {path: data for path, data in workspace.files().items() if path not in WRITTEN_ANEW}
    assert written == output_of(files)
    assert workspace.names() == []
    assert not list(workspace.state.iterdir()) if workspace.state.exists() else True


def test_cli_writes_what_it_was_asked_for(workspace: Workspace) -> None:
    """The optimizer's configuration is the recorded one, byte for byte, and the code is the workspace's."""
    assert workspace.lean("crashy", ALL_SIX).returncode == 0
    files = workspace.files()
    assert files["optimizer-config.json"] == recorded("crashy")["output/optimizer-config.json"]
    assert files["code/main.py"] == b"from AlgorithmImports import *\n"
    assert re.fullmatch(r"lean_cli_[0-9a-f]{32}", workspace.container())


@pytest.mark.parametrize("window", ["window-1", "window-3"])
def test_walk_forward_runs_are_found_by_what_is_asked(window: str, workspace: Workspace) -> None:
    """In an archive of several runs the one that fits is replayed, or the one that is named."""
    files = recorded("walk-forward")
    inside = {path.removeprefix(f"{window}/in-sample/"): data for path, data in files.items()}
    (workspace.root / "optimizer.json").write_bytes(inside["optimizer.json"])
    words = ["optimize", "RSI_MeanReversion_ETF", "--output", "out", "--optimizer-config", "optimizer.json"]
    assert workspace.lean("walk-forward", [*words, "--max-concurrent-backtests", "2"]).returncode == 0
    written = {path: data for path, data in workspace.files().items() if path not in WRITTEN_ANEW}
    assert written == output_of(inside)
    other = "window-2"
    refused = workspace.lean(f"walk-forward#{other}/in-sample", words)
    assert refused.returncode == 64


def test_backtest_out_of_sample(workspace: Workspace) -> None:
    """A recorded backtest is found by its dates; a date that was not recorded is refused."""
    words = ["backtest", "RSI_MeanReversion_ETF", "--output", "out", "--parameter", "rsi_period", "14"]
    words += ["--parameter", "entry_threshold", "35", "--parameter", "initial_capital", "5000"]
    words += ["--parameter", "start_date", "2015-01-01", "--parameter", "end_date"]
    assert workspace.lean("walk-forward", [*words, "2015-12-30"]).returncode == 64
    assert not workspace.out.exists()
    done = workspace.lean("walk-forward", [*words, "2015-12-31"])
    assert done.returncode == 0
    assert "Successfully ran 'RSI_MeanReversion_ETF'" in done.stdout
    number = json.loads((workspace.out / "config").read_text(encoding="utf-8"))["id"]
    result = json.loads((workspace.out / f"{number}-summary.json").read_text(encoding="utf-8"))
    assert result["algorithmConfiguration"]["startDate"].startswith("2015-01-01")


@pytest.mark.parametrize(("lookback", "code"), [("3.0", 0), ("4", 1)])
def test_backtest_from_an_optimization(lookback: str, code: int, workspace: Workspace) -> None:
    """One combination of a recorded optimization can be run alone; a crash is exit code 1."""
    done = workspace.lean("crashy", ["backtest", "Crashy", "--output", "out", "--parameter", "lookback", lookback])
    assert done.returncode == code
    number = json.loads((workspace.out / "config").read_text(encoding="utf-8"))["id"]
    assert str(number).startswith("1")
    names = set(workspace.files())
    assert {f"{number}.json", f"{number}-summary.json", f"{number}-log.txt", "log.txt", "code/main.py"} <= names
    status = json.loads((workspace.out / f"{number}.json").read_text(encoding="utf-8"))["state"]["Status"]
    assert status == ("RuntimeError" if code else "Completed")


def test_subset_is_run_anew(workspace: Workspace) -> None:
    """A part of the recorded grid runs with fresh ids, in LEAN's order, with its own optimum."""
    done = workspace.lean("crashy", [*CRASHY, "--parameter", "lookback", "2", "5", "1"], COLUMNS="1000")
    assert done.returncode == 0
    log = (workspace.out / "log.txt").read_text(encoding="utf-8")
    launched = re.findall(r"launched backtest '([^']+)' with parameters 'lookback:(\d)'", log)
    assert [value for _, value in launched] == ["2", "3", "4", "5"]
    old_ids = {path.split("/")[0] for path in output_of(recorded("crashy"))}
    assert not old_ids & {name for name, _ in launched}
    assert "start ended. Waiting on 4 backtests" in log
    best = launched[2][0]
    assert f"at: 0.7979: was reached using ParameterSet: (lookback:4) backtestId '{best}'. Constraints: (" in log
    assert "Optimal parameters: lookback: 4" in done.stdout
    for name, value in launched:
        folder = workspace.out / name
        result = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        assert result["algorithmConfiguration"]["parameters"] == {"lookback": value}
        assert not any(old.encode() in path.read_bytes() for path in folder.iterdir() for old in old_ids if "-" in old)


def test_another_constraint_has_another_optimum(workspace: Workspace) -> None:
    """All recorded combinations under a constraint that was not recorded: same files, another verdict."""
    words = [*ALL_SIX, "--constraint", "TotalPerformance.TradeStatistics.TotalNumberOfTrades > 20"]
    assert workspace.lean("crashy", words).returncode == 0
    files, original = workspace.files(), output_of(recorded("crashy"))
    assert {path for path in original if files[path] != original[path]} == {"log.txt"}
    last = files["log.txt"].decode().splitlines()[-1]
    assert "['TotalNumberOfTrades'] 'Greater' 20)" in last
    assert "lookback:6" not in last


def test_fixed_parameters_must_be_the_recorded_ones(workspace: Workspace) -> None:
    """Dates and capital that the engine really used are taken and show up in log and results."""
    parameters: list[dict[str, object]] = [{"name": "lookback", "min": 2, "max": 7, "step": 1}]
    parameters.append({"name": "end_date", "value": "2019-12-31"})
    config = json.loads(recorded("crashy")["output/optimizer-config.json"]) | {"parameters": parameters}
    (workspace.root / "own.json").write_text(json.dumps(config), encoding="utf-8")
    words = ["optimize", "Crashy", "--output", "out", "--optimizer-config", "own.json"]
    assert workspace.lean("crashy", words).returncode == 0
    assert "with parameters 'end_date:2019-12-31,lookback:2'" in (workspace.out / "log.txt").read_text(encoding="utf-8")
    result = json.loads(workspace.results()[0].read_text(encoding="utf-8"))
    assert result["algorithmConfiguration"]["parameters"]["end_date"] == "2019-12-31"
    parameters[1]["value"] = "2020-12-31"
    (workspace.root / "own.json").write_text(json.dumps(config), encoding="utf-8")
    refused = workspace.lean("crashy", words)
    assert refused.returncode == 64
    assert "REPLAY: the recording crashy ran with end_date 2019-12-31, not 2020-12-31" in refused.stderr
    assert workspace.lean("crashy", words, LEAN_REPLAY_ANY="1").returncode == 0


def test_unrecorded_combination_is_refused_before_anything_is_written(workspace: Workspace) -> None:
    """A combination that nobody recorded is no replay."""
    refused = workspace.lean("crashy", [*CRASHY, "--parameter", "lookback", "2", "8", "1"])
    assert refused.returncode == 64
    assert "REPLAY: the recording crashy holds no backtest for lookback 8" in refused.stderr
    assert not workspace.out.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimize", "P", "--foo"], "Error: No such option '--foo'."),
        (["optimize", "P", "--parameter", "a", "1", "2"], "Error: Option '--parameter' requires 4 arguments."),
        (
            ["optimize", "P", "--parameter", "a", "1", "x", "2"],
            "Error: Invalid value for '--parameter': 'x' is not a valid float.",
        ),
        (["optimize", "P", "--strategy"], "Error: Option '--strategy' requires an argument."),
        (
            ["optimize", "P", "--max-concurrent-backtests", "0"],
            "Error: Invalid value for '--max-concurrent-backtests': 0 is not in the range x>=1.",
        ),
        (["optimize"], "Error: Missing argument 'PROJECT'."),
        (["optimize", "P", "Q"], "Error: Got unexpected extra argument (Q)"),
        (
            ["optimize", "P", "--optimizer-config", "none.json"],
            "Error: Invalid value for '--optimizer-config': File 'none.json' does not exist.",
        ),
        (
            ["optimize", "P", *GRID, "--optimizer-config", "lean.json"],
            "Error: --optimizer-config and --strategy are mutually exclusive",
        ),
        (["optimize", "P", "--optimizer-config", "P/main.py"], "Error: <string>:1 Unexpected"),
        (["optimize", "P", *GRID], "Error: You are missing the following option:"),
        (["optimize", "P", *GRID, "--parameter", "a", "1", "2", "1", "--constraint", "Drawdown ~ 1"], "Error: '~'"),
        (
            ["optimize", "P", *GRID, "--parameter", "a", "1", "2", "1", "--constraint", "Drawdown < x"],
            "Error: could not convert string to float: 'x'",
        ),
        (
            ["optimize", "Empty", *GRID],
            "Error: The specified project does not contain a main.py or Main.cs file",
        ),
        (["backtest", "P", "--parameter", "a"], "Error: Option '--parameter' requires 2 arguments."),
        (["build-nothing"], "Error: No such command 'build-nothing'."),
    ],
)
def test_arguments_are_refused_as_by_the_real_parser(words: list[str], message: str, workspace: Workspace) -> None:
    """Wrong arguments: the real message on stdout, exit code 1, no file."""
    (workspace.root / "Empty").mkdir()
    refused = workspace.lean("crashy", words, COLUMNS="1000")
    assert refused.returncode == 1
    assert message in refused.stdout
    assert refused.stderr.count("\n") == 1
    assert not workspace.out.exists()


def test_prompt_and_missing_workspace_are_refused(workspace: Workspace) -> None:
    """Without a strategy the real command asks questions; without a lean.json it gives up."""
    asked = workspace.lean("crashy", ["optimize", "P"])
    assert (asked.returncode, "asks questions" in asked.stderr) == (1, True)
    (workspace.root / "lean.json").unlink()
    refused = workspace.lean("no-workspace", ["optimize", "P", *GRID, "--output", "out"])
    assert refused.returncode == 1
    assert refused.stdout == recorded("no-workspace")["stdout.txt"].decode()


def test_version(workspace: Workspace) -> None:
    """The version is the recorded CLI's."""
    assert workspace.lean("crashy", ["--version"]).stdout == "lean 1.0.230\n"


def test_output_outside_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    """Everything runs, and then the command fails."""
    words = [word if word != "out" else str(tmp_path / "elsewhere") for word in ALL_SIX]
    done = workspace.lean("crashy", words, COLUMNS="1000")
    assert done.returncode == 1
    assert "is not in the subpath of" in done.stdout.splitlines()[-1]
    assert len(list((tmp_path / "elsewhere").glob("*/*-summary.json"))) == 6


def test_sigint_ends_the_container(workspace: Workspace) -> None:
    """SIGINT: exit code 1, no container, and what was finished stays."""
    process = workspace.start("crashy", ALL_SIX, LEAN_REPLAY_SPEED="20")
    wait_for(workspace.results)
    name = workspace.container()
    assert workspace.names() == [name]
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "Successfully" not in stdout
    assert workspace.names() == []
    assert workspace.docker("kill", name).returncode == 1
    before = workspace.files()
    time.sleep(0.3)
    assert workspace.files() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_other_signals_leave_the_container(number: signal.Signals, workspace: Workspace) -> None:
    """SIGTERM and SIGKILL: the command dies of them, and its container runs on to the end."""
    process = workspace.start("crashy", ALL_SIX, LEAN_REPLAY_SPEED="30")
    wait_for(workspace.results)
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == -number
    assert workspace.names() == [workspace.container()]
    wait_for(lambda: not workspace.names())
    assert len(workspace.results()) == 6
    assert "Optimization has ended" in (workspace.out / "log.txt").read_text(encoding="utf-8")


def test_docker_kill(workspace: Workspace) -> None:
    """A container killed from outside: the command says so and exits 1."""
    process = workspace.start("crashy", ALL_SIX, LEAN_REPLAY_SPEED="20", COLUMNS="1000")
    wait_for(workspace.results)
    name = workspace.container()
    assert json.loads(workspace.docker("inspect", name).stdout)[0]["State"]["Running"] is True
    assert workspace.docker("ps", "--filter", f"name={name}", "--format", "{{.Names}}").stdout == f"{name}\n"
    assert workspace.docker("ps", "--filter", "name=other", "--format", "{{.Names}}").stdout == ""
    killed = workspace.docker("kill", name)
    assert (killed.returncode, killed.stdout) == (0, f"{name}\n")
    stdout, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    closing = "Error: Something went wrong while running the optimization, the output is stored in 'out'\n"
    assert stdout.endswith(closing)
    again = workspace.docker("kill", name)
    assert (again.returncode, "No such container" in again.stderr) == (1, True)


def test_orphaned_container_can_be_killed(workspace: Workspace) -> None:
    """The container that a SIGTERM left behind ends by docker kill."""
    words = ["optimize", "Idle", "--output", "out", *GRID, "--parameter", "level", "4", "3", "1"]
    process = workspace.start("minmax", words)
    wait_for(workspace.names)
    process.terminate()
    process.communicate(timeout=10)
    assert workspace.names() == [workspace.container()]
    assert workspace.docker("rm", "-f", workspace.container()).returncode == 0
    assert workspace.names() == []


def test_fault_hang(workspace: Workspace) -> None:
    """A container can stop making progress and keep running."""
    process = workspace.start("crashy", ALL_SIX, LEAN_REPLAY_FAULT="hang-after=2")
    wait_for(lambda: len(workspace.results()) == 2)
    time.sleep(0.5)
    assert len(workspace.results()) == 2
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 1


def test_fault_kill(workspace: Workspace) -> None:
    """A container can die after some backtests."""
    done = workspace.lean("crashy", ALL_SIX, LEAN_REPLAY_FAULT="kill-container-after=3")
    assert done.returncode == 1
    assert "Something went wrong while running the optimization" in done.stdout
    assert len(workspace.results()) == 3
    assert workspace.names() == []


def test_fault_truncate(workspace: Workspace) -> None:
    """One result can be left incomplete while the run goes on."""
    done = workspace.lean("crashy", ALL_SIX, LEAN_REPLAY_FAULT="truncate=2:1000")
    assert done.returncode == 0
    assert sorted(path.stat().st_size == 1000 for path in workspace.results()) == [False] * 5 + [True]


def test_fault_ignore_sigint(workspace: Workspace) -> None:
    """The command can be deaf to SIGINT."""
    process = workspace.start("crashy", ALL_SIX, LEAN_REPLAY_SPEED="40", LEAN_REPLAY_FAULT="ignore-sigint")
    wait_for(workspace.results)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert len(workspace.results()) == 6


def test_large_files_grow(workspace: Workspace) -> None:
    """A reader can see a large file half written, and the log line by line."""
    process = workspace.start("crashy", ALL_SIX, subprocess.DEVNULL, LEAN_REPLAY_SPEED="50", LEAN_REPLAY_PAUSE="0.5")
    sizes: set[int] = set()
    lines: set[int] = set()
    backtest = "a646e2dc-df2e-48b7-a586-d86b6298e1e1"
    whole = len(recorded("crashy")[f"output/{backtest}/{backtest}.json"])
    while process.poll() is None:
        for path in workspace.results():
            if path.stem == backtest:
                sizes.add(path.stat().st_size)
        log = workspace.out / "log.txt"
        lines.add(len(log.read_bytes().splitlines()) if log.exists() else 0)
        time.sleep(0.01)
    assert any(0 < size < whole for size in sizes)
    assert whole in sizes
    assert len(lines) > 3


def test_lines_are_wrapped_at_the_width_of_the_terminal(workspace: Workspace) -> None:
    """COLUMNS decides where lines end."""
    wide = workspace.lean("crashy", ALL_SIX, COLUMNS="1000").stdout
    assert "launched backtest '50c48029-9502-4ad6-bf27-6e02fac6df84' with parameters 'lookback:2'\n" in wide
    shutil.rmtree(workspace.out)
    narrow = workspace.lean("crashy", ALL_SIX, COLUMNS="60").stdout
    assert max(map(len, narrow.splitlines())) == 60


def test_an_unpacked_recording_is_replayed_too(workspace: Workspace, tmp_path: Path) -> None:
    """A folder is as good as an archive."""
    shutil.unpack_archive(RECORDINGS / "idle.tar.xz", tmp_path / "unpacked")
    words = ["optimize", "Idle", "--output", "out", *GRID, "--parameter", "level", "0", "4", "1"]
    folder = str(tmp_path / "unpacked" / "idle")
    assert workspace.lean("idle", words, LEAN_REPLAY_RECORDING=folder).returncode == 0
    assert len(workspace.results()) == 5


def test_docker_answers(workspace: Workspace) -> None:
    """The stand-in for docker knows versions and images, and can be down."""
    assert workspace.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
    assert workspace.docker("info").returncode == 0
    image = json.loads(workspace.docker("image", "inspect", "local/lean:3").stdout)[0]
    assert image["Id"].startswith("sha256:")
    assert image["RepoDigests"]
    missing = workspace.docker("image", "inspect", "local/lean:3", DOCKER_STAND_IN="no-image")
    assert (missing.returncode, "No such image" in missing.stderr) == (1, True)
    down = workspace.docker("version", DOCKER_STAND_IN="down")
    assert (down.returncode, "daemon" in down.stderr) == (1, True)
    refused = workspace.lean("crashy", ALL_SIX, DOCKER_STAND_IN="down")
    assert refused.stdout == recorded("no-docker")["stdout.txt"].decode()


_COUNTED = [*CRASHY, "--parameter", "combination", "0", "2", "1"]
_IN_ITS_PLACE = """#!/usr/bin/env python3
import json, os, sys
words = sys.argv[1:]
row = json.load(open("rows.json"))[int(words[words.index("--parameters") + 1].split(":")[1])]
config = json.load(open("rows.json"))[-1]
with open(config["copy"], "w") as copy:
    json.dump({"parameters": row}, copy)
os.execvp("dotnet", ["dotnet", "QuantConnect.Lean.Launcher.dll", "--config", config["copy"], *words])
"""


def _mounted(workspace: Workspace, rows: list[dict[str, str]], mode: int = 0o755) -> list[str]:
    """Something that stands in the place of LEAN's launcher, and a file beside it."""
    launcher, table = workspace.root / "mine", workspace.root / "rows"
    launcher.write_text(_IN_ITS_PLACE, encoding="utf-8")
    launcher.chmod(mode)
    table.write_text(json.dumps([*rows, {"copy": str(workspace.root / "copy.json")}]), encoding="utf-8")
    folder = "/Lean/Launcher/bin/Debug"
    volumes = {
        str(launcher): {"bind": f"{folder}/QuantConnect.Lean.Launcher", "mode": "ro"},
        str(table): {"bind": f"{folder}/rows.json", "mode": "ro"},
    }
    return ["--extra-docker-config", json.dumps({"volumes": volumes})]


def test_what_is_mounted_over_leans_launcher_says_what_is_replayed(workspace: Workspace) -> None:
    rows = [{"lookback": "7"}, {"lookback": "2"}, {"lookback": "5.0"}]
    done = workspace.lean("crashy", [*_COUNTED, *_mounted(workspace, rows)])
    assert done.returncode == 0, done.stderr
    log = (workspace.out / "log.txt").read_text(encoding="utf-8")
    launched = dict(re.findall(r"launched backtest '(\S+)' with parameters 'combination:(\d)'", log))
    assert sorted(launched.values()) == ["0", "1", "2"]
    for backtest, number in launched.items():
        result = json.loads((workspace.out / backtest / f"{backtest}.json").read_text(encoding="utf-8"))
        found = result["algorithmConfiguration"]["parameters"]
        assert float(found["lookback"]) == float(rows[int(number)]["lookback"])
    assert "was reached using ParameterSet: (combination:" in log
    sent = json.loads((workspace.out / "optimizer-config.json").read_text(encoding="utf-8"))
    assert [parameter["name"] for parameter in sent["parameters"]] == ["combination"]


@pytest.mark.parametrize(
    ("rows", "mode", "said"),
    [
        ([{"lookback": str(n)} for n in (2, 3, 9)], 0o755, "holds no backtest for lookback 9"),
        ([{"lookback": str(n)} for n in (2, 3, 4)], 0o644, "cannot be executed in the container"),
    ],
)
def test_what_such_a_mount_cannot_do_is_refused(
    workspace: Workspace, rows: list[dict[str, str]], mode: int, said: str
) -> None:
    done = workspace.lean("crashy", [*_COUNTED, *_mounted(workspace, rows, mode)])
    assert done.returncode == 64
    assert said in done.stderr
    assert not workspace.out.exists()


def test_without_the_mount_lean_runs_its_own_parameters(workspace: Workspace) -> None:
    done = workspace.lean("crashy", _COUNTED)
    assert done.returncode == 64
    assert "holds no backtest for combination 0" in done.stderr
