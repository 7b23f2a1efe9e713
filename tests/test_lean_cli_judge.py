"""The real `lean` CLI, in an environment of its own, judges every command that a dry run prints."""

import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.strategy.code_hash import hash_strategy
from support import PROJECT, make_project, write_config

_ENVIRONMENT = PROJECT / ".venv-lean"
_LEAN_CLI = PROJECT / "tests" / "lean_cli"
_CONFIGS = sorted((PROJECT / "configs" / "optimizations").glob("*.yaml"))
_FIXED = {"start_date", "end_date", "initial_capital"}
_ADDED_BY_CLI = {"maximum-concurrent-backtests", "optimizer-close-automatically", "results-destination-folder"}


@dataclass(frozen=True)
class Judgement:
    """What the CLI says of one command line."""

    accepted: bool
    why: str
    config: Any
    """What it would hand to the engine."""
    imports_from: tuple[str, ...]
    """Folders from which the strategy could import, beside its own."""
    mounts: dict[str, str]
    """What --extra-docker-config has Docker mount: this machine's files by their places in the container."""


@dataclass(frozen=True)
class Judged:
    """A dry run's script, run with the judge in the place of `lean`."""

    script: str
    judgements: list[Judgement]

    @property
    def commands(self) -> list[str]:
        return [line for line in self.script.splitlines() if line.startswith("lean optimize ")]

    @property
    def combinations(self) -> int:
        """What the engine would run, counted as LEAN does: min + i × step ≤ max."""
        total = 0
        for judgement in self.judgements:
            count = 1
            for parameter in judgement.config["parameters"]:
                if "min" in parameter:
                    low, high, step = (Decimal(str(parameter[key])) for key in ("min", "max", "step"))
                    count *= int((high - low) // step) + 1
            total += count
        return total


@pytest.fixture(scope="session")
def lean_python() -> Path:
    """The interpreter of an environment with the real CLI, made when its requirements are new."""
    requirements = _LEAN_CLI / "requirements.txt"
    wanted = f"{sys.version}\n{requirements.read_text(encoding='utf-8')}"
    python, stamp = _ENVIRONMENT / "bin" / "python", _ENVIRONMENT / ".installed"
    _ENVIRONMENT.mkdir(exist_ok=True)
    with _locked(_ENVIRONMENT):
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
            stamp.unlink(missing_ok=True)
            pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"]
            _succeed([sys.executable, "-m", "venv", "--clear", str(_ENVIRONMENT)])
            _succeed([str(python), *pip, str(requirements)])
            stamp.write_text(wanted, encoding="utf-8")
    return python


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two test runs at once make the environment once."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _succeed(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"


@pytest.fixture
def lean_workspace(tmp_path: Path) -> Path:
    """A workspace with the strategies of lean_projects/."""
    folder = tmp_path / "lean workspace"  # a blank: the script must quote it
    folder.mkdir()
    for project in (PROJECT / "lean_projects").iterdir():
        if (project / "main.py").is_file() or project.name == "Library":
            shutil.copytree(project, folder / project.name)
    (folder / "lean.json").write_text("{}\n", encoding="utf-8")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in whose PATH `lean` notes, as a line of JSON, what the judge is to be asked."""
    shim = tmp_path / "bin" / "lean"
    shim.parent.mkdir()
    note = "import json, os, sys; print(json.dumps({'folder': os.getcwd(), 'words': sys.argv[1:]}))"
    shim.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-S", "-c", note])} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    return os.environ | {"PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}


@pytest.fixture(scope="module")
def judge(lean_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """The judge as one process that answers every question in a fork of its own."""
    words = [str(lean_python), str(_LEAN_CLI / "judge.py"), "serve"]
    env = os.environ | {"HOME": str(tmp_path_factory.mktemp("home"))}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def ask_lean(judge: subprocess.Popen[str], lean_workspace: Path) -> Callable[..., Judgement]:
    """Asks the CLI about one command line, in the workspace unless another folder is named."""

    def ask(*words: str, folder: Path = lean_workspace) -> Judgement:
        return _answer(judge, {"folder": str(folder), "words": words})

    return ask


def _answer(judge: subprocess.Popen[str], question: dict[str, Any]) -> Judgement:
    assert judge.stdin
    assert judge.stdout
    judge.stdin.write(json.dumps(question) + "\n")
    judge.stdin.flush()
    answer = json.loads(judge.stdout.readline())
    imports_from = tuple(answer.get("imports_from", ()))
    return Judgement(
        answer["accepted"], answer.get("why", ""), answer.get("config"), imports_from, answer.get("mounts", {})
    )


@pytest.fixture
def judge_dry_run(
    judge: subprocess.Popen[str], environment: dict[str, str], lean_workspace: Path
) -> Callable[[Path], Judged]:
    """Dry-runs a config and runs the printed script, so that its files exist as printed; the judge hears of `lean`."""

    def judge_config(config: Path) -> Judged:
        runner = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--config", str(config), "--dry-run"]
        printed = subprocess.run(
            [*runner, "--workspace", str(lean_workspace)],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert printed.returncode == 0, printed.stderr
        assert not (lean_workspace / ".optimization").exists(), "a dry run writes nothing"
        done = subprocess.run(
            ["sh", "-e"], input=printed.stdout,
            cwd=lean_workspace.parent, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        judgements = [_answer(judge, json.loads(question)) for question in done.stdout.splitlines()]
        assert all(judgement.accepted for judgement in judgements)
        # The pilot backtest in front of a larger grid has no optimizer config.
        judged = Judged(printed.stdout, [judgement for judgement in judgements if judgement.config is not None])
        assert len(judgements) - len(judged.judgements) == printed.stdout.count("\nlean backtest ")
        assert judged.commands
        assert len(judged.judgements) == len(judged.commands)
        return judged

    return judge_config


@pytest.mark.parametrize("config", _CONFIGS, ids=lambda file: str(file.stem))
def test_the_real_cli_accepts_the_dry_run_of_every_config(
    judge_dry_run: Callable[[Path], Judged], config: Path
) -> None:
    expected = {
        "bollinger_etf_example": 32,
        "bollinger_etf_rejected": 12,
        "rsi_etf": 486,
        "rsi_etf_example": 72,
        "template": 90,
    }
    judged = judge_dry_run(config)
    assert judged.combinations == expected.get(config.stem, judged.combinations)


_MADE = {
    "flags": "    lookback: {start: 2, end: 7, step: 1}\n    stop: {start: 0.005, end: 0.02, step: 0.005}\n",
    "negative": "    shift: {start: -0.02, end: 0.02, step: 0.01}\n",
    "lists": "    level: {values: [1, 2, 4, 8]}\n    trend: {values: [true, false]}\n    asset: {values: [SPY, QQQ]}\n",
    "one value": "    level: {values: [3]}\n    deep: {start: 1, end: 1, step: 1}\n",
    "any text": "    pair: {values: ['a,b:c d', '\"x\" é', \"it's\"]}\n",
    "conditions": "    fast: {start: 1, end: 20, step: 1}\n    slow: {start: 1, end: 20, step: 1}\n"
    "  where: [fast < slow]\n",
}
_MADE_COMBINATIONS = {
    "flags": 24, "negative": 5, "lists": 16, "one value": 1, "any text": 3, "conditions": 190
}  # fmt: skip


@pytest.mark.parametrize("name", _MADE)
def test_it_accepts_flags_and_lists(
    judge_dry_run: Callable[[Path], Judged], lean_workspace: Path, tmp_path: Path, name: str
) -> None:
    make_project(lean_workspace, "Quick")
    config = write_config(tmp_path / "made.yaml", "Quick", _MADE[name], constraint="Total Trades >= 10")
    judged = judge_dry_run(config)
    assert (judged.combinations, len(judged.commands)) == (_MADE_COMBINATIONS[name], 1)
    _check_mounts(judged.judgements[0], lean_workspace, _MADE_COMBINATIONS[name])


def _check_mounts(judgement: Judgement, workspace: Path, combinations: int) -> None:
    """Where LEAN counts through a table: Docker would mount what the script has written, each at a place of its own."""
    names = [parameter["name"] for parameter in judgement.config["parameters"]]
    written = {file.name: file for file in workspace.glob(".optimization/*/*/*")}
    if names != ["combination"]:
        assert "launcher" not in written
        return
    mounted = {bind: Path(source) for bind, source in judgement.mounts.items() if ".optimization" in source}
    folder = "/Lean/Launcher/bin/Debug"
    assert mounted == {
        f"{folder}/QuantConnect.Lean.Launcher": written["launcher"],
        f"{folder}/combinations.json": written["combinations.json"],
    }
    assert os.access(written["launcher"], os.X_OK)
    assert len(_json(written["combinations.json"])) == combinations


def test_it_accepts_the_options_of_the_section_lean(
    judge_dry_run: Callable[[Path], Judged],
) -> None:
    judged = judge_dry_run(PROJECT / "tests" / "configs" / "valid" / "lean_options.yaml")
    assert (judged.combinations, len(judged.commands)) == (30, 1)
    assert judged.judgements[0].mounts["/Prices"] == "/srv/prices"
    assert len(judged.judgements[0].mounts) == 5  # launcher, host and settings of warm engines beside its own two
    assert judged.script.count("--polygon-api-key '***'") == 2  # the pilot's too
    assert "of-the-vendor" not in judged.script


@pytest.mark.parametrize(
    ("option", "optimize", "backtest"),
    [
        (["--data-provider-historical", "Polygon"], True, True),
        (["--download-data"], True, True),
        (["--data-purchase-limit", "5"], True, True),
        (["--no-update"], True, True),
        (["--extra-docker-config", "{}"], True, True),
        (["--extra-config", "a", "b"], True, True),
        (["--addon-module", "a"], True, True),
        (["--release"], True, True),
        (["--backtest-name", "a"], False, True),
        (["--python-venv", "a"], False, True),
        (["--debug", "debugpy"], False, True),
        (["--max-concurrent-backtests", "1"], True, False),
        (["--estimate"], True, False),
    ],
)
def test_which_command_knows_which_option(
    ask_lean: Callable[..., Judgement], option: list[str], *, optimize: bool, backtest: bool
) -> None:
    single = ["backtest", "RSI_MeanReversion_ETF", "--output", ".optimization/x", "--parameter", "level", "2"]
    assert ask_lean(*_good_words(), *option).accepted == optimize
    assert ask_lean(*single, *option).accepted == backtest


def test_a_flag_and_a_file_say_the_same_of_a_metric(
    judge_dry_run: Callable[[Path], Judged], lean_workspace: Path, tmp_path: Path
) -> None:
    make_project(lean_workspace, "Quick")
    parameters = "    level: {start: 0, end: 4, step: 1}\n"
    settings = {"constraint": "Total Trades > 100", "target": "PSR"}
    flags = write_config(tmp_path / "flags.yaml", "Quick", parameters, **settings)
    in_flags = judge_dry_run(flags)
    shutil.rmtree(lean_workspace / ".optimization", ignore_errors=True)
    fixed = "backtest: {start_date: 2015-01-01, end_date: 2020-12-31, initial_capital: 1000}\n"
    in_file = judge_dry_run(write_config(tmp_path / "file.yaml", "Quick", parameters, more=fixed, **settings))
    assert "--target" in in_flags.commands[0]
    assert "--optimizer-config" in in_file.commands[0]
    by_flags, by_file = in_flags.judgements[0].config, in_file.judgements[0].config
    assert by_flags["optimization-criterion"]["target"].endswith(".ProbabilisticSharpeRatio")
    assert by_flags["constraints"][0]["target"].endswith(".TradeStatistics.TotalNumberOfTrades")
    assert _without_fixed(by_file) == by_flags


@pytest.mark.parametrize("name", ["grid-72", "idle", "crashy"])
def test_the_optimizer_config_is_what_the_cli_wrote_for_the_same_grid(
    judge_dry_run: Callable[[Path], Judged],
    lean_workspace: Path,
    unpacked: Callable[[str], Path],
    tmp_path: Path,
    name: str,
) -> None:
    recorded = _json(unpacked(name) / "output" / "optimizer-config.json")
    project = _json(unpacked(name) / "run.json")["argv"][2]
    make_project(lean_workspace, project)
    parameters = "".join(
        f"    {p['name']}: {{start: {p['min']:g}, end: {p['max']:g}, step: {p['step']:g}}}\n"
        for p in recorded["parameters"]
    )
    constraint = f"Drawdown < {recorded['constraints'][0]['target-value']}"

    flags = judge_dry_run(write_config(tmp_path / "flags.yaml", project, parameters, constraint=constraint))
    assert flags.judgements[0].config == recorded
    shutil.rmtree(lean_workspace / ".optimization", ignore_errors=True)

    fixed = "backtest: {start_date: 2015-01-01, end_date: 2020-12-31, initial_capital: 1000}\n"
    config = write_config(tmp_path / "file.yaml", project, parameters, constraint=constraint, more=fixed)
    judged = judge_dry_run(config)
    (written,) = lean_workspace.rglob("optimizer.json")
    own = _json(written)
    assert {p["name"] for p in own["parameters"] if "value" in p} == _FIXED
    assert _without_fixed(own) == {key: value for key, value in recorded.items() if key not in _ADDED_BY_CLI}
    assert _without_fixed(judged.judgements[0].config) == recorded
    assert list(own) == [key for key in recorded if key not in _ADDED_BY_CLI]


def test_an_euler_search_has_the_structure_that_was_recorded(
    judge_dry_run: Callable[[Path], Judged], lean_workspace: Path, unpacked: Callable[[str], Path], tmp_path: Path
) -> None:
    recorded = _json(unpacked("euler-whole") / "output" / "optimizer-config.json")
    make_project(lean_workspace, "Quick")
    config = write_config(
        tmp_path / "euler.yaml",
        "Quick",
        "".join(
            f"    {p['name']}: {{start: {p['min']}, end: {p['max']}, step: {p['step']}, min_step: {p['min-step']}}}\n"
            for p in recorded["parameters"]
        ),
        search="Euler Search",
    )
    judged = judge_dry_run(config)
    given = judged.judgements[0].config
    assert given["parameters"] == recorded["parameters"]
    assert given["optimization-strategy"] == recorded["optimization-strategy"]
    assert given["optimization-strategy-settings"] == recorded["optimization-strategy-settings"]
    assert given["optimization-criterion"] == recorded["optimization-criterion"]


_WRONG = {
    "a strategy it does not know": (["--strategy", "Genetic Search"], "is not one of"),
    "an operator it does not know": (["--constraint", "Drawdown ~ 0.1"], "'~'"),
    "an option it does not have": (["--min-step", "1"], "No such option"),
    "no backtest at a time": (["--max-concurrent-backtests", "0"], "is not in the range"),
    "a text for a number": (["--parameter", "level", "low", "4", "1"], "is not a valid float"),
    "a parameter without a step": (["--parameter", "level", "0", "4"], "requires 4 arguments"),
    "a sideways direction": (["--target-direction", "up"], "is not one of"),
    "an output outside the workspace": (["--output", "../elsewhere"], "is not in the subpath of"),
    "an optimizer config that is missing": (["--optimizer-config", "none.json"], "does not exist"),
    "a config beside a strategy": (["--optimizer-config", "lean.json"], "mutually exclusive"),
}


def _good_words(project: str = "RSI_MeanReversion_ETF") -> list[str]:
    return shlex.split(
        f"optimize {project} --strategy 'Grid Search' --target 'Sharpe Ratio' --target-direction max "
        "--parameter level 0 4 1 --output .optimization/x --max-concurrent-backtests 2"
    )


@pytest.mark.parametrize("what", _WRONG)
def test_it_refuses_what_is_wrong(ask_lean: Callable[..., Judgement], what: str) -> None:
    """Or its acceptance would mean nothing."""
    words, said = _WRONG[what]
    assert ask_lean(*_good_words()).accepted
    refusal = ask_lean(*_good_words(), *words)
    assert not refusal.accepted
    assert said in refusal.why


def test_it_refuses_a_missing_project_and_a_missing_workspace(
    ask_lean: Callable[..., Judgement], tmp_path: Path
) -> None:
    assert "'NoSuch' does not exist" in ask_lean(*_good_words("NoSuch")).why
    make_project(tmp_path / "bare", "Quick")
    assert "lean.json" in ask_lean(*_good_words("Quick"), folder=tmp_path / "bare").why


def test_it_refuses_what_would_ask_questions(ask_lean: Callable[..., Judgement]) -> None:
    assert "questions" in ask_lean("optimize", "RSI_MeanReversion_ETF").why
    assert not ask_lean("optimize", "RSI_MeanReversion_ETF", "--strategy", "Grid Search").accepted


_RECORDED = {
    "grid-72": "",
    "idle": "",
    "minmax": "",  # accepted by the CLI: it is the engine that cannot start
    "bad-constraint": "'~'",
    "bad-strategy": "is not one of",
    "no-project": "does not exist",
}


@pytest.mark.parametrize("name", _RECORDED)
def test_it_judges_recorded_commands_as_the_cli_did(
    ask_lean: Callable[..., Judgement], lean_workspace: Path, unpacked: Callable[[str], Path], name: str
) -> None:
    words = _json(unpacked(name) / "run.json")["argv"][1:]
    if name != "no-project":
        make_project(lean_workspace, words[1])
    judgement = ask_lean(*words)
    assert judgement.accepted == (not _RECORDED[name])
    assert _RECORDED[name] in judgement.why


def test_the_files_date_keeps_the_cli_off_the_network(lean_workspace: Path, lean_python: Path) -> None:
    """An old file would make the CLI ask the network, which the judge forbids itself."""
    (modules,) = _ENVIRONMENT.rglob("modules-*.json")
    os.utime(modules, (0, 0))
    words = [str(lean_python), str(_LEAN_CLI / "judge.py"), *_good_words()]
    env = os.environ | {"HOME": str(lean_workspace.parent)}
    done = subprocess.run(words, cwd=lean_workspace, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, json.loads(done.stdout)["accepted"]) == (0, True), done.stderr
    assert modules.stat().st_mtime > 0


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _without_fixed(config: Any) -> Any:
    return config | {"parameters": [p for p in config["parameters"] if p["name"] not in _FIXED]}


_STRATEGIES = sorted(file.parent.name for file in (PROJECT / "lean_projects").glob("*/main.py"))


def test_what_the_cli_writes_into_a_project_is_no_change_of_its_code(
    ask_lean: Callable[..., Judgement], lean_workspace: Path
) -> None:
    project = make_project(lean_workspace, "Quick")
    before = hash_strategy(project, lean_workspace)
    assert ask_lean("backtest", "Quick", "--output", "Quick/backtests/1").accepted
    assert "local-id" in _json(project / "config.json")
    assert hash_strategy(project, lean_workspace) == before


@pytest.mark.parametrize("project", _STRATEGIES)
def test_a_strategy_can_import_what_the_strategies_share(
    ask_lean: Callable[..., Judgement], lean_workspace: Path, project: str
) -> None:
    judgement = ask_lean("backtest", project, "--output", f"{project}/backtests/1")
    assert judgement.accepted, judgement.why
    library = lean_workspace / "Library"
    assert judgement.imports_from == (str(library / "daily_strategy"), str(library))
