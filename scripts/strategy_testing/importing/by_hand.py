"""Recognises a walk-forward analysis that was run by hand: optimizations, and backtests from the day after each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from os.path import commonpath
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from strategy_testing.config.model import OptimizationConfig
from strategy_testing.database.connection import Database
from strategy_testing.database.runs import lock_run
from strategy_testing.database.walk_forward import NewAnalysis, link_run, open_analysis
from strategy_testing.importing.walk_forward import put_together
from strategy_testing.results.contents import read_contents
from strategy_testing.results.folder import RunFolder
from strategy_testing.results.json_values import as_day
from strategy_testing.results.optimizer_config import fixed_values
from strategy_testing.search.periods import END, START
from strategy_testing.verdict.criteria import Standard
from strategy_testing.verdict.walk_forward import IN_SAMPLE, OUT_OF_SAMPLE, Rules
from strategy_testing.verdict.walk_forward_summary import StoredWindows
from strategy_testing.walk_forward.choice import BEST
from strategy_testing.walk_forward.windows import Period, Window, window_faults

_OUTPUT_ROOT = ".optimization"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class HandMade:
    """Runs that make an analysis together."""

    root: Path
    """The folder that holds all of them."""
    inside: tuple[RunFolder, ...]
    outside: tuple[RunFolder, ...]
    windows: tuple[Window, ...]

    @property
    def runs(self) -> tuple[RunFolder, ...]:
        """All of them, in-sample first."""
        return (*self.inside, *self.outside)

    @property
    def strategy(self) -> str:
        """The name of the project's folder, where it can be told, else of the one that holds all."""
        parts = self.root.parts
        place = parts.index(_OUTPUT_ROOT) + 1 if _OUTPUT_ROOT in parts else len(parts)
        return parts[place] if place < len(parts) else self.root.name

    @property
    def identity(self) -> UUID:
        """The same for the same folder."""
        return uuid5(NAMESPACE_URL, self.root.as_uri())


def find_by_hand(runs: Sequence[RunFolder]) -> HandMade | None:
    """The analysis that these runs make; None where they make none.

    Its optimizations have their days as fixed parameters; from the day after each, other runs test combinations.
    """
    periods = [(run, period) for run in runs if run.manifest.is_derived and (period := _period(run)) is not None]
    searches = [(run, period) for run, period in periods if not run.outputs[0].is_single_backtest]
    tests = [(run, period) for run, period in periods if run.outputs[0].is_single_backtest]
    windows: list[Window] = []
    for inside in sorted({period for _, period in searches}, key=lambda period: (period.end, period.start)):
        behind = Counter(period for _, period in tests if period.start == inside.end + _DAY)
        if behind:
            windows.append(Window(len(windows) + 1, inside, behind.most_common(1)[0][0]))
    if not windows or window_faults(windows, None):
        return None
    wanted = {window.in_sample for window in windows}, {window.out_of_sample for window in windows}
    insides = tuple(run for run, period in searches if period in wanted[0])
    outsides = tuple(run for run, period in tests if period in wanted[1])
    root = Path(commonpath([run.folder.resolve() for run in (*insides, *outsides)]))
    return HandMade(root, insides, outsides, tuple(windows))


def _period(run: RunFolder) -> Period | None:
    """The days of a run, the same for all of its backtests; None where it does not say."""
    output = run.outputs[0]
    start, end = map(as_day, fixed_values(output.optimizer_config, (START, END)))
    if output.is_single_backtest:
        result = next(iter(read_contents(run).results), None)
        start, end = (None, None) if result is None else (result.backtest_start, result.backtest_end)
    return None if start is None or end is None or start > end else Period(start, end)


def put_together_by_hand(database: Database, found: HandMade, config: OptimizationConfig | None) -> StoredWindows:
    """Stores the analysis of runs that are imported already.

    Args:
        database: with the current schema.
        found: the runs.
        config: whose criteria judge; without one the best of each window is taken, and nothing is judged.
    """
    asked = config.walk_forward if config is not None else None
    manifest = found.inside[0].manifest
    new = NewAnalysis(
        found.identity,
        str(config.file) if config else None,
        asked.choose if asked else BEST,
        tests_all=len(found.outside) > len(found.windows),
    )
    with database.transaction():
        rows = [lock_run(database, run.manifest.run_uuid) for run in found.runs]
        analysis = open_analysis(database, rows[0].strategy_id, new)
        for row, run in zip(rows, found.runs, strict=True):
            link_run(database, analysis.id, row.id, IN_SAMPLE if run in found.inside else OUT_OF_SAMPLE)
    rules = Rules(
        windows=found.windows,
        choose=new.choose,
        smaller_is_better=manifest.target_direction == "min",
        names=manifest.parameters,
        standard=replace(
            Standard(target_metric=manifest.target_metric) if config is None else Standard.of(config),
            whole_days=Period(found.windows[0].in_sample.start, found.windows[-1].out_of_sample.end).days,
        ),
        thresholds=asked.thresholds if asked else {},
    )
    return put_together(database, new, rows[0].strategy_id, rules, has_ended=True)
