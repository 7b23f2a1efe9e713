"""Tells people what an import did: the story on stderr, the leaderboard on disk, the summary as the last line."""

from collections.abc import Sequence
from pathlib import Path

from strategy_testing.console import answer, shown_path, tell
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import leaderboard
from strategy_testing.errors import ExitCode
from strategy_testing.report.leaderboard import write_leaderboard
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import ImportedRun, combined


def report_runs(database: Database, runs: Sequence[ImportedRun], leaderboard_file: Path) -> ExitCode:
    """Reports several runs: a line each where there are more than one, and the summary over all as the last line."""
    for imported in runs:
        _tell_of(imported)
    _rewrite_leaderboard(database, leaderboard_file)
    if len(runs) > 1:
        for imported in runs:
            answer(f"{shown_path(imported.folder)}: {imported.summary}")
    answer(str(combined([imported.summary for imported in runs])))
    return _exit_code(runs)


def _tell_of(imported: ImportedRun) -> None:
    for skipped in imported.skipped:
        tell(f"not imported: {skipped}")
    counts = f"{imported.backtests} backtests of {imported.combinations} combinations"
    counts += f", {imported.reused} taken from earlier runs" if imported.reused else ""
    left_out = f", {len(imported.skipped)} entries not imported" if imported.skipped else ""
    tell(f"imported {counts} from {shown_path(imported.folder)}{left_out}")
    for warning in imported.warnings:
        tell(f"warning: {warning}")
    if imported.is_still_running:
        tell("the run is still running; its status is left to its runner")
    elif imported.outcome.status is not RunStatus.COMPLETED:
        tell(f"{imported.outcome.status}: {imported.outcome.message}")


def _rewrite_leaderboard(database: Database, file: Path) -> None:
    with database.transaction():
        rows = leaderboard(database)
    try:
        write_leaderboard(file, rows)
    except OSError as error:
        # The results are stored; a file that cannot be written is no reason to fail.
        tell(f"warning: {file}: the leaderboard cannot be written: {error.strerror}")
    else:
        tell(f"leaderboard: {shown_path(file)}")


def _exit_code(runs: Sequence[ImportedRun]) -> ExitCode:
    codes = {imported.outcome.exit_code for imported in runs if not imported.is_still_running}
    if len(codes) > 1:
        return ExitCode.PARTIAL
    return next(iter(codes), ExitCode.OK)
