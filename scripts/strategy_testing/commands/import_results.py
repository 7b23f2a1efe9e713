"""results_importer.py: what `lean optimize` left on disk, judged and stored; all that is stored, judged again or shown;
the backlog."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from strategy_testing.backlog.document import read_backlog
from strategy_testing.backlog.sync import sync
from strategy_testing.commands.cli import load_config
from strategy_testing.commands.ending import end_with, end_with_analysis, rewrite_leaderboard, rewrite_pages
from strategy_testing.commands.settings import pages_folder
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.config.reader import read_config
from strategy_testing.console import answer, tell
from strategy_testing.database.connection import Database, open_database
from strategy_testing.database.runs import known_runs
from strategy_testing.database.schema import ensure_schema
from strategy_testing.errors import DatabaseAwayError, ExitCode, UserError
from strategy_testing.files import access_needed, exit_code_of
from strategy_testing.importing.by_hand import HandMade, find_by_hand, put_together_by_hand
from strategy_testing.importing.one_run import import_run
from strategy_testing.importing.owner import is_gone
from strategy_testing.importing.rejudging import judge_run_again
from strategy_testing.importing.walk_forward import put_together_again
from strategy_testing.metrics.figures import number_of
from strategy_testing.pages.writing import RUNS, write_all, write_index, write_page
from strategy_testing.results.folder import find_runs
from strategy_testing.results.manifest import CONFIG_COPY
from strategy_testing.verdict.outcome import RunStatus
from strategy_testing.verdict.summary import ImportedRun
from strategy_testing.verdict.walk_forward_summary import StoredWindows


@dataclass(frozen=True)
class ImportRequest:
    """What is to be imported, and from where."""

    folder: Path
    config: Path | None
    strategy: str | None
    every_run: bool
    """Each run below the folder, not only the newest."""
    leaderboard: Path
    database_url: str | None


def import_results(request: ImportRequest) -> ExitCode:
    """Imports a folder's newest run, or all of its runs, and reports them; one that is refused costs no other."""
    config = load_config(request.config) if request.config else None
    refused: list[UserError] = []
    runs = find_runs(request.folder, refused)
    by_hand = find_by_hand(runs) if config is None or config.walk_forward is not None else None
    newest = runs[-1].manifest.analysis_uuid
    chosen = runs if request.every_run else runs[-1:]
    if by_hand is not None and not request.every_run:
        chosen = list(by_hand.runs)
    elif newest is not None:  # both parts of a walk-forward analysis
        chosen = [run for run in runs if run in chosen or run.manifest.analysis_uuid == newest]
    strategy = request.strategy or (by_hand.strategy if by_hand is not None and config is None else None)
    if len(runs) > len(chosen):
        tell(f"{len(runs)} runs in {request.folder}; importing the newest (--all imports each)")
    imported: list[ImportedRun] = []
    with _database(request.database_url) as database:
        for run in chosen:
            work = partial(import_run, database, run, config=config, strategy_name=strategy)
            try:
                imported.append(database.retrying(work))
            except DatabaseAwayError:
                raise
            except UserError as error:
                refused.append(error)
        if not imported:
            raise refused[-1]
        for refusal in refused:
            tell(f"error: {refusal}")
        windows = _windows(database, by_hand, config, imported)
        if windows is None:
            code = end_with(database, imported, request.leaderboard)
        else:
            code = end_with_analysis(database, imported, windows, request.leaderboard)
        return ExitCode.PARTIAL if refused else code


def _windows(
    database: Database,
    by_hand: HandMade | None,
    config: OptimizationConfig | None,
    imported: Sequence[ImportedRun],
) -> StoredWindows | None:
    """The walk-forward analysis that the runs belong to, the newest; None where they belong to none."""
    if by_hand is not None and {run.folder for run in by_hand.runs} <= {each.folder for each in imported}:
        return database.retrying(partial(put_together_by_hand, database, by_hand, config))
    found = None
    for each in imported:
        copy = each.folder / CONFIG_COPY
        own = config or (read_config(copy) if copy.is_file() else None)
        if each.is_part and not each.is_still_running:
            found = database.retrying(partial(put_together_again, database, each.run_id, own)) or found
    return found


def rejudge(database_url: str | None, leaderboard: Path) -> ExitCode:
    """Judges all stored runs again, each by its own config, and says what changed; one that cannot be costs no other.

    Raises:
        DatabaseAwayError: the database stayed away.
    """
    judged = []
    failed = 0
    with _database(database_url) as database:
        with database.transaction():
            runs = known_runs(database)
            running = [run for run in runs if run.status is RunStatus.RUNNING]
            working = {run.id for run in running if not is_gone(database, run.id, run.runner)}
        for run in runs:
            whose = f"run {run.id} of {run.strategy}"
            if run.id in working:
                tell(f"{whose} is still running and left alone")
                continue
            try:
                with access_needed():
                    again = database.retrying(partial(judge_run_again, database, run))
            except DatabaseAwayError:
                raise
            except (UserError, OSError) as error:
                tell(f"warning: {whose} was not judged again: {error}")
                failed += 1
            else:
                judged.append(again)
                if again.changed:
                    tell(f"{whose}: {number_of(again.changed, 'verdict')} changed; {again.passed} pass now")
        rewrite_leaderboard(database, leaderboard)
        rewrite_pages(database, leaderboard)
    changed = sum(again.changed for again in judged)
    answer(f"judged {number_of(len(judged), 'run')} again: {number_of(changed, 'verdict')} changed")
    return ExitCode.PARTIAL if failed else ExitCode.OK


def report(database_url: str | None, run_id: int | None, leaderboard: Path) -> ExitCode:
    """Writes the page of a run, or all pages, and the index, and answers where the page stands, else the index.

    Raises:
        UserError: there is no such run, or a page cannot be written.
    """
    folder = pages_folder(leaderboard)
    if folder is None:
        raise UserError(f"{leaderboard} is a device, beside which there is no place for pages", "name a file")
    with _database(database_url) as database:
        try:
            if run_id is None:
                written: Path | None = write_all(database, folder)
            else:
                written = write_page(database, RUNS, run_id, folder)
                write_index(database, folder)
        except OSError as error:
            raise UserError(f"{error.filename or folder}: {error.strerror}", "", exit_code_of(error)) from None
        if written is None:
            raise UserError(f"run {run_id}: no such run in {database}", "the index has the numbers of all runs")
        answer(str(written.absolute()))
    return ExitCode.OK


def sync_backlog(file: Path, database_url: str | None, leaderboard: Path) -> ExitCode:
    """Makes rows of the backlog's strategies, writes what was found back into the file, and reports it.

    Raises:
        UserError: the file cannot be read or written, or has mistakes; then nothing is stored.
    """
    backlog = read_backlog(file)
    with _database(database_url) as database:
        synced = database.retrying(partial(sync, database, backlog))
        if synced.unlisted:
            tell(f"not in the backlog: {', '.join(synced.unlisted)}")
        for what, names in (("new in the database", synced.new), ("findings written", synced.changed)):
            if names:
                tell(f"{what}: {', '.join(names)}")
        rewrite_leaderboard(database, leaderboard)
    answer(
        f"backlog of {synced.strategies} strategies: {len(synced.new)} new in the database, "
        f"findings of {len(synced.changed)} written"
    )
    return ExitCode.OK


@contextmanager
def _database(url: str | None) -> Iterator[Database]:
    with open_database(url) as database:
        tell(f"using {database}")
        ensure_schema(database)
        yield database
