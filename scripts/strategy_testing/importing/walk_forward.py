"""Puts the stored runs of a walk-forward analysis together: what each window chose, and what all of them show."""

from collections.abc import Sequence

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import StoredRun
from strategy_testing.database.trials import keep_standing
from strategy_testing.database.walk_forward import (
    AnalysisRun,
    AnalysisUpdate,
    NewAnalysis,
    analysis_of_run,
    link_run,
    open_analysis,
    results_of_analysis,
    runs_of_analysis,
    store_windows,
    update_analysis,
)
from strategy_testing.metrics.daily_returns import DailyReturns, unpack
from strategy_testing.results.backtest import BacktestStatus
from strategy_testing.results.figures import read_daily_returns
from strategy_testing.results.folder import backtest_files, read_run
from strategy_testing.results.manifest import RunManifest
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.walk_forward import (
    IN_SAMPLE,
    OUT_OF_SAMPLE,
    AnalysedBacktest,
    DecidedAnalysis,
    DecidedWindow,
    Rules,
    conclude,
    decide,
)
from strategy_testing.verdict.walk_forward_summary import AnalysisSummary, StoredWindows
from strategy_testing.walk_forward.analysis import DayReturn


def new_analysis(manifest: RunManifest, config: OptimizationConfig) -> NewAnalysis | None:
    """The analysis that a run is part of; None where it is none."""
    if manifest.analysis_uuid is None or config.walk_forward is None:
        return None
    return NewAnalysis(
        manifest.analysis_uuid, str(config.file), config.walk_forward.choose, config.walk_forward.tests_all
    )


def join_analysis(database: Database, run: StoredRun, manifest: RunManifest, config: OptimizationConfig | None) -> None:
    """Notes which analysis a run is part of, where it is part of one; within a transaction."""
    new = None if config is None else new_analysis(manifest, config)
    if new is not None and manifest.analysis_part is not None:
        link_run(database, open_analysis(database, run.strategy_id, new).id, run.id, manifest.analysis_part)


def put_together_again(database: Database, run_id: int, config: OptimizationConfig | None) -> StoredWindows | None:
    """Decides the analysis anew of which a run is part, by what is stored now; None where it is part of none."""
    with database.transaction():
        found = analysis_of_run(database, run_id)
    if found is None or config is None or config.walk_forward is None:
        return None
    asked = config.walk_forward
    new = NewAnalysis(found[0], str(config.file), asked.choose, asked.tests_all)
    return put_together(database, new, found[1].strategy_id, Rules.of(config, asked), has_ended=True)


def put_together(
    database: Database, new: NewAnalysis, strategy_id: int, rules: Rules, *, has_ended: bool, is_whole: bool = False
) -> StoredWindows:
    """Decides the windows by what is stored, and stores what they show. Doing it again changes nothing.

    Args:
        database: with the current schema.
        new: which analysis; its row is made where there is none.
        strategy_id: whose it is.
        rules: by which it is decided.
        has_ended: whether nothing more of it runs; until then it is not judged.
        is_whole: whether an in-sample search whose combinations nobody counts has ended, where its status does not say.
    """
    with database.transaction():
        stored = open_analysis(database, strategy_id, new)
        runs = runs_of_analysis(database, stored.id)
        backtests = results_of_analysis(database, stored.id)
    inside = [run for run in runs if run.part == IN_SAMPLE]
    whole = is_whole or len(inside) < len(runs) or all(run.status is RunStatus.COMPLETED for run in inside)
    windows = decide(backtests, rules, is_whole=whole)
    read: dict[int, Sequence[DayReturn] | None] = {}

    def returns_of(backtest: AnalysedBacktest) -> Sequence[DayReturn] | None:
        if backtest.id not in read:
            read[backtest.id] = daily_returns(backtest)
        return read[backtest.id]

    decided = conclude(windows, backtests, rules, returns_of)
    status, message = _status(runs, windows, decided) if has_ended else (RunStatus.RUNNING, None)
    is_judged = status in (RunStatus.COMPLETED, RunStatus.PARTIAL) and all(each.is_decided for each in windows)
    meets = decided.meets_criteria if is_judged else None
    summary = _summary(windows, backtests, decided, rules, meets)
    update = AnalysisUpdate(
        status=status,
        error_message=message,
        backtests=summary.runs,
        figures=decided.figures,
        meets_criteria=meets,
        reasons=decided.reasons if is_judged else (),
    )
    with database.transaction():
        store_windows(database, stored.id, windows)
        update_analysis(database, new, strategy_id, update, windows[-1].parameters)
        keep_standing(database, strategy_id)
    return StoredWindows(stored.id, status, message, tuple(windows), decided, summary)


def daily_returns(backtest: AnalysedBacktest) -> Sequence[DayReturn] | None:
    """The return of each trading day: out of LEAN's large file, which has more digits than what is stored; None where
    neither is there.
    """
    packed = backtest.result.daily_returns
    stored = None if packed is None else unpack(packed)
    run = read_run(backtest.made_in) if backtest.made_in is not None and backtest.made_in.is_dir() else None
    for output in run.outputs if run else ():
        for file in backtest_files(output)[0]:
            if file.backtest_id == backtest.made_as and file.path.is_file():
                found = read_daily_returns(file.path.read_bytes())
                return _by_day(found or stored)
    return _by_day(stored)


def _by_day(returns: DailyReturns | None) -> list[DayReturn] | None:
    return None if returns is None else list(zip(returns.days.tolist(), returns.values.tolist(), strict=True))


def _status(
    runs: Sequence[AnalysisRun], windows: Sequence[DecidedWindow], decided: DecidedAnalysis
) -> tuple[RunStatus, str | None]:
    """Status and message of an analysis of which nothing runs any more."""
    reasons = [f"{run.part}: {run.error_message}" for run in runs if run.error_message]
    message = "; ".join([*reasons, *decided.missing]) or None
    statuses = {part: [run.status for run in runs if run.part == part] for part in (IN_SAMPLE, OUT_OF_SAMPLE)}
    if not runs or RunStatus.INTERRUPTED in statuses[IN_SAMPLE] + statuses[OUT_OF_SAMPLE]:
        return RunStatus.INTERRUPTED, message
    chosen = [each for each in windows if each.parameters is not None]
    is_failed = any(statuses[part] and set(statuses[part]) == {RunStatus.FAILED} for part in statuses)
    if is_failed or (chosen and not decided.figures.days):
        return RunStatus.FAILED, message
    are_completed = all(run.status is RunStatus.COMPLETED for run in runs)
    return (RunStatus.COMPLETED, None) if are_completed and not decided.missing else (RunStatus.PARTIAL, message)


def _summary(
    windows: Sequence[DecidedWindow],
    backtests: Sequence[AnalysedBacktest],
    decided: DecidedAnalysis,
    rules: Rules,
    meets_criteria: bool | None,
) -> AnalysisSummary:
    search = rules.names
    inside = {
        (each.period, *sorted((name, each.result.parameters.get(name, "")) for name in search)): each.result.status
        for each in backtests
        if each.is_in_sample
    }
    return AnalysisSummary(
        windows=len(windows),
        known=len(windows) - len(decided.missing),
        runs=len(inside),
        failed=sum(status is BacktestStatus.FAILED for status in inside.values()),
        sharpe=decided.figures.sharpe,
        efficiency=decided.figures.efficiency,
        meets_criteria=meets_criteria,
    )
