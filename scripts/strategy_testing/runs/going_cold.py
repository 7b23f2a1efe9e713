"""After a warm engine was seen to make other figures: what it made is set aside, and planned again in LEAN's own
processes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from strategy_testing.database.backtests import forget_results
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import StoredRun
from strategy_testing.results.folder import backtest_files, read_output, read_run
from strategy_testing.results.manifest import read_manifest, write_manifest
from strategy_testing.runs.engine import COLD
from strategy_testing.runs.engine_checks import warm_parts
from strategy_testing.runs.plan import LeanSetup, RunPlan, plan_rest
from strategy_testing.runs.resume import results_so_far
from strategy_testing.strategy.outside_state import likely_causes
from strategy_testing.strategy.workspace import project_folder

_GENERAL = (
    "what the strategy takes from outside its own modules, or leaves there: attributes of other packages, random "
    "numbers without a seed, the clock, files, the object store, threads"
)


def explain(plan: RunPlan, difference: str) -> list[str]:
    """A difference for people, a line for each thing: what it is, and where it may come from."""
    project = project_folder(plan.workspace, plan.config.strategy.lean_project_path)
    causes = likely_causes(project) or [_GENERAL]
    return [
        f"a warm engine made other figures than LEAN's own process: {difference}",
        *(f"a likely cause: {cause}" for cause in causes),
    ]


def plan_again_cold(database: Database, stored: StoredRun, plan: RunPlan, told: Sequence[str]) -> RunPlan:
    """Sets the warm parts of a run aside, forgets their rows, and plans their combinations as its next part.

    Args:
        database: that has the run.
        stored: the run.
        plan: as it has been carried out so far.
        told: why.

    Raises:
        DatabaseError: it stayed away.
        OSError: the manifest cannot be written.
    """
    folder = plan.folder
    parts = warm_parts(folder)
    outputs = [output for part in parts if (output := read_output(part)) is not None]
    forgotten = [file.backtest_id for output in outputs for file in backtest_files(output)[0]]
    # The manifest is changed behind the rows: a runner that is killed in between leaves the run as it was.
    database.retrying(partial(_forget, database, stored, forgotten))
    manifest = read_manifest(folder)
    assert manifest is not None  # it has named the parts  # noqa: S101
    aside = tuple(part for part in manifest.parts if folder / part in parts)
    kept = tuple(part for part in manifest.parts if part not in aside)
    manifest = replace(manifest, parts=kept, set_aside=manifest.set_aside + aside)
    manifest = replace(manifest, engine=COLD, engine_checked=0, engine_note="; ".join(told))
    write_manifest(folder, manifest)
    run = read_run(folder)
    assert run is not None  # noqa: S101
    setup = LeanSetup(plan.workspace, plan.lean, plan.default_concurrency)
    return plan_rest(plan.config, setup, folder, manifest, results_so_far(database, run))


def _forget(database: Database, stored: StoredRun, backtest_ids: Sequence[str]) -> None:
    with database.transaction():
        forget_results(database, stored, backtest_ids)
