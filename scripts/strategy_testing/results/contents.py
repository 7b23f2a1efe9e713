"""Reads everything that a run's folder holds: results, what has none, how many there should be."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from strategy_testing.files import read_text
from strategy_testing.results.backtest import BacktestFile, BacktestResult, SkippedFile, read_backtest
from strategy_testing.results.combinations import distinct_combinations
from strategy_testing.results.diagnosis import Failure, diagnose
from strategy_testing.results.folder import LeanOutput, RunFolder, backtest_files, read_output
from strategy_testing.results.manifest import LEAN_OUTPUT, MANIFEST_FILE
from strategy_testing.results.optimizer_config import outside_of_ranges, read_search
from strategy_testing.results.optimizer_log import OptimizerLog
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.protocol import Search


@dataclass(frozen=True)
class RunContents:
    """Everything a run's folder holds."""

    results: tuple[BacktestResult, ...]
    skipped: tuple[SkippedFile, ...]
    total_combinations: int | None
    """How many combinations there should be; None when nobody knows."""
    search: Search
    """Of the first part that tells; else a grid of nobody knows what."""
    has_ended: bool
    """Whether LEAN says of every part that it has ended."""
    lean_optima: tuple[str, ...]
    """The id of LEAN's optimum in each part that reached one, the last part's first."""
    failure: Failure | None
    """What the log, and the output that a runner kept, say about a failure."""

    @property
    def unusable(self) -> int:
        """Backtests without a usable result; foreign files do not count."""
        return sum(1 for skipped in self.skipped if skipped.misses_a_result)

    @property
    def lean_versions(self) -> str | None:
        """The versions of LEAN that the results name."""
        versions = {result.lean_version for result in self.results if result.lean_version}
        return ", ".join(sorted(versions)) or None


class ToRead(NamedTuple):
    """A backtest's files, and the log of its output."""

    file: BacktestFile
    log: OptimizerLog


ReadAll = Callable[[Sequence[ToRead]], Iterable[BacktestResult | SkippedFile]]
"""Reads backtests: as many answers, in the same order."""


def read_each(files: Sequence[ToRead]) -> Iterator[BacktestResult | SkippedFile]:
    """Reads one after another."""
    return (read_backtest(file, log) for file, log in files)


def read_contents(run: RunFolder, read_all: ReadAll = read_each) -> RunContents:
    """Reads every backtest of a run, and what its logs say."""
    results: dict[str, BacktestResult] = {}
    skipped = _damaged_notes(run)
    ours = (*run.manifest.parts, *run.manifest.set_aside)
    parts = {Path(part).parts[0] for part in ours if part != "."}
    listed = [(output, *backtest_files(output)) for output in run.outputs]
    answers = iter(read_all([ToRead(file, output.log) for output, files, _ in listed for file in files]))
    for output, files, passed_over in listed:
        skipped += [entry for entry in passed_over if entry.path.name not in parts]
        for file, read in zip(files, answers, strict=False):
            if isinstance(read, SkippedFile):
                skipped.append(read)
            elif read.backtest_id in results:
                twice = "is a second result of a backtest that has one already"
                skipped.append(SkippedFile(Path(file.backtest_id), twice, misses_a_result=False))
            elif (reason := _foreign(read, output)) is not None:
                skipped.append(SkippedFile(Path(file.backtest_id), reason, misses_a_result=False))
            else:
                results[read.backtest_id] = read
                main = Path(file.backtest_id) / file.path.name
                skipped += [SkippedFile(main, problem, misses_a_result=False) for problem in read.problems]
    searches = [search for output in run.outputs if (search := read_search(output.optimizer_config))]
    search = searches[0] if searches else GridSearch(())
    ended = [output.log.has_ended or output.is_single_backtest for output in run.outputs]
    return RunContents(
        results=tuple(results.values()),
        skipped=tuple(skipped),
        total_combinations=_total_combinations(run, tuple(results.values()), search),
        search=search,
        has_ended=bool(ended) and all(ended),
        lean_optima=tuple(best for output in reversed(run.outputs) if (best := output.log.best_backtest_id)),
        failure=_failure_on_disk(run),
    )


def _damaged_notes(run: RunFolder) -> list[SkippedFile]:
    names = run.manifest.damaged
    left_out = f"{', '.join(names)} cannot be read and {'is' if len(names) == 1 else 'are'} left out"
    return [SkippedFile(Path(MANIFEST_FILE), left_out, misses_a_result=False)] if names else []


def _foreign(result: BacktestResult, output: LeanOutput) -> str | None:
    """Why a result is none of this run's; one that LEAN's log names is, and one that names no parameters may be."""
    if result.backtest_id in output.log.launched or not result.parameters:
        return None
    outside = outside_of_ranges(output.optimizer_config, result.parameters)
    return None if outside is None else f"is no result of this run: {outside}, and LEAN's log does not name it"


def read_single(folder: Path) -> BacktestResult | None:
    """What `lean backtest` left in a folder; None where that is no result."""
    output = read_output(folder)
    if output is None:
        return None
    files, _ = backtest_files(output)
    results = (read_backtest(file, output.log) for file in files)
    return next((result for result in results if not isinstance(result, SkippedFile)), None)


def last_sign_of_life(run: RunFolder, contents: RunContents) -> datetime | None:
    """When the last backtest ended, or the last line was logged, UTC."""
    ends = [result.completed_at for result in contents.results if result.completed_at]
    ends += [output.log.last_line_at for output in run.outputs if output.log.last_line_at]
    return max(ends, default=None)


def _total_combinations(run: RunFolder, results: Sequence[BacktestResult], search: Search) -> int | None:
    """By the manifest; else, for a search that has ended, by what it tested."""
    if run.manifest.total_combinations is not None:
        return run.manifest.total_combinations
    if run.outputs and run.outputs[-1].log.has_ended:
        return distinct_combinations(results, search)
    return None


def _failure_on_disk(run: RunFolder) -> Failure | None:
    transcript = run.folder / LEAN_OUTPUT
    printed = ""
    with suppress(OSError):
        printed = read_text(transcript, errors="replace")
    for output in run.outputs:
        failure = diagnose(None, printed, output.log) if not output.log.has_ended else None
        if failure:
            return failure
    return None
