"""--dry-run: what would run, as a shell script."""

import os
from datetime import UTC, datetime

from strategy_testing.commands.settings import Settings, workspace_of
from strategy_testing.config.model import OptimizationConfig
from strategy_testing.console import answer, tell
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.lean.concurrency import default_concurrency
from strategy_testing.lean.process import lean_command
from strategy_testing.runs.pilot import after_pilot, needs_pilot, pilot_command
from strategy_testing.runs.plan import LeanSetup, plan_run, shown_script


def dry_run(config: OptimizationConfig, settings: Settings) -> ExitCode:
    """Prints what would run, and does nothing else."""
    try:
        lean = lean_command(os.environ)
    except UserError as error:
        tell(f"warning: {error}")
        lean = ("lean",)
    setup = LeanSetup(workspace_of(settings), lean, default_concurrency())
    plan = plan_run(config, setup, datetime.now(UTC))
    if needs_pilot(plan) and not settings.no_pilot:
        answer(shown_script(after_pilot(plan), [pilot_command(plan)]))
    else:
        answer(shown_script(plan))
    return ExitCode.OK
