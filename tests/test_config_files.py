"""Example configs: each valid one is read as it is meant, each invalid one is refused with exactly these messages."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config, read_document
from strategy_testing.config.schema_validation import surely_keeps
from strategy_testing.config.yaml_source import read_yaml
from strategy_testing.errors import ConfigError, UserError
from strategy_testing.metrics.catalogue import LUCK_METRICS, METRICS, Unit
from strategy_testing.search.space import ListParameter, RangeParameter
from support import PROJECT

EXAMPLES = PROJECT / "tests" / "configs"
VALID = sorted((EXAMPLES / "valid").glob("*.yaml"))
INVALID = sorted((EXAMPLES / "invalid").glob("*.yaml"))
SHIPPED = sorted((PROJECT / "configs" / "optimizations").glob("*.yaml"))

# The example of the format's description. Its `notes` is in quotes here: without them no YAML parser takes its colon.
DESCRIBED = """\
strategy:
  name: RSI_MeanReversion_ETF              # row in `strategies`; created when missing
  lean_project_path: RSI_MeanReversion_ETF # folder below the lean workspace (lean_projects/)
  description: RSI mean reversion on liquid ETFs
  category: mean_reversion                 # mean_reversion momentum volatility futures hybrid event_based
  asset_class: etf                         # etf equity futures forex crypto etf_pairs

optimization:
  type: Grid Search                        # Grid Search | Euler Search
  target_metric: Sharpe Ratio
  target_direction: max                    # max | min
  constraints:
    - "Drawdown < 0.15"
    - "Total Trades > 100"
  parameters:
    rsi_period: {start: 10, end: 20, step: 2}           # 10 12 14 16 18 20
    entry_threshold: {start: 25, end: 35, step: 5, type: int, description: RSI below this buys}
    exit_threshold: {values: [50, 60, 75]}              # an irregular list
    use_trend: {values: [true, false]}
    stop_loss_pct: {start: 0.01, end: 0.02, step: 0.005, type: float, default: 0.015}
  max_concurrent_backtests: 2              # default: the machine's cores, bounded by its memory

backtest:
  start_date: "2015-01-01"                 # reach the strategy as the parameters start_date, end_date, initial_capital
  end_date: "2020-12-31"
  initial_capital: 1000
  resolution: Daily                        # data_resolution is accepted too
  brokerage: InteractiveBrokersBrokerage
  benchmark: SPY                           # reaches the strategy as the parameter benchmark; default: its first ticker

success_criteria:
  min_trades: 100                          # round trips
  min_sharpe: 1.0
  max_drawdown: 0.15                       # fractions everywhere: 0.15 is 15 %
  min_win_rate: 0.50
  min_avg_win: 0.01
  max_fee_pct: 0.30                        # total fees of the whole period / starting capital
  max_annual_fee_pct: 0.05                 # the same a year
  min_oos_sharpe: 0.5                      # of the analysis
  max_oos_drawdown: 0.2

fee_assumptions:
  per_trade_fee: 1.0                       # dollars an order
  expected_trades_per_year: 120            # orders a year
  model: lean                              # lean | ib_fixed | ib_tiered | ib_lite | per_trade (per_trade_fee alone)
  slippage_bps: 0                          # reaches the strategy as slippage_pct

walk_forward:                              # present: a walk-forward analysis instead of one optimization
  in_sample_months: 24
  out_of_sample_months: 12
  anchored: false
  windows: []                              # instead of the months
  last_window: drop                        # keep | drop a last window that is shorter
  choose: plateau                          # best | plateau
  out_of_sample: all                       # chosen | all

lean:
  image: quantconnect/lean:latest
  timeout_minutes: 720
  stall_minutes: 30

notes: "free text or a list; also reporting, expected_results, analysis: kept for people, not used"
"""


def _refusal(file: Path) -> str:
    """What the user is told, with the file's bare name."""
    with pytest.raises(UserError) as refused:
        read_config(file)
    return str(refused.value).replace(str(file), file.name)


def _valid(name: str) -> OptimizationConfig:
    return read_config(EXAMPLES / "valid" / f"{name}.yaml")


