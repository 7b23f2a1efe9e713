"""The answers of results_importer.py that only read: each opens the database, asks, and prints."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from strategy_testing.config.model import FIXED_PARAMETERS
from strategy_testing.console import answer, shown_path, tell, width_of
from strategy_testing.database.connection import Database, open_database
from strategy_testing.database.schema import ensure_schema
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.history.export import Format, as_csv, as_json, read_view, write_parquet, write_text
from strategy_testing.history.runs import (
    Filter,
    best_results,
    compared_runs,
    hidden_parameters,
    listed_runs,
    run_sheet,
    suggested,
)
from strategy_testing.history.sheet import sheet_lines
from strategy_testing.history.tables import best_table, comparison_lines, runs_table
from strategy_testing.metrics.figures import number_of

Question = Callable[[Database], Sequence[str]]
"""What is asked of the database: the lines of the answer."""


def look_back(database_url: str | None, question: Question) -> ExitCode:
    """Prints the answer to a question.

    Raises:
        UserError: it asks for what there is not.
    """
    with open_database(database_url) as database:
        ensure_schema(database)
        for line in question(database):
            answer(line)
    return ExitCode.OK


def list_runs(wanted: Filter) -> Question:
    """A line for each run that is wanted, the newest first."""

    def ask(database: Database) -> Sequence[str]:
        rows = listed_runs(database, wanted)
        return runs_table(rows, width_of(sys.stdout)) if rows else ["no such runs"]

    return ask


def show_run(run_id: int) -> Question:
    """All that is stored of a run."""
    return lambda database: list(sheet_lines(run_sheet(database, run_id), width_of(sys.stdout)))


def best_of(count: int, run_id: int | None) -> Question:
    """The best combinations of a run, or of all."""

    def ask(database: Database) -> Sequence[str]:
        rows = best_results(database, count, run_id)
        hidden = FIXED_PARAMETERS if run_id is None else hidden_parameters(run_sheet(database, run_id).run)
        nothing = ["no combination was completed with a trade"]
        return best_table(rows, width_of(sys.stdout), hidden=hidden, with_run=run_id is None) if rows else nothing

    return ask


def compare_runs(first: int, second: int) -> Question:
    """The combinations of two runs side by side."""
    return lambda database: comparison_lines(compared_runs(database, first, second), width_of(sys.stdout))


def export_view(kind: str, name: str, output: Path | None) -> Question:
    """A view as a file, or on stdout.

    Raises:
        UserError: the format is not known, or needs a file.
    """
    if kind not in tuple(Format):
        raise UserError(f"--export: {kind}: no such format", suggested(kind, tuple(Format)))
    form = Format(kind)
    if form is Format.PARQUET and output is None:
        raise UserError("--export parquet: it is no text", "name a file with --output")

    def ask(database: Database) -> Sequence[str]:
        view = read_view(database, name)
        if form is Format.PARQUET and output is not None:
            write_parquet(output, view)
        else:
            text = as_csv(view) if form is Format.CSV else as_json(view)
            if output is None:
                return [text.removesuffix("\n")]
            write_text(output, text)
        tell(f"{number_of(len(view.rows), 'row')} of {name} in {shown_path(output)}")
        return []

    return ask
