"""results_importer.py: what `lean optimize` left on disk, judged and stored."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from strategy_testing.commands.cli import load_any_config
from strategy_testing.commands.ending import end_with
from strategy_testing.console import tell
from strategy_testing.database.connection import open_database
from strategy_testing.database.schema import ensure_schema
from strategy_testing.errors import ExitCode
from strategy_testing.results.folder import find_runs
from strategy_testing.runs.importing import import_run


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
    """Imports a folder's newest run, or all of its runs, and reports them."""
    config = load_any_config(request.config) if request.config else None
    runs = find_runs(request.folder)
    chosen = runs if request.every_run else runs[-1:]
    if len(runs) > len(chosen):
        tell(f"{len(runs)} runs in {request.folder}; importing the newest (--all imports each)")
    with open_database(request.database_url) as database:
        tell(f"using {database}")
        ensure_schema(database)
        imported = [
            database.retrying(partial(import_run, database, run, config=config, strategy_name=request.strategy))
            for run in chosen
        ]
        return end_with(database, imported, request.leaderboard)