def _written(folder: Path, text: str) -> Path:
    file = folder / "written.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def _flags_only() -> str:
    return (EXAMPLES / "valid" / "flags_only.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_every_mistake_of_an_invalid_file_is_reported_at_once(file: Path) -> None:
    assert _refusal(file) == file.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")


def test_there_are_many_invalid_files_and_each_has_its_messages() -> None:
    assert len(INVALID) >= 30
    assert {file.stem for file in INVALID} == {file.stem for file in (EXAMPLES / "invalid").glob("*.txt")}


@pytest.mark.parametrize("file", VALID + SHIPPED, ids=lambda file: file.stem)
def test_a_valid_file_is_accepted_as_it_stands(file: Path) -> None:
    config = read_config(file)
    assert config.text == file.read_text(encoding="utf-8")
    assert {parameter.name for parameter in config.search.parameters} == set(
        config.document["optimization"]["parameters"]
    )


_ALL = (*METRICS, *LUCK_METRICS)
_SOUND = [file for file in VALID if file.stem not in ("unknown_section", "former_pricing")]


@pytest.mark.parametrize("file", _SOUND, ids=lambda file: file.stem)
def test_a_sound_file_gives_no_warning(file: Path) -> None:
    assert read_config(file).warnings == ()


def test_conditions_restrict_the_search(tmp_path: Path) -> None:
    search = _valid("where").search.method
    assert (search.combinations, search.size) == (27, "27 of 72 combinations")
    lists = (EXAMPLES / "valid" / "where.yaml").read_text(encoding="utf-8")
    config = read_config(_written(tmp_path, lists + "    - fast_sma < slow_sma + 100\n"))
    (warning,) = config.warnings
    assert "optimization.where[3]: excludes no combination; correct it, or leave it out (line 18)" in warning
    assert config.search.method.combinations == 27


def test_the_described_example_is_accepted_in_full(tmp_path: Path) -> None:
    config = read_config(_written(tmp_path, DESCRIBED))
    assert config.warnings == ()
    assert config.search.parameters == (
        RangeParameter("rsi_period", Decimal(10), Decimal(20), Decimal(2)),
        RangeParameter("entry_threshold", Decimal(25), Decimal(35), Decimal(5)),
        ListParameter("exit_threshold", (Decimal(50), Decimal(60), Decimal(75))),
        ListParameter("use_trend", ("true", "false")),
        RangeParameter("stop_loss_pct", Decimal("0.01"), Decimal("0.02"), Decimal("0.005")),
    )
    assert [(c.metric, c.operator, c.value) for c in config.search.constraints] == [
        ("Drawdown", "<", Decimal("0.15")),
        ("Total Trades", ">", Decimal(100)),
    ]
    assert [(c.name, c.metric.column, c.threshold) for c in config.criteria] == [
        ("min_trades", "total_trades", Decimal(100)),
        ("min_sharpe", "sharpe_ratio", Decimal("1.0")),
        ("max_drawdown", "max_drawdown", Decimal("0.15")),
        ("min_win_rate", "win_rate", Decimal("0.50")),
        ("min_avg_win", "avg_win", Decimal("0.01")),
        ("max_fee_pct", "fee_pct", Decimal("0.30")),
        ("max_annual_fee_pct", "annual_fee_pct", Decimal("0.05")),
    ]
    # Each backtest of a walk-forward analysis has days of its own.
    assert config.backtest.fixed_parameters == {"initial_capital": "1000", "benchmark": "SPY"}
    assert (config.period.start_date, config.period.end_date) == (date(2015, 1, 1), date(2020, 12, 31))
    assert config.walk_forward is not None
    assert [str(window.out_of_sample) for window in config.walk_forward.windows] == [
        f"{year}-01-01 to {year}-12-31" for year in (2017, 2018, 2019, 2020)
    ]
    assert config.walk_forward.thresholds == {"min_oos_sharpe": Decimal("0.5"), "max_oos_drawdown": Decimal("0.2")}
    assert (config.walk_forward.choose, config.walk_forward.tests_all) == ("plateau", True)
    assert config.backtests == 4 * 2 * 6 * 3 * 3 * 2 * 3
    assert (config.fees.per_trade_fee, config.fees.expected_trades_per_year) == (Decimal("1.0"), Decimal(120))
    assert (config.lean.image, config.lean.timeout_minutes, config.lean.stall_minutes) == (
        "quantconnect/lean:latest",
        Decimal(720),
        Decimal(30),
    )
    assert config.search.max_concurrent_backtests == 2


def test_lists_keep_numbers_texts_and_booleans_apart() -> None:
    by_name = {parameter.name: parameter for parameter in _valid("lists").search.parameters}
    assert by_name["exit_threshold"] == ListParameter("exit_threshold", (Decimal(50), Decimal(60), Decimal(75)))
    assert by_name["use_trend"] == ListParameter("use_trend", ("true", "false"))
    assert by_name["tickers"] == ListParameter("tickers", ("SPY", "SPY|QQQ|IWM"))
    assert by_name["time_of_day"] == ListParameter("time_of_day", ("yes", "on", "2015-01-01"))
    assert by_name["stop_loss_pct"] == ListParameter(
        "stop_loss_pct", (Decimal("-0.01"), Decimal("0.01"), Decimal("0.015"))
    )


def test_an_unquoted_date_means_the_same_as_a_quoted_one() -> None:
    backtest = _valid("unquoted_dates").backtest
    assert (backtest.start_date, backtest.end_date) == (date(2015, 1, 1), date(2020, 12, 31))
    assert backtest.resolution == "Daily"


def test_a_config_without_a_backtest_section_hands_the_strategy_nothing_but_its_combination() -> None:
    config = _valid("flags_only")
    assert config.backtest.fixed_parameters == {}
    assert config.criteria == ()
    assert config.walk_forward is None
    assert config.search.target_direction == "min"


def test_a_walk_forward_section_is_read() -> None:
    config = _valid("walk_forward")
    assert config.walk_forward is not None
    assert {window.in_sample.start for window in config.walk_forward.windows} == {date(2015, 1, 1)}
    assert len(config.walk_forward.windows) == 4
    assert (config.walk_forward.choose, config.walk_forward.tests_all) == ("best", False)
    assert config.backtests == 4 * (6 + 1)


def test_windows_can_be_listed_and_need_no_other_dates() -> None:
    config = _valid("walk_forward_windows")
    assert config.walk_forward is not None
    windows = [f"{window.in_sample} | {window.out_of_sample}" for window in config.walk_forward.windows]
    assert windows == [
        "2012-01-03 to 2013-12-31 | 2014-01-01 to 2014-06-30",
        "2012-01-03 to 2014-06-30 | 2014-07-01 to 2015-12-31",
    ]
    assert (config.period.start_date, config.period.end_date) == (date(2012, 1, 3), date(2015, 12, 31))


def test_min_step_belongs_to_its_range() -> None:
    finest = {p.name: p.min_step for p in _valid("euler_search").search.parameters if isinstance(p, RangeParameter)}
    assert finest == {"rsi_period": Decimal(1), "bb_std_dev": Decimal("0.125"), "weight": Decimal(3)}


def test_numbers_stay_decimal() -> None:
    config = _valid("ranges")
    assert config.backtest.initial_capital == Decimal("1000.50")
    assert config.lean.stall_minutes == Decimal("0.5")
    assert config.fees.position_size_pct == Decimal("0.25")
    assert config.max_fee_pct is None
    assert config.fees.slippage_bps == Decimal("2.5")
    assert config.backtest.fixed_parameters["slippage_pct"] == "0.00025"


def test_the_benchmark_reaches_the_strategy() -> None:
    assert _valid("ranges").backtest.fixed_parameters["benchmark"] == "BRK.B"
    assert "benchmark" not in _valid("flags_only").backtest.fixed_parameters


def test_the_clis_own_options_are_read_and_kept_without_their_secrets() -> None:
    config = _valid("lean_options")
    lean = config.lean
    assert (lean.data_provider_historical, lean.no_update, lean.release) == ("Polygon", True, True)
    assert lean.extra_config == {
        "maximum-data-points-per-chart-series": "100000",
        "show-missing-data-logs": "true",
        "vendor-secret": "secret-of-the-vendor",
    }
    assert (lean.addon_module, lean.extra_arguments[:2]) == (
        ("First", "Second"),
        ("--polygon-api-key", "key-of-polygon"),
    )
    kept = config.document["lean"]
    assert kept["extra_config"]["vendor-secret"] == "***"
    assert kept["extra_arguments"] == ["--polygon-api-key", "***"]
    assert kept["extra_docker_config"]["environment"] == {"TZ": "UTC", "VENDOR_TOKEN": "***"}
    assert "of-the-vendor" not in str(config.document)


def test_the_former_name_of_the_fee_model_is_understood() -> None:
    config = _valid("former_pricing")
    assert config.fees.model == "ib_tiered"
    assert [warning.split(": ", 1)[1] for warning in config.warnings] == [
        "fee_assumptions.pricing: is now called model; write model: ib_tiered (line 10)",
    ]


def test_an_unknown_section_or_strategy_key_is_a_warning() -> None:
    config = _valid("unknown_section")
    assert [warning.replace(str(config.file), config.file.name) for warning in config.warnings] == [
        "unknown_section.yaml: backtests: unknown section, not used; did you mean backtest? (line 11)",
        "unknown_section.yaml: strategy.author: unknown key, not used; use one of name, lean_project_path, "
        "description, hypothesis, category, asset_class, priority (line 4)",
    ]
    assert config.backtest.start_date is None


def test_a_range_that_never_reaches_its_end_is_a_warning(tmp_path: Path) -> None:
    file = _written(tmp_path, _flags_only().replace("end: 20", "end: 21"))
    assert read_config(file).warnings == (
        f"{file}: optimization.parameters.rsi_period.end: 21 is never tested; the last value is 20 (line 10)",
    )


@pytest.mark.parametrize(
    ("target", "direction", "said"),
    [
        ("Sharpe Ratio", "min", "min looks for the worst: a larger sharpe ratio is better"),
        ("Drawdown", "max", "max looks for the worst: a smaller drawdown is better"),
        ("Drawdown", "min", None),
        ("Beta", "min", None),
    ],
)
def test_a_search_for_the_worst_is_a_warning(tmp_path: Path, target: str, direction: str, said: str | None) -> None:
    text = _flags_only().replace("Total Fees", target)
    text = text.replace("target_direction: min", f"target_direction: {direction}")
    warnings = read_config(_written(tmp_path, text)).warnings
    assert [warning.split("target_direction: ")[1].split(";")[0] for warning in warnings] == ([said] if said else [])


def test_a_limit_on_recovered_drawdowns_only_is_a_warning(tmp_path: Path) -> None:
    criteria = "success_criteria: {max_drawdown_recovery: 100, max_time_under_water: 100}\n"
    file = _written(tmp_path, _flags_only() + criteria)
    assert read_config(file).warnings == (
        f"{file}: success_criteria.max_drawdown_recovery: counts only drawdowns that recovered, so that one which "
        "never did passes; max_time_under_water counts an open one too (line 11)",
    )


def test_a_default_outside_its_range_is_a_warning(tmp_path: Path) -> None:
    file = _written(tmp_path, _flags_only().replace("step: 2}", "step: 2, default: 25}"))
    assert read_config(file).warnings == (
        f"{file}: optimization.parameters.rsi_period.default: 25 lies outside 10 to 20; widen the range or change the "
        "default (line 10)",
    )


def test_an_euler_search_with_nothing_to_refine_is_a_warning(tmp_path: Path) -> None:
    text = _flags_only().replace("Grid Search", "Euler Search").replace("end: 20, step: 2", "end: 11, step: 1")
    file = _written(tmp_path, text)
    assert read_config(file).warnings == (
        f"{file}: optimization.type: with these steps there is nothing to refine, so Euler Search is a plain grid; "
        "give finer steps, or write Grid Search (line 5)",
    )


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("strategy: {name: Größe}\n".encode("latin-1"))
    assert _refusal(file) == "latin.yaml: is not UTF-8 text (byte 19); save it as UTF-8"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "windows.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + _flags_only().replace("\n", "\r\n").encode())
    assert read_config(file).strategy.name == "RSI_MeanReversion_ETF"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "none.yaml") == "none.yaml: no such file; check the path"
    assert _refusal(tmp_path).endswith("is a folder; name a YAML file in it")


