"""What is said of a run that was read: its verdicts, its outcome, what makes no sense. Pure."""

from dataclasses import dataclass, replace
from datetime import date

from strategy_testing.config.model import BacktestSettings, OptimizationConfig
from strategy_testing.database.runs import KnownRun
from strategy_testing.fees.estimate import ExpectedFees
from strategy_testing.importing.belonging import Owner
from strategy_testing.importing.owner import RunnersView
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.combinations import combination_of
from strategy_testing.results.contents import RunContents
from strategy_testing.results.folder import RunFolder
from strategy_testing.verdict.criteria import Judged, Standard, judge_again
from strategy_testing.verdict.effects import find_twins
from strategy_testing.verdict.fees import PaidFees, paid_fees
from strategy_testing.verdict.optimum import Optima, find_optima
from strategy_testing.verdict.outcome import RunOutcome, judge_run
from strategy_testing.verdict.sanity import find_nonsense
from strategy_testing.verdict.summary import Comparison


@dataclass
class Read:
    """What there is to judge, and by what."""

    run: RunFolder
    contents: RunContents
    results: tuple[BacktestResult, ...]
    """Those on disk, and behind them those that are only stored: taken from earlier runs, or their files are gone."""
    config: OptimizationConfig | None
    """That judges; None where nothing is judged."""
    config_file: str | None
    """The file that was named to judge by."""
    stored: tuple[Judged, ...]
    """The run's results as they are stored, each with its last verdict."""
    prices: tuple[date | None, date | None]
    """The first and last day of any price, where they miss the period that the config asks for."""
    known: KnownRun | None
    """The run as it is stored, None for a new one."""
    owner: Owner | None
    """To whom it goes; None for a stored run that stays where it is."""
    comparison: Comparison
    expected_fees: ExpectedFees | None
    """What the run was stored with; for one that is new, what its config alone tells."""


@dataclass(frozen=True)
class Decided:
    """What is said of the run, whatever its row says so far."""

    results: tuple[Judged, ...]
    outcome: RunOutcome
    optima: Optima
    warnings: tuple[str, ...]
    fees: PaidFees | None


def standard_of(read: Read) -> Standard:
    """What the run's results are judged by; without a config they only have a target."""
    if read.config is None:
        manifest = read.run.manifest
        return Standard(target_metric=manifest.target_metric, target_direction=manifest.target_direction)
    return replace(Standard.of(read.config), prices_from=read.prices[0], prices_to=read.prices[1])


def decide(read: Read, runner: RunnersView | None) -> Decided:
    """Judges the results and the run, and looks for what makes no sense. Pure."""
    contents, config, manifest = read.contents, read.config, read.run.manifest
    results = read.results
    outcome = judge_run(
        results,
        contents.total_combinations,
        contents.unusable,
        contents.has_ended,
        runner.failure if runner else contents.failure,
        search=contents.search,
    )
    standard = standard_of(read)
    before = read.stored if config is None or standard.judges else ()
    judged = judge_again(results, standard, before, is_same_standard=read.config_file is None)
    # Over several windows LEAN's optimum is the best of days that do not compare.
    optima = find_optima(judged, standard, () if manifest.analysis_uuid else contents.lean_optima)
    nonsense = find_nonsense(results, manifest.parameters, config.backtest if config else BacktestSettings())
    tested = {combination_of(result, contents.search): result for result in results}
    fees = paid_fees(tuple(tested.values()), read.expected_fees)
    return Decided(
        results=tuple(judged),
        outcome=outcome,
        optima=optima,
        warnings=(
            *([optima.warning] if optima.warning else []),
            *nonsense,
            *find_twins(results, manifest.parameters, contents.search),
            *(fees.warnings() if fees else ()),
        ),
        fees=fees,
    )
