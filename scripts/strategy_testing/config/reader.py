"""Reads and validates an optimization's YAML: JSON Schema, then what a schema cannot say; every mistake at once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from strategy_testing.config.model import (
    BacktestSettings,
    Bound,
    Constraint,
    Criterion,
    FeeAssumptions,
    LeanSettings,
    OptimizationConfig,
    SearchSettings,
    StrategyInfo,
    WalkForward,
)
from strategy_testing.config.parameters import read_parameters
from strategy_testing.config.schema_validation import known_keys, schema_problems, shown, suggestion
from strategy_testing.config.yaml_source import YamlDocument, YamlPath, dotted, lean_decimal, parse_yaml, read_text
from strategy_testing.errors import ConfigError, Problem
from strategy_testing.metrics.catalogue import METRICS, Metric, criterion_metric, criterion_names
from strategy_testing.metrics.lean_names import UnknownMetricError, optimizer_path
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.searches import SEARCHES

FOR_PEOPLE = ("notes", "reporting", "expected_results", "analysis")
"""Sections kept for people; the framework does not read them."""

_BASIS_POINTS = Decimal(10000)
_FORMER_PRICING = {"lean": "lean", "fixed": "ib_fixed", "tiered": "ib_tiered"}
"""What fee_assumptions.pricing is called as fee_assumptions.model."""
_OPERATORS = (">", "<", ">=", "<=", "==", "!=")
_MAX_POSITION_SIZE = 4  # day-trading margin; more is a percent written for a fraction


def read_config(file: Path) -> OptimizationConfig:
    """Reads one configs/optimizations/NAME.yaml.

    Raises:
        UserError: the file cannot be read.
        ConfigError: all of its mistakes.
    """
    text = read_text(file)
    document = parse_yaml(file, text)
    problems = schema_problems(document, "optimization")
    if not isinstance(document.data, Mapping):
        raise ConfigError(problems)
    reader = _SemanticReader(document, {problem.path for problem in problems})
    config = reader.read(text)
    problems += reader.problems
    if problems or config is None:
        raise ConfigError(problems)
    return config


class _SemanticReader:
    """Builds the config from the parts that keep the schema, and collects what a schema cannot say."""

    def __init__(self, document: YamlDocument, broken: set[str]) -> None:
        self.document = document
        self.broken = broken
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def problem(self, path: YamlPath, message: str) -> None:
        self.problems.append(Problem(self.document.file, dotted(path), message, self.document.line_of(path)))

    def warning(self, path: YamlPath, message: str) -> None:
        warned = Problem(self.document.file, dotted(path), message, self.document.line_of(path))
        self.warnings.append(str(warned))

    def section(self, name: str) -> Mapping[str, Any]:
        value = self.document.data.get(name)
        return value if isinstance(value, Mapping) else {}

    def sound(self, section: Mapping[str, Any], *path: str) -> dict[str, Any]:
        """The keys of a section whose values keep the schema."""
        return {key: value for key, value in section.items() if dotted((*path, key)) not in self.broken}

    def read(self, text: str) -> OptimizationConfig | None:
        self._warn_of_unknown_sections()
        strategy = self._strategy()
        fees = self._fees()
        backtest = replace(self._backtest(), slippage_pct=_slippage(fees))
        search = self._search(set(backtest.fixed_parameters))
        criteria = self._criteria()
        lean = LeanSettings(**self._decimals(self.sound(self.section("lean"), "lean")))
        walk_forward = self._walk_forward(backtest)
        if self.broken or self.problems or strategy is None or search is None:
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
            document=self.document.data,
            text=text,
            warnings=tuple(self.warnings),
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
            self.problem(("backtest", key), f"{text} is not a day of the calendar; mend the month or the day")
            return None

    def _search(self, fixed: set[str]) -> SearchSettings | None:
        values = self.sound(self.section("optimization"), "optimization")
        target = values.get("target_metric")
        if isinstance(target, str):
            self._check_metric(("optimization", "target_metric"), target)
        constraints = [
            constraint
            for index, text in enumerate(values.get("constraints") or [])
            if isinstance(text, str) and (constraint := self._constraint(index, text)) is not None
        ]
        search = SEARCHES.get(values.get("type", ""), GridSearch)
        parameters = read_parameters(
            values.get("parameters"), fixed, self.broken, self.problem, self.warning, search=search
        )
        method = search(tuple(parameters))
        if not self.problems and method.doubt:
            self.warning(("optimization", "type"), method.doubt)
        if not all(key in values for key in ("type", "target_metric", "target_direction")):
            return None
        return SearchSettings(
            method=method,
            target_metric=values["target_metric"],
            target_direction=values["target_direction"],
            constraints=tuple(constraints),
            max_concurrent_backtests=values.get("max_concurrent_backtests"),
        )

    def _check_metric(self, path: YamlPath, name: str) -> bool:
        try:
            optimizer_path(name)
        except UnknownMetricError as error:
            self.problem(path, str(error))
            return False
        return True

    def _constraint(self, index: int, text: str) -> Constraint | None:
        path = ("optimization", "constraints", index)
        parts = text.rsplit(maxsplit=2)
        if len(parts) != 3 or parts[1] not in _OPERATORS:
            signs = " ".join(_OPERATORS)
            self.problem(path, f'{shown(text)} is no constraint; write "METRIC OPERATOR NUMBER" with one of {signs}')
            return None
        value = lean_decimal(parts[2])
        if value is None:
            hint = "write a fraction, 0.15 for 15 %" if parts[2].endswith("%") else "write a number"
            self.problem(path, f"{shown(parts[2])} is not a number; {hint}")
            return None
        metric = " ".join(parts[0].split())
        if not self._check_metric(path, metric):
            return None
        compared = optimizer_path(metric).lower()
        for known in METRICS:
            if known.lean_path and known.lean_path.lower() == compared and (trouble := _not_a_fraction(known, value)):
                self.problem(path, trouble)
                return None
        return Constraint(metric, parts[1], value)

    def _criteria(self) -> tuple[Criterion, ...]:
        criteria: list[Criterion] = []
        for name, threshold in self.sound(self.section("success_criteria"), "success_criteria").items():
            path = ("success_criteria", name)
            bound = name.split("_", 1)[0]
            metric = criterion_metric(name[4:]) if bound in ("min", "max") and name[3:4] == "_" else None
            if metric is None:
                self.problem(path, f"unknown criterion, {_criterion_hint(name)}")
                continue
            if trouble := _not_a_fraction(metric, Decimal(threshold)):
                self.problem(path, trouble)
                continue
            criteria.append(Criterion(name, metric, Bound(bound), Decimal(threshold)))
        self._check_contradictions(criteria)
        return tuple(criteria)

    def _check_contradictions(self, criteria: list[Criterion]) -> None:
        seen: dict[tuple[str, Bound], Criterion] = {}
        for criterion in criteria:
            column = criterion.metric.column
            same = seen.get((column, criterion.bound))
            if same is not None:
                self.problem(("success_criteria", criterion.name), f"means the same as {same.name}; keep one of them")
            seen[column, criterion.bound] = criterion
        for (column, bound), lower in seen.items():
            upper = seen.get((column, Bound.MAX))
            if bound is Bound.MIN and upper is not None and lower.threshold > upper.threshold:
                self.problem(
                    ("success_criteria", lower.name),
                    f"{lower.threshold} is above {upper.name} {upper.threshold}, so nothing could pass; mend one",
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

    def _walk_forward(self, backtest: BacktestSettings) -> WalkForward | None:
        if "walk_forward" not in self.document.data:
            return None
        for key in ("start_date", "end_date"):
            if getattr(backtest, key) is None and f"backtest.{key}" not in self.broken:
                self.problem(("backtest", key), "is missing; a walk-forward analysis needs it to cut its windows")
        values = self.sound(self.section("walk_forward"), "walk_forward")
        if not {"in_sample_months", "out_of_sample_months"} <= values.keys():
            return None
        fields = WalkForward.__dataclass_fields__
        return WalkForward(**{key: value for key, value in values.items() if key in fields})

    @staticmethod
    def _decimals(values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for key, value in values.items()
        }


def _slippage(fees: FeeAssumptions) -> Decimal | None:
    """The fraction of a price that the strategy is told; None for none."""
    return (fees.slippage_bps / _BASIS_POINTS).normalize() if fees.slippage_bps else None


def _not_a_fraction(metric: Metric, limit: Decimal) -> str | None:
    """What is wrong with a limit that its metric, a fraction between 0 and 1, can never reach."""
    if not metric.bounded_by_one or 0 <= limit <= 1:
        return None
    if limit < 0:
        return f"{limit} is below 0, which {metric.label.lower()} never is; write a fraction, 0.15 for 15 %"
    return f"{limit} is not a fraction; write {(limit / 100).normalize():f} for {limit} %"


def _criterion_hint(name: str) -> str:
    if name.startswith(("min_", "max_")):
        return suggestion(name, [known for known in criterion_names() if known.startswith(name[:4])])
    return "criteria begin with min_ or max_, such as min_sharpe"
