"""The `lean optimize` of a config: flags where they can say it, else an optimizer config or a table."""

import json
import shlex
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from strategy_testing.config.reader import read_config
from strategy_testing.lean.command import LeanCommand, build_backtest_command, keep_engine, plan_commands
from support import write_config

WORKSPACE = Path("/srv/lean workspace")
OUTPUT = PurePosixPath(".optimization/RSI/run")
PERIOD = "    rsi_period: {start: 10, end: 20, step: 2}\n"
_LISTED = PERIOD + "    use_trend: {values: [true, false]}\n"


def _planned(folder: Path, parameters: str = PERIOD, **options: str) -> list[LeanCommand]:
    file = write_config(folder / "command.yaml", "RSI", parameters, **options)
    return plan_commands(read_config(file), WORKSPACE, OUTPUT, 4)


def _optimizer_config(command: LeanCommand) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(command.files["optimizer.json"])
    return content


def test_a_config_without_dates_becomes_flags(tmp_path: Path) -> None:
    parameters = PERIOD + "    stop_loss_pct: {start: 0.010, end: 0.02, step: 0.005}\n"
    (command,) = _planned(tmp_path, parameters, constraint="Drawdown < 0.15")
    assert command.arguments == (
        *("optimize", "RSI", "--strategy", "Grid Search", "--target", "Sharpe Ratio", "--target-direction", "max"),
        *("--parameter", "rsi_period", "10", "20", "2", "--parameter", "stop_loss_pct", "0.01", "0.02", "0.005"),
        *("--constraint", "Drawdown < 0.15"),
        *("--output", ".optimization/RSI/run", "--max-concurrent-backtests", "2"),
    )
    assert command.files == {}
    assert command.output == OUTPUT
    assert command.shown().startswith("lean optimize RSI --strategy 'Grid Search' --target 'Sharpe Ratio' ")


def test_a_name_that_the_cli_would_misread_is_given_as_a_path(tmp_path: Path) -> None:
    (command,) = _planned(tmp_path, target="PSR", constraint="Total Trades > 100")
    arguments = command.arguments
    assert arguments[arguments.index("--target") + 1] == (
        "TotalPerformance.PortfolioStatistics.ProbabilisticSharpeRatio"
    )
    assert arguments[arguments.index("--constraint") + 1] == (
        "TotalPerformance.TradeStatistics.TotalNumberOfTrades > 100"
    )


def test_the_image_is_passed_on(tmp_path: Path) -> None:
    (command,) = _planned(tmp_path, more="lean: {image: 'quantconnect/lean:16384'}\n")
    assert command.arguments[-2:] == ("--image", "quantconnect/lean:16384")
    assert "--image" not in _planned(tmp_path)[0].arguments


_VENDOR = (
    "lean:\n  data_provider_historical: Polygon\n  addon_module: [First, Second]\n  release: true\n"
    "  extra_docker_config: {volumes: {/srv: {bind: /Prices, mode: ro}}, environment: {VENDOR_TOKEN: t0ken, TZ: UTC}}\n"
    "  extra_config: {maximum-data-points: 1000.0, show-logs: true, vendor-secret: s3cret}\n"
    "  extra_arguments: [--polygon-api-key, -k3y, --polygon-password=passw0rd, --verbose]\n"
)


def test_the_options_of_the_config_reach_every_command_and_the_pilot(tmp_path: Path) -> None:
    config = read_config(write_config(tmp_path / "command.yaml", "RSI", PERIOD, more=_VENDOR))
    docker = (
        '{"volumes": {"/srv": {"bind": "/Prices", "mode": "ro"}}, '
        '"environment": {"VENDOR_TOKEN": "t0ken", "TZ": "UTC"}}'
    )
    wanted = (
        *("--data-provider-historical", "Polygon", "--extra-docker-config", docker),
        *("--extra-config", "maximum-data-points", "1000.0", "--extra-config", "show-logs", "true"),
        *("--extra-config", "vendor-secret", "s3cret", "--addon-module", "First", "--addon-module", "Second"),
        *("--release", "--polygon-api-key", "-k3y", "--polygon-password=passw0rd", "--verbose"),
    )
    (command,) = plan_commands(config, WORKSPACE, OUTPUT, 4)
    (later,) = plan_commands(config, WORKSPACE, OUTPUT, 4, first_part=2)
    pilot = build_backtest_command(config, OUTPUT, config.search.method.middle)
    assert command.arguments[-len(wanted) :] == pilot.arguments[-len(wanted) :] == wanted
    assert later.arguments[-len(wanted) - 1 :] == (*wanted, "--no-update")
    bought = "lean: {download_data: true, data_purchase_limit: 0}\n"
    assert _planned(tmp_path, more=bought)[0].arguments[-3:] == ("--data-purchase-limit", "0", "--download-data")


