"""--new-strategy: a project, its config and the library that it needs, from the template."""

from strategy_testing.commands.settings import Settings, workspace_of
from strategy_testing.console import answer, tell
from strategy_testing.errors import ExitCode
from strategy_testing.strategy.template import make_strategy
from strategy_testing.strategy.workspace import lean_config_file


def new_strategy(name: str, settings: Settings) -> ExitCode:
    """Makes a strategy from the template, and says what to do with it."""
    workspace = workspace_of(settings)
    made = make_strategy(name, workspace)
    for path in (*made.libraries, made.project, made.config):
        answer(f"made {path}")
    if lean_config_file(workspace) is None:
        tell(f"warning: {workspace} has no lean.json, nor has a folder above it; LEAN needs one: run `lean init`")
    tell(
        f"it runs as it stands: change {made.project / 'main.py'}, then `make check-strategies` and "
        f"`optimize_runner.py --config {made.config} --check`; docs/LEAN_DEVELOPER_GUIDE.md says how strategies are "
        "written, data/strategy_backlog.yaml is the team's list of them"
    )
    return ExitCode.OK
