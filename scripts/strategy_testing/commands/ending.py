"""How every import ends: its story, the leaderboard's file, the pages, the summary."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from strategy_testing.commands.settings import pages_folder
from strategy_testing.console import answer, shown_path, tell, width_of
from strategy_testing.database.connection import Database
from strategy_testing.database.queries import leaderboard
from strategy_testing.errors import DatabaseError, ExitCode
from strategy_testing.history.runs import run_sheet
from strategy_testing.history.sheet import end_line, results_lines
from strategy_testing.pages.rendering import INDEX
from strategy_testing.pages.writing import ANALYSES, RUNS, Kind, write_all, write_index, write_page
from strategy_testing.processes import give_back_memory
from strategy_testing.report.leaderboard import write_leaderboard
from strategy_testing.report.run import exit_code, story, summaries
from strategy_testing.report.walk_forward import analysis_story
from strategy_testing.verdict.summary import ImportedRun
from strategy_testing.verdict.walk_forward_summary import StoredWindows

_PATIENCE_SECONDS = 10
"""With a database that is away when everything is stored."""


def end_with(
    database: Database, runs: Sequence[ImportedRun], leaderboard_file: Path, seconds: float | None = None
) -> ExitCode:
    """Prints what was imported, of a single run also its best combinations, and rewrites leaderboard and pages.

    Args:
        database: that has the runs.
        runs: what was imported.
        leaderboard_file: to be rewritten.
        seconds: that the one run took; else the time from its start to its end.
    """
    _tell_of_each(database, runs, seconds, with_results=len(runs) == 1)
    rewrite_leaderboard(database, leaderboard_file)
    rewrite_pages(database, leaderboard_file, [(RUNS, imported.run_id) for imported in runs])
    for line in summaries(runs):
        answer(line)
    return exit_code(runs)


def end_with_analysis(
    database: Database, runs: Sequence[ImportedRun], windows: StoredWindows, leaderboard_file: Path
) -> ExitCode:
    """The same for a walk-forward analysis, whose own story follows that of its runs."""
    _tell_of_each(database, runs)
    for line in analysis_story(windows):
        tell(line)
    rewrite_leaderboard(database, leaderboard_file)
    pages = [(RUNS, imported.run_id) for imported in runs]
    rewrite_pages(database, leaderboard_file, [*pages, (ANALYSES, windows.id)])
    answer(str(windows.summary))
    return exit_code(runs)


def _tell_of_each(
    database: Database, runs: Sequence[ImportedRun], seconds: float | None = None, *, with_results: bool = False
) -> None:
    for imported in runs:
        for line in story(imported):
            tell(line)
        sheet = database.retrying(partial(run_sheet, database, imported.run_id))
        tell(end_line(sheet, seconds))
        results = list(results_lines(sheet, width_of(sys.stderr))) if with_results else []
        for line in [*results, ""] if results else []:
            tell(line)


def rewrite_leaderboard(database: Database, file: Path) -> None:
    """Rewrites the leaderboard's file; where that cannot be, a warning says so."""
    rows = database.retrying(partial(leaderboard, database))
    try:
        write_leaderboard(file, rows)
    except OSError as error:
        # The results are stored; a file that cannot be written is no reason to fail.
        tell(f"warning: {file}: the leaderboard cannot be written: {error.strerror}")
    else:
        tell(f"leaderboard: {shown_path(file)}")


def rewrite_pages(
    database: Database, leaderboard_file: Path, changed: Sequence[tuple[Kind, int]] | None = None
) -> None:
    """Rewrites the pages of what has changed, or all of them, and the index; where one cannot be, a warning says so."""
    folder = pages_folder(leaderboard_file)
    if folder is None:
        return
    give_back_memory()  # that judging took: a page of thousands of combinations takes its own
    works: list[Callable[[], Path | None]] = [partial(write_index, database, folder)]
    if changed is None:
        works = [partial(write_all, database, folder)]
    else:
        works[:0] = [partial(write_page, database, kind, number, folder) for kind, number in changed]
    failed = False
    for work in works:
        try:
            database.retrying(work, _PATIENCE_SECONDS)
        # Whatever a page lacks, the results are stored, and no picture of them is worth the run.
        except Exception as error:
            if not failed:
                reason = error.strerror if isinstance(error, OSError) else error
                tell(f"warning: a page in {shown_path(folder)} cannot be written: {reason or type(error).__name__}")
            failed = True
            if isinstance(error, DatabaseError):
                return
    if not failed:
        tell(f"pages: {shown_path(folder / INDEX)}")