def test_a_shown_command_hides_keys_and_tokens(tmp_path: Path) -> None:
    (command,) = _planned(tmp_path, more=_VENDOR)
    shown = shlex.split(command.shown())
    assert shown[shown.index("--polygon-api-key") :] == [
        *("--polygon-api-key", "***", "--polygon-password=***", "--verbose")
    ]
    assert shown[shown.index("vendor-secret") + 1] == "***"
    docker = json.loads(shown[shown.index("--extra-docker-config") + 1])
    assert docker["environment"] == {"VENDOR_TOKEN": "***", "TZ": "UTC"}
    hidden = [pair for pair in zip(["lean", *command.arguments], shown, strict=True) if pair[0] != pair[1]]
    assert len(hidden) == 4


@pytest.mark.parametrize(
    ("said", "given"), [("", (0, 1)), ("lean: {no_update: true}\n", (1, 1)), ("lean: {no_update: false}\n", (0, 0))]
)
def test_only_a_runs_first_command_may_look_for_a_newer_engine(
    tmp_path: Path, said: str, given: tuple[int, int]
) -> None:
    config = read_config(write_config(tmp_path / "command.yaml", "RSI", _LISTED, more=said))
    first = plan_commands(config, WORKSPACE, OUTPUT, 4)
    commands = [*first, *plan_commands(config, WORKSPACE, OUTPUT, 4, first_part=2)]
    assert tuple(command.arguments.count("--no-update") for command in commands) == given
    behind_a_pilot = keep_engine(commands, config.lean)
    assert {command.arguments.count("--no-update") for command in behind_a_pilot} == {given[1]}
    assert (
        build_backtest_command(config, OUTPUT, config.search.method.middle).arguments.count("--no-update") == given[0]
    )


def test_dates_and_capital_reach_the_strategy_through_an_optimizer_config(tmp_path: Path) -> None:
    backtest = "backtest: {start_date: 2015-01-01, end_date: 2020-12-31, initial_capital: 1000}\n"
    (command,) = _planned(tmp_path, constraint="Total Trades >= 100", more=backtest)
    assert command.arguments == (
        *("optimize", "RSI", "--optimizer-config", ".optimization/RSI/run/optimizer.json"),
        *("--output", ".optimization/RSI/run", "--max-concurrent-backtests", "2"),
    )
    content = _optimizer_config(command)
    assert content["parameters"] == [
        {"name": "rsi_period", "min": 10, "max": 20, "step": 2},
        {"name": "start_date", "value": "2015-01-01"},
        {"name": "end_date", "value": "2020-12-31"},
        {"name": "initial_capital", "value": "1000"},
    ]
    assert content["optimization-strategy"] == "QuantConnect.Optimizer.Strategies.GridSearchOptimizationStrategy"
    assert content["optimization-criterion"] == {
        "target": "TotalPerformance.PortfolioStatistics.SharpeRatio",
        "extremum": "max",
    }
    assert content["constraints"] == [
        {
            "target": "TotalPerformance.TradeStatistics.TotalNumberOfTrades",
            "operator": "greaterOrEqual",
            "target-value": 100,
        }
    ]


def test_whole_numbers_have_no_decimal_point_in_the_optimizer_config(tmp_path: Path) -> None:
    parameters = "    rsi_period: {start: 10.0, end: 2e1, step: 2.00}\n"
    (command,) = _planned(tmp_path, parameters, more="backtest: {initial_capital: 1000}\n")
    text = command.files["optimizer.json"]
    assert '"min": 10,' in text
    assert '"max": 20,' in text
    assert '"step": 2\n' in text


_DOCKER = "    extra_docker_config: {volumes: {/srv: {bind: /Prices, mode: ro}}, environment: {TZ: UTC}}\n"


