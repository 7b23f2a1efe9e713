"""Finds runs whose runner is gone, ends what it left running, imports what it left on disk, and marks them."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from strategy_testing.database.connection import Database
from strategy_testing.database.runs import UnfinishedRun, abandon_run, claim_run, runs_of_host
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.files import no_access
from strategy_testing.importing.owner import (
    SECONDS_TO_HOLD_AGAIN,
    RunnersView,
    holding,
    is_gone,
    is_out_of_sight,
    this_process,
)
from strategy_testing.lean.process import end_left_over
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.diagnosis import Failure
from strategy_testing.results.manifest import CHECK_FOLDER, PILOT_FOLDER
from strategy_testing.verdict.outcome import RunStatus

_GONE = Failure(
    "its runner was killed or the machine went down",
    "what finished is stored; resume it for the rest",
    ExitCode.INTERRUPTED,
)


def recover_orphans(database: Database) -> Iterator[str]:
    """Brings every run of this machine to order that is said to be running and whose runner is gone.

    Yields what was done, a line for each run.
    """
    orphans = _orphans(database)
    if unseen := [orphan.id for orphan in orphans if is_out_of_sight(orphan.runner)]:
        yield f"the runner of run {unseen[0]} seems to be gone; looking again in {SECONDS_TO_HOLD_AGAIN} seconds"
        time.sleep(SECONDS_TO_HOLD_AGAIN)
        orphans = _orphans(database)
    if orphans:
        from strategy_testing.results.folder import read_run  # noqa: PLC0415 - as below
    for orphan in orphans:
        try:
            read_run(orphan.output_folder)  # another user's, maybe
            # Two runners may start at the same moment; whoever claims the run tidies it.
            with holding(database, orphan.id) as was_free:
                with database.transaction():
                    may_be_mine = was_free or not is_out_of_sight(orphan.runner)
                    is_mine = may_be_mine and claim_run(database, orphan, this_process())
                if is_mine:
                    yield _recover(database, orphan)
        except PermissionError as error:
            whose = f"run {orphan.id} was left behind by a runner that is gone"
            yield f"warning: {whose}, and is left alone: {no_access(error)}"


def _orphans(database: Database) -> list[UnfinishedRun]:
    with database.transaction():
        runs = runs_of_host(database, socket.gethostname())
        return [run for run in runs if is_gone(database, run.id, run.runner)]


def _recover(database: Database, orphan: UnfinishedRun) -> str:
    # Slow to import, and seldom needed.
    from strategy_testing.database.walk_forward import interrupt_analysis_of  # noqa: PLC0415
    from strategy_testing.importing.one_run import import_run  # noqa: PLC0415
    from strategy_testing.results.folder import read_run  # noqa: PLC0415

    folder = orphan.output_folder
    with database.transaction():
        interrupt_analysis_of(database, orphan.id, str(_GONE))
    run = read_run(folder)
    written = (*run.manifest.parts, PILOT_FOLDER) if run else (".",)
    end_left_over(folder, [*(folder / part for part in written), *folder.glob(f"{CHECK_FOLDER}/*")])
    if run is None:
        with database.transaction():
            abandon_run(database, orphan.id, f"{_GONE.cause}, and its folder {folder} is gone too")
        return f"run {orphan.id} was left behind by a runner that is gone, and so is its folder; marked interrupted"
    run = read_run(folder) or run  # LEAN may have written on until it was ended
    view = RunnersView(_GONE, datetime.now(UTC), RunStatus.INTERRUPTED)
    try:
        imported = import_run(database, run, runner=view)
    except UserError as error:
        return f"warning: run {orphan.id} was left behind and cannot be imported: {error}"
    stored = f"{number_of(imported.backtests, 'finished backtest')} stored; go on with --resume {orphan.id}"
    return f"run {orphan.id} was left behind by a runner that is gone: {stored}"