@pytest.mark.parametrize("depth", [51, 200, 480, 500, 2000, 20_000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ("{a: ", "}")], ids=["lists", "mappings"])
def test_very_deep_nesting_is_refused_without_a_traceback(tmp_path: Path, depth: int, left: str, right: str) -> None:
    file = _written(tmp_path, f"{_flags_only()}notes: {left * depth}1{right * depth}\n")
    with pytest.raises(ConfigError) as refused:
        read_config(file)
    assert "is nested too deeply; no config needs that" in str(refused.value)


def test_nesting_that_people_write_is_accepted(tmp_path: Path) -> None:
    file = _written(tmp_path, f"{_flags_only()}notes: {'[' * 20}1{']' * 20}\n")
    assert read_config(file).warnings == ()


@pytest.mark.parametrize("bound", ["min", "max"])
def test_every_stored_metric_has_both_criteria(tmp_path: Path, bound: str) -> None:
    names = [f"{bound}_{metric.criterion_names[0]}" for metric in _ALL]
    limits = {metric.column: -0.5 if metric.is_never_positive else 0.5 for metric in _ALL}
    limits |= {metric.column: 1 for metric in _ALL if metric.unit is Unit.COUNT}
    lines = "".join(f"  {name}: {limits[metric.column]}\n" for name, metric in zip(names, _ALL, strict=True))
    dozen = _flags_only().replace("step: 2", "step: 0.5")
    config = read_config(_written(tmp_path, f"{dozen}success_criteria:\n{lines}"))
    assert [criterion.name for criterion in config.criteria] == names
    assert [criterion.metric for criterion in config.criteria] == list(_ALL)