def test_what_ranges_cannot_say_is_counted_through_in_one_command(tmp_path: Path) -> None:
    parameters = "    level: {values: [50, 60, 75]}\n    pair: {values: ['a,b:c d', '\"x\" é']}\n"
    period = "backtest: {start_date: 2015-01-01, initial_capital: 1000}\n"
    (command,) = _planned(tmp_path, parameters, constraint="Drawdown < 0.15", more=f"{period}lean:\n{_DOCKER}")
    mounted = {
        "/srv": {"bind": "/Prices", "mode": "ro"},
        "/srv/lean workspace/.optimization/RSI/run/launcher": {
            "bind": "/Lean/Launcher/bin/Debug/QuantConnect.Lean.Launcher",
            "mode": "ro",
        },
        "/srv/lean workspace/.optimization/RSI/run/combinations.json": {
            "bind": "/Lean/Launcher/bin/Debug/combinations.json",
            "mode": "ro",
        },
    }
    assert command.arguments[:-1] == (
        *("optimize", "RSI", "--strategy", "Grid Search", "--target", "Sharpe Ratio", "--target-direction", "max"),
        *("--parameter", "combination", "0", "5", "1", "--constraint", "Drawdown < 0.15"),
        *("--output", ".optimization/RSI/run", "--max-concurrent-backtests", "2", "--extra-docker-config"),
    )
    assert json.loads(command.arguments[-1]) == {"volumes": mounted, "environment": {"TZ": "UTC"}}
    assert (command.output, command.combinations) == (OUTPUT, 6)
    fixed = {"start_date": "2015-01-01", "initial_capital": "1000"}
    rows = [{"level": n, "pair": t} | fixed for n in ("50", "60", "75") for t in ("a,b:c d", '"x" é')]
    assert list(command.files) == ["combinations.json"]
    assert json.loads(command.files["combinations.json"]) == rows
    assert command.files["combinations.json"].splitlines()[1] == json.dumps(rows[0]) + ","


def test_what_an_earlier_part_has_done_is_left_out_of_the_next_one(tmp_path: Path) -> None:
    config = read_config(write_config(tmp_path / "command.yaml", "RSI", PERIOD))
    done = [{"rsi_period": value, "exit_threshold": "70"} for value in ("10", "12.0", "18")]
    (command,) = plan_commands(config, WORKSPACE, OUTPUT, 4, done=done, first_part=2)
    assert command.output == OUTPUT / "part-02"
    assert [row["rsi_period"] for row in command.table] == ["14", "16", "20"]
    everything = [{"rsi_period": str(value)} for value in range(10, 22, 2)]
    assert plan_commands(config, WORKSPACE, OUTPUT, 4, done=everything, first_part=2) == []


def test_the_pilot_runs_a_combination_that_satisfies_the_conditions(tmp_path: Path) -> None:
    parameters = "    fast: {values: [20, 30, 50]}\n    slow: {start: 10, end: 30, step: 10}\n  where: [fast < slow]\n"
    config = read_config(write_config(tmp_path / "command.yaml", "RSI", parameters))
    arguments = build_backtest_command(config, OUTPUT, config.search.method.middle).arguments
    assert arguments[4:] == ("--parameter", "fast", "20", "--parameter", "slow", "30")


def test_an_euler_search_is_given_a_coarse_and_a_finest_step(tmp_path: Path) -> None:
    parameters = (
        "    rsi_period: {start: 8, end: 24, step: 1}\n    bb_std: {start: 1.5, end: 2.5, step: .5, min_step: .125}\n"
    )
    (command,) = _planned(tmp_path, parameters + "    lookback: {values: [20]}\n", search="Euler Search")
    content = _optimizer_config(command)
    assert content["parameters"] == [
        {"name": "rsi_period", "min": 8, "max": 24, "step": 8, "min-step": 1},
        {"name": "bb_std", "min": 1.5, "max": 2.5, "step": 0.5, "min-step": 0.125},
        {"name": "lookback", "value": "20"},
    ]
    assert content["optimization-strategy-settings"]["default-segment-amount"] == 2
    assert content["optimization-strategy"].endswith(".EulerSearchOptimizationStrategy")


@pytest.mark.parametrize(
    ("parameters", "warm_from", "mounted"),
    [
        (PERIOD, 7, []),
        (PERIOD, 6, ["launcher", "engine.json", "strategy_testing_host.py"]),
        (_LISTED, 0, ["launcher", "combinations.json", "engine.json", "strategy_testing_host.py"]),
    ],
)
def test_warm_engines_are_mounted_beside_what_the_user_mounts(
    tmp_path: Path, parameters: str, warm_from: int, mounted: list[str]
) -> None:
    more = "lean:\n  extra_docker_config: {volumes: {/srv: {bind: /Prices, mode: ro}}}\n"
    config = read_config(write_config(tmp_path / "command.yaml", "RSI", parameters, more=more))
    (command,) = plan_commands(config, WORKSPACE, OUTPUT, 4, warm_from=warm_from)
    docker = json.loads(command.arguments[command.arguments.index("--extra-docker-config") + 1])
    ours = {str(WORKSPACE / OUTPUT / name): name for name in mounted}
    assert list(docker["volumes"]) == ["/srv", *ours]
    assert all(docker["volumes"][file]["mode"] == "ro" for file in ours)
    assert set(command.files) - {"combinations.json"} == ({"engine.json"} if mounted else set())
    assert json.loads(command.files.get("engine.json", "{}")) == ({"engines": 2} if mounted else {})
