"""Reads what a page shows: rows out of the database, as values that the sections ask."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Any

from strategy_testing.config.model import FIXED_PARAMETERS, OptimizationConfig
from strategy_testing.config.reader import read_document
from strategy_testing.database.connection import Database
from strategy_testing.database.trials import returns_of_backtest, returns_of_benchmark
from strategy_testing.errors import UserError
from strategy_testing.files import load_json
from strategy_testing.metrics.catalogue import Metric, Unit
from strategy_testing.metrics.daily_returns import DailyReturns, unpack
from strategy_testing.metrics.lean_names import UnknownMetricError, comparable_metric
from strategy_testing.metrics.packed import PackedRow

MOST_CURVES = 5

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run."""

    run: Row
    results: Sequence[Row]
    """A row a combination: those that pass first, then the best target, failed ones last."""
    rejections: Sequence[Row]
    """What they miss, a row a criterion, the most frequent first: how many, how many nothing else, and the closest."""
    curves: Mapping[int, DailyReturns]
    """Of the best ones, by the numbers of their results, in their order."""
    held: DailyReturns | None
    """Buy-and-hold of the benchmark."""
    fees: Row | None
    """The run's line of the view fee_analysis."""
    config: OptimizationConfig | None
    """That judged it; None where there is none, or this version cannot read it."""

    @cached_property
    def completed(self) -> Sequence[Row]:
        """Combinations that did not fail."""
        return [row for row in self.results if row["status"] == "completed"]

    @cached_property
    def traded(self) -> Sequence[Row]:
        """Of these the ones that made a trade, with a target."""
        return [row for row in self.completed if row["total_trades"] and row["target_value"] is not None]

    @property
    def is_judged(self) -> bool:
        """Whether any combination was held against criteria."""
        return any(row["meets_criteria"] is not None for row in self.results)

    @cached_property
    def best(self) -> Row | None:
        """The best that passes, else the best that traded."""
        return next(iter(self.traded), None)

    @cached_property
    def varied(self) -> Sequence[str]:
        """Names of the parameters that differ from one combination to another."""
        names = dict.fromkeys(name for row in self.results for name in row["parameters"])
        free = [name for name in names if name not in FIXED_PARAMETERS]
        return [name for name in free if len({row["parameters"].get(name) for row in self.results}) > 1]

    def values(self, name: str) -> list[str]:
        """The values of a parameter: numbers by their size, texts by the alphabet."""
        found = {row["parameters"][name] for row in self.results if name in row["parameters"]}
        return sorted(found, key=lambda text: (number_of_text(text) is None, number_of_text(text) or 0, text))

    def combination(self, row: Row) -> str:
        """`rsi_period=16, entry_threshold=35` of what varies; of a run of one combination all that is not fixed."""
        names = self.varied or [name for name in row["parameters"] if name not in FIXED_PARAMETERS]
        shown = [f"{name}={row['parameters'][name]}" for name in names if name in row["parameters"]]
        return ", ".join(shown) or str(row["backtest_id"])

    @cached_property
    def target(self) -> Metric | None:
        """What the config optimises, where the catalogue has it."""
        try:
            return comparable_metric(self.run["target_metric"] or "Sharpe Ratio")[1]
        except UnknownMetricError:
            return None

    @property
    def target_label(self) -> str:
        """What the config optimises, for people."""
        return self.target.label if self.target else str(self.run["target_metric"])

    @property
    def target_unit(self) -> Unit:
        """The unit of what the config optimises."""
        return self.target.unit if self.target else Unit.RATIO

    @property
    def smaller_is_better(self) -> bool:
        """Whether the config minimises its target."""
        return bool(self.run["target_direction"] == "min")


@dataclass(frozen=True)
class AnalysisFacts:
    """What is known of a walk-forward analysis."""

    analysis: Row
    windows: Sequence[Row]
    runs: Sequence[Row]
    """Its runs, the newest first."""