def test_the_document_that_is_kept_of_a_config_can_judge_in_its_place(tmp_path: Path) -> None:
    """Numbers come back from JSON; secrets are masked, which is no mistake."""
    options = "lean:\n  extra_config: {a-key: 5}\n  extra_arguments: [--polygon-api-key, s3cret]\n"
    config = read_config(_written(tmp_path, DESCRIBED.replace("lean:\n", options)))
    kept = json.loads(json.dumps(config.document, default=float), parse_float=Decimal)
    again = read_document(kept, Path("kept"))
    for part in ("criteria", "search", "backtest", "strategy"):
        assert getattr(again, part) == getattr(config, part)
    assert again.document == kept
    with pytest.raises(ConfigError, match=r"kept: success_criteria\.min_luck: unknown criterion"):
        read_document(kept | {"success_criteria": {"min_luck": 7}}, Path("kept"))


def test_what_is_accepted_without_jsonschema_keeps_the_schema_by_jsonschema(tmp_path: Path) -> None:
    (file := tmp_path / "described.yaml").write_text(DESCRIBED, encoding="utf-8")
    schema = json.loads((PROJECT / "configs/schemas/optimization.schema.json").read_text(encoding="utf-8"))
    judge = Draft202012Validator(schema)
    document: Any = read_yaml(file).data
    accepted = refused = 0
    for holder, key in _places(document):
        whole = holder[key]
        for odd in ("", "1", "x", 0, 1, 0.5, Decimal("-0.5"), True, None, [], ["x", 1], {}, {"x": 1}):
            holder[key] = odd
            is_plain = surely_keeps(document, schema, schema)
            assert not is_plain or judge.is_valid(document), (key, odd)
            accepted, refused = accepted + is_plain, refused + (not is_plain)
        del holder[key]
        assert not surely_keeps(document, schema, schema) or judge.is_valid(document), key
        holder[key] = whole
    assert accepted > 100 < refused


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of a document that another may stand for, by what holds it; what is in lists stays."""
    for key, member in list(value.items()) if isinstance(value, dict) else ():
        yield from _places(member)
        yield value, key


@pytest.mark.parametrize("file", SHIPPED[:1] + VALID[:1], ids=lambda file: file.stem)
def test_a_valid_file_is_read_without_what_is_slow_to_import(file: Path) -> None:
    reads = f"from strategy_testing.config.reader import read_config; read_config(pathlib.Path({str(file)!r}))"
    asks = "print([name for name in ('jsonschema', 'numpy', 'tabulate') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"import pathlib, sys; {reads}; {asks}"],
        env=os.environ | {"PYTHONPATH": str(PROJECT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
