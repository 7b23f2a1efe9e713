"""Reads and validates an optimization's YAML: JSON Schema, then what a schema cannot say; every mistake at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from strategy_testing.config.bars import check_metric, doubt_about_direction, read_constraints, read_criteria
from strategy_testing.config.findings import Findings
from strategy_testing.config.lean_section import read_lean
from strategy_testing.config.model import (
    BacktestSettings,
    Criterion,
    FeeAssumptions,
    OptimizationConfig,
    SearchSettings,
    StrategyInfo,
)
from strategy_testing.config.parameters import read_parameters, search_is_too_large
from strategy_testing.config.schema_validation import known_keys, shown, suggestion
from strategy_testing.config.secrets import masked
from strategy_testing.config.walk_forward import read_walk_forward
from strategy_testing.config.where import read_where
from strategy_testing.config.yaml_source import YamlDocument, parse_yaml, read_text
from strategy_testing.errors import ConfigError, UserError
from strategy_testing.metrics.catalogue import FEWEST_COMBINATIONS
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.searches import SEARCHES

FOR_PEOPLE = ("notes", "reporting", "expected_results", "analysis")
"""Sections kept for people; the framework does not read them."""

_BASIS_POINTS = Decimal(10000)
_FORMER_PRICING = {"lean": "lean", "fixed": "ib_fixed", "tiered": "ib_tiered"}
"""What fee_assumptions.pricing is called as fee_assumptions.model."""
_MAX_POSITION_SIZE = 4  # day-trading margin; more is a percent written for a fraction


def read_config(file: Path) -> OptimizationConfig:
    """Reads one configs/optimizations/NAME.yaml.

    Raises:
        UserError: the file cannot be read.
        ConfigError: all of its mistakes.
    """
    text = read_text(file)
    document = parse_yaml(file, text)
    if isinstance(document.data, Mapping) and "optimizations" in document.data and "strategy" not in document.data:
        remedy = f"run it with optimize_runner.py --batch {file}, or name one of its configs"
        raise UserError(f"{file}: is a batch, not a config", remedy)
    return _read(document, text)


def read_document(document: Mapping[str, Any], name: Path) -> OptimizationConfig:
    """A config out of the document that was kept of it for the record, to judge by; it has no text and cannot run.

    Args:
        document: OptimizationConfig.document. Its section `lean`, which holds *** for secrets, is not read.
        name: what messages call it.

    Raises:
        ConfigError: what this version finds wrong with it.
    """
    readable = {section: value for section, value in document.items() if section != "lean"}
    return replace(_read(YamlDocument(name, readable, {}), ""), document=document)


def _read(document: YamlDocument, text: str) -> OptimizationConfig:
    reader = _ConfigReader(document, "optimization")
    if not isinstance(document.data, Mapping):
        raise ConfigError(reader.problems)
    config = reader.read(text)
    if reader.problems or config is None:
        raise ConfigError(reader.problems)
    return config


class _ConfigReader(Findings):
    """Builds the config from the parts that keep the schema, and collects what a schema cannot say."""

    def read(self, text: str) -> OptimizationConfig | None:
        self._warn_of_unknown_sections()
        strategy = self._strategy()
        fees = self._fees()
        backtest = replace(self._backtest(), slippage_pct=_slippage(fees))
        dates = ("start_date", "end_date") if "walk_forward" in self.document.data else ()
        search = self._search({*backtest.fixed_parameters, *dates})
        criteria = read_criteria(self)
        self._refuse_overfitting_of_few(search, criteria)
        lean = read_lean(self)
        walk_forward = read_walk_forward(self, backtest, search.method if search else None)
        if walk_forward is not None:  # each of its backtests has days of its own
            backtest = replace(backtest, start_date=None, end_date=None)
        if self.problems or strategy is None or search is None:
            return None
        return OptimizationConfig(
            file=self.document.file,
            strategy=strategy,
            search=search,
            backtest=backtest,
            criteria=criteria,
            fees=fees,
            lean=lean,
            walk_forward=walk_forward,
            document={name: masked(part) if name == "lean" else part for name, part in self.document.data.items()},
            text=text,
            warnings=tuple(self.warnings),
        )

    def _refuse_overfitting_of_few(self, search: SearchSettings | None, criteria: tuple[Criterion, ...]) -> None:
        count = search.method.combinations if search else None
        for each in criteria:
            if each.metric.column == "pbo" and count is not None and count < FEWEST_COMBINATIONS:
                self.problem(
                    ("success_criteria", each.name),
                    f"needs {FEWEST_COMBINATIONS} combinations, the config has {count}, so nothing could pass; "
                    "leave it out, or widen the grid",
                )

    def _warn_of_unknown_sections(self) -> None:
        known = [*known_keys("optimization"), *FOR_PEOPLE]
        for name in self.document.data:
            if name not in known:
                self.warning((name,), f"unknown section, not used; {suggestion(name, known)}")
        described = ("name", "lean_project_path", "description", "hypothesis", "category", "asset_class", "priority")
        for name in self.section("strategy"):
            if name not in described:
                self.warning(("strategy", name), f"unknown key, not used; {suggestion(name, described)}")

    def _strategy(self) -> StrategyInfo | None:
        values = self.sound(self.section("strategy"), "strategy")
        project = values.get("lean_project_path")
        if isinstance(project, str):
            parts = Path(project).parts
            if Path(project).is_absolute() or ".." in parts or project.startswith("-") or not parts:
                self.problem(
                    ("strategy", "lean_project_path"),
                    f"{shown(project)} is not a folder below the lean workspace; write its path from there",
                )
        fields = StrategyInfo.__dataclass_fields__
        known = {key: value for key, value in values.items() if key in fields}
        if not isinstance(known.get("name"), str) or not isinstance(project, str):
            return None
        return StrategyInfo(**known)

    def _backtest(self) -> BacktestSettings:
        values = self.sound(self.section("backtest"), "backtest")
        dates = {key: self._date(key, values[key]) for key in ("start_date", "end_date") if key in values}
        start, end = dates.get("start_date"), dates.get("end_date")
        if start and end and start > end:
            self.problem(("backtest", "start_date"), f"{start} is after end_date {end}; swap them")
        resolution, other = values.get("resolution"), values.get("data_resolution")
        if resolution and other and resolution != other:
            self.problem(
                ("backtest", "data_resolution"),
                f"{other} contradicts resolution {resolution}; the two keys mean the same, keep one",
            )
        resolution = resolution or other
        if resolution and resolution != "Daily":
            self.warning(("backtest", "resolution"), f"{resolution} means many orders; fees kill small accounts")
        return BacktestSettings(
            start_date=start,
            end_date=end,
            initial_capital=None if (capital := values.get("initial_capital")) is None else Decimal(capital),
            resolution=resolution,
            brokerage=values.get("brokerage"),
            benchmark=values.get("benchmark"),
        )

    def _date(self, key: str, text: str) -> date | None:
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.problem(("backtest", key), f"{text} is not a day of the calendar; fix the month or the day")
            return None

    def _search(self, fixed: set[str]) -> SearchSettings | None:
        values = self.sound(self.section("optimization"), "optimization")
        target = values.get("target_metric")
        if isinstance(target, str) and check_metric(self, ("optimization", "target_metric"), target):
            doubt = doubt_about_direction(target, values.get("target_direction", ""))
            if doubt and "target_direction" in values:
                self.warning(("optimization", "target_direction"), doubt)
        constraints = read_constraints(self, values.get("constraints") or [])
        search = SEARCHES.get(values.get("type", ""), GridSearch)
        parameters = read_parameters(
            values.get("parameters"), fixed, self.broken, self.problem, self.warning, search=search
        )
        too_many = search_is_too_large(tuple(parameters))
        if too_many is not None:
            self.problem(("optimization", "parameters"), too_many)
            parameters = []
        method = search(tuple(parameters))
        if "where" in values and not self.breaks("optimization", "where") and parameters:
            method = read_where(self, method, values["where"], list(values["parameters"]))
        if not self.found_beyond_schema and method.doubt:
            self.warning(("optimization", "type"), method.doubt)
        if not all(key in values for key in ("type", "target_metric", "target_direction")):
            return None
        return SearchSettings(
            method=method,
            target_metric=values["target_metric"],
            target_direction=values["target_direction"],
            constraints=constraints,
            max_concurrent_backtests=values.get("max_concurrent_backtests"),
        )

    def _fees(self) -> FeeAssumptions:
        values = self._decimals(self.sound(self.section("fee_assumptions"), "fee_assumptions"))
        fields = FeeAssumptions.__dataclass_fields__
        if "pricing" in values:
            model = _FORMER_PRICING[values["pricing"]]
            self.warning(("fee_assumptions", "pricing"), f"is now called model; write model: {model}")
            if values.setdefault("model", model) != model:
                self.problem(("fee_assumptions", "pricing"), f"contradicts model {values['model']}; keep model")
        fees = FeeAssumptions(**{key: value for key, value in values.items() if key in fields})
        if (
            fees.model == "per_trade"
            and fees.per_trade_fee is None
            and "fee_assumptions.per_trade_fee" not in self.broken
        ):
            self.problem(("fee_assumptions", "per_trade_fee"), "is missing; the model per_trade is this fee alone")
        size = fees.position_size_pct
        if size is not None and size > _MAX_POSITION_SIZE:
            self.problem(
                ("fee_assumptions", "position_size_pct"),
                f"{size} is not a fraction; write 0.25 for 25 % of the capital",
            )
        return fees

    @staticmethod
    def _decimals(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for key, value in values.items()
        }


def _slippage(fees: FeeAssumptions) -> Decimal | None:
    """The fraction of a price that the strategy is given; None for none."""
    return (fees.slippage_bps / _BASIS_POINTS).normalize() if fees.slippage_bps else None