@dataclass(frozen=True)
class BatchFacts:
    """What is known of a batch."""

    batch: Row
    runs: Sequence[Row]
    never_ran: Sequence[Row]


@dataclass(frozen=True)
class IndexFacts:
    """What there is at all."""

    leaderboard: Sequence[Row]
    runs: Sequence[Row]
    analyses: Sequence[Row]
    batches: Sequence[Row]


def run_facts(database: Database, run_id: int) -> RunFacts | None:
    """What is known of a run; None where there is none of this number."""
    with database.transaction():
        rows = database.rows("page_run", {"run": run_id})
        if not rows:
            return None
        found = [PackedRow(row) for row in database.each("page_results", {"run": run_id}, ())]
        results = _ordered(found, rows[0]["target_direction"] == "min")
        best = [row["id"] for row in results if row["has_returns"] and row["total_trades"]][:MOST_CURVES]
        curves = {number: returns_of_backtest(database, number) for number in best}
        rejections = database.rows("page_rejections", {"results": [row["id"] for row in results]})
        fees = database.rows("page_fees", {"run": run_id})
        held = returns_of_benchmark(database, run_id)
    known = {number: returns for number, returns in curves.items() if returns is not None}
    return RunFacts(rows[0], results, rejections, known, held, next(iter(fees), None), _config(rows[0]))


def _ordered(results: Sequence[Row], smaller_is_better: bool) -> list[Row]:
    """Those that did not fail first, among them those that made a trade, those that pass, then by the target."""

    def place(row: Row) -> tuple[bool, bool, bool, bool, Decimal, int]:
        value = row["target_value"]
        rank = Decimal(0) if value is None else (value if smaller_is_better else -value)
        passes = row["meets_criteria"] is True
        return row["status"] != "completed", not row["total_trades"], not passes, value is None, rank, row["id"]

    return sorted(results, key=place)


def _config(run: Row) -> OptimizationConfig | None:
    if run["config"] is None:
        return None
    try:
        document = load_json(json.dumps(run["config"]), Decimal)
        return read_document(document, Path(run["config_file"] or "config"))
    except UserError:
        return None


def analysis_facts(database: Database, analysis_id: int) -> AnalysisFacts | None:
    """What is known of a walk-forward analysis; None where there is none of this number."""
    with database.transaction():
        rows = database.rows("page_analysis", {"analysis": analysis_id})
        if not rows:
            return None
        windows = database.rows("page_windows", {"analysis": analysis_id})
        runs = database.rows("page_runs", {"batch": None, "analysis": analysis_id})
    return AnalysisFacts(rows[0], windows, runs)


def batch_facts(database: Database, batch_id: int) -> BatchFacts | None:
    """What is known of a batch; None where there is none of this number."""
    with database.transaction():
        rows = database.rows("page_batch", {"batch": batch_id})
        if not rows:
            return None
        runs = database.rows("page_runs", {"batch": batch_id, "analysis": None})
        never = database.rows("page_never_ran", {"batch": batch_id})
    return BatchFacts(rows[0], runs, never)


def index_facts(database: Database) -> IndexFacts:
    """What there is at all."""
    with database.transaction():
        return IndexFacts(
            leaderboard=database.rows("leaderboard"),
            runs=database.rows("page_runs", {"batch": None, "analysis": None}),
            analyses=database.rows("page_analyses"),
            batches=database.rows("page_batches"),
        )


def held_over(runs: Sequence[Row], part: str) -> tuple[str | None, Mapping[str, float]]:
    """Name of the benchmark, and its return of each day, ISO dates, over the runs of one part of an analysis."""
    of_part = [run for run in runs if run["part"] == part and run["benchmark_returns"] is not None]
    found: dict[str, float] = {}
    for run in of_part:
        returns = unpack(bytes(run["benchmark_returns"]))
        found |= dict(zip(returns.days.astype(str).tolist(), returns.values.tolist(), strict=True))
    return (of_part[0]["benchmark"] if of_part else None), found


def number_of_text(text: str) -> Decimal | None:
    """The number that a parameter's value spells; None where it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
