"""Runs a walk-forward analysis: every in-sample backtest, the choice in each window, and the test of it.

Each of the two parts is a run like any other, so that what a run has holds for it: storing as it goes, limits, taking
known results, going on after an interruption.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from strategy_testing.config.model import OptimizationConfig, WalkForward
from strategy_testing.database.connection import Database
from strategy_testing.database.walk_forward import (
    AnalysisRun,
    NewAnalysis,
    open_analysis,
    restart_analysis,
    runs_of_analysis,
)
from strategy_testing.errors import ExitCode
from strategy_testing.importing.walk_forward import put_together
from strategy_testing.metrics.figures import number_of
from strategy_testing.report.progress import ProgressDisplay
from strategy_testing.results.folder import read_run
from strategy_testing.results.optimizer_config import fixed_values
from strategy_testing.runs.execute import RunOptions, reserve_folder, run_plan
from strategy_testing.runs.plan import LeanSetup, RunPlan, plan_run
from strategy_testing.runs.resume import plan_resumption
from strategy_testing.runs.reuse import find_reusable
from strategy_testing.search.euler_search import EulerSearch
from strategy_testing.search.periods import END, START, EulerOverPeriods, listed, over_periods
from strategy_testing.verdict.criteria import Standard
from strategy_testing.verdict.summary import ImportedRun
from strategy_testing.verdict.walk_forward import IN_SAMPLE, OUT_OF_SAMPLE, DecidedWindow, Rules

_LEAST_MINUTES = Decimal("0.01")
from strategy_testing.verdict.walk_forward_summary import StoredWindows


@dataclass(frozen=True)
class AnalysisPlan:
    """What an analysis is run with."""

    config: OptimizationConfig
    """With a section walk_forward."""
    walk_forward: WalkForward
    setup: LeanSetup
    options: RunOptions
    is_fresh: bool
    """Take no result of earlier runs."""
    analysis: NewAnalysis
    strategy_id: int
    retry_failed: bool = False

    @property
    def rules(self) -> Rules:
        """How its windows are decided."""
        return Rules.of(self.config, self.walk_forward)

    @property
    def out_of_sample_backtests(self) -> int | None:
        """At most, behind those that choose; None where nobody knows beforehand."""
        each = self.config.search.method.combinations if self.walk_forward.tests_all else 1
        return None if each is None else each * len(self.walk_forward.windows)


@dataclass(frozen=True)
class EndedAnalysis:
    """How an analysis ended."""

    runs: tuple[ImportedRun, ...]
    """Its parts, as far as they came."""
    windows: StoredWindows


def in_sample_config(config: OptimizationConfig, walk_forward: WalkForward) -> OptimizationConfig:
    """The config of the in-sample run: the search over the days of every window."""
    periods = dict.fromkeys(window.in_sample for window in walk_forward.windows)
    return replace(config, search=replace(config.search, method=over_periods(config.search.method, list(periods))))


def out_of_sample_config(
    config: OptimizationConfig, walk_forward: WalkForward, windows: Sequence[DecidedWindow]
) -> OptimizationConfig | None:
    """The config of the out-of-sample run, None where nothing is to be tested.

    Args:
        config: of the analysis.
        walk_forward: its section; where it tests all, every combination of a grid in every window is one.
        windows: with their choices.
    """
    method = config.search.method
    if walk_forward.tests_all and not isinstance(method, EulerSearch):
        periods = [window.window.out_of_sample for window in windows]
        return replace(config, search=replace(config.search, method=over_periods(method, periods)))
    rows = [
        {**each.parameters, START: str(each.window.out_of_sample.start), END: str(each.window.out_of_sample.end)}
        for each in windows
        if each.parameters is not None
    ]
    return replace(config, search=replace(config.search, method=listed(method, rows))) if rows else None


def follows(config: OptimizationConfig, walk_forward: WalkForward) -> str:
    """What follows the in-sample run, in words."""
    count = len(walk_forward.windows)
    each = config.search.method.combinations
    windows = number_of(count, "window")
    if walk_forward.tests_all and each is not None:
        return f"every combination out-of-sample: {number_of(count * each, 'backtest')} in one more `lean optimize`"
    return f"the choice of each of {windows} out-of-sample: {number_of(count, 'backtest')} in one more `lean optimize`"


def run_analysis(database: Database, plan: AnalysisPlan, display: ProgressDisplay) -> EndedAnalysis:
    """Runs an analysis, or what it lacks, to its end, or until it fails or is interrupted.

    Raises:
        UserError, DatabaseError: as run_plan.
        KeyboardInterrupt, TerminatedError: after everything that finished was stored.
    """
    with database.transaction():
        analysis = open_analysis(database, plan.strategy_id, plan.analysis)
        restart_analysis(database, analysis.id)
    under_way = _UnderWay(database, plan, analysis.id, display)
    try:
        runs = under_way.carry_out()
    finally:
        stored = under_way.put_together(has_ended=True)
    return EndedAnalysis(tuple(runs), stored)


@dataclass(frozen=True)
class _UnderWay:
    """An analysis that runs."""

    database: Database
    plan: AnalysisPlan
    id: int
    display: ProgressDisplay

    def carry_out(self) -> list[ImportedRun]:
        """The two parts, the second only where the first is whole."""
        plan, began = self.plan, time.monotonic()
        inside = self._part(IN_SAMPLE, in_sample_config(plan.config, plan.walk_forward))
        if not self._is_whole(inside):
            return [inside]
        chosen = self.put_together(has_ended=False, is_whole=True)
        for each in chosen.windows:
            self.display.say(f"window {each.window.number}: {_told(each)}")
        config = out_of_sample_config(plan.config, plan.walk_forward, chosen.windows)
        if config is None:
            return [inside]
        if (limit := config.lean.timeout_minutes) is not None:  # of both parts together
            spent = Decimal(time.monotonic() - began) / 60
            config = replace(config, lean=replace(config.lean, timeout_minutes=max(limit - spent, _LEAST_MINUTES)))
        return [inside, self._part(OUT_OF_SAMPLE, config)]

    def put_together(self, *, has_ended: bool, is_whole: bool = False) -> StoredWindows:
        """What is stored by now, decided."""
        plan = self.plan
        return put_together(
            self.database, plan.analysis, plan.strategy_id, plan.rules, has_ended=has_ended, is_whole=is_whole
        )

    def _is_whole(self, inside: ImportedRun) -> bool:
        """Whether every in-sample combination has a result, failed ones included."""
        count = self.plan.config.search.method.combinations
        if count is None:
            return inside.outcome.exit_code in (ExitCode.OK, ExitCode.PARTIAL, ExitCode.ALL_BACKTESTS_FAILED)
        periods = {window.in_sample for window in self.plan.walk_forward.windows}
        return inside.summary.completed + inside.summary.failed >= count * len(periods)

    def _part(self, part: str, config: OptimizationConfig) -> ImportedRun:
        """Runs one part, or what it lacks."""
        with self.database.transaction():
            before = [run for run in runs_of_analysis(self.database, self.id) if run.part == part]
        self.display.expect_later(self.plan.out_of_sample_backtests if part == IN_SAMPLE else 0)
        if before:
            resumption = plan_resumption(
                self.database,
                self.plan.setup,
                run_id=before[-1].id,
                config=None,
                retry_failed=self.plan.retry_failed,
                force=self.plan.options.force,
                asks_for=_without_ended(config, before[-1]),
            )
            run = resumption.plan
            if not run.commands:
                self.display.expect(0, run.known)
                return resumption.imported
        else:
            run = self._planned(part, config)
        options = self.plan.options if part == IN_SAMPLE else replace(self.plan.options, with_pilot=False)
        return run_plan(self.database, run, options, self.display)

    def _planned(self, part: str, config: OptimizationConfig) -> RunPlan:
        """A new run; its folder is made."""
        is_fresh = self.plan.is_fresh or Standard.of(config).needs_files
        reused, remarks = ([], []) if is_fresh else find_reusable(self.database, config, self.plan.setup.workspace)
        for remark in remarks:
            self.display.say(remark)
        if reused:
            self.display.say(f"{len(reused)} combinations are taken from earlier runs (--fresh runs them again)")
        while True:
            run = plan_run(config, self.plan.setup, datetime.now(UTC), reused)
            if reserve_folder(run):  # two runs of a project may begin in the same second
                return replace(run, part_of=(self.plan.analysis.analysis_uuid, part))


def _told(each: DecidedWindow) -> str:
    if each.parameters is None:
        return f"{each.reason}; nothing is traded over {each.window.out_of_sample}"
    values = ", ".join(f"{name}={value}" for name, value in sorted(each.parameters.items()))
    return f"{values} is tested over {each.window.out_of_sample}: {each.reason}"


def _without_ended(config: OptimizationConfig, run: AnalysisRun) -> OptimizationConfig:
    """Of an Euler search, which begins anew where it goes on, only the windows whose search has not ended."""
    method = config.search.method
    if not isinstance(method, EulerOverPeriods) or run.folder is None:
        return config
    found = read_run(run.folder)
    outputs = found.outputs if found else ()
    ended = {tuple(fixed_values(each.optimizer_config, (START, END))) for each in outputs if each.log.has_ended}
    rest = tuple(period for period in method.periods if tuple(map(str, period)) not in ended)
    return replace(config, search=replace(config.search, method=replace(method, periods=rest)))
