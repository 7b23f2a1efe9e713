"""Warm engines are trusted only where they were seen to be equal: combinations that they run are run again by LEAN's
own process, and compared in every figure, order, closed trade and chart point."""

import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from strategy_testing.errors import ExitCode
from strategy_testing.lean.command import LeanCommand, keep_engine
from strategy_testing.lean.session import LeanSession
from strategy_testing.metrics.figures import number_of
from strategy_testing.results.backtest import BacktestFile, BacktestResult, BacktestStatus, SkippedFile, read_backtest
from strategy_testing.results.contents import read_single
from strategy_testing.results.diagnosis import Failure
from strategy_testing.results.equality import first_difference
from strategy_testing.results.folder import LeanOutput, backtest_files, read_output
from strategy_testing.results.manifest import (
    ENGINE_SETTINGS,
    PILOT_FOLDER,
    EngineNote,
    notes_of,
    read_engine_note,
    read_manifest,
    write_manifest,
)
from strategy_testing.runs.engine import COLD, WARM
from strategy_testing.runs.first_backtest import check_command, first_check, look_at_nothing
from strategy_testing.runs.plan import RunPlan

_LAST = 10
"""The last one in so many is where a backtest is taken from that is run again at the end."""
NO_VERDICT = (ExitCode.LEAN_REFUSED, ExitCode.LEAN_STOPPED_EARLY)
"""What says nothing of the machine: LEAN did not carry out that one backtest."""
_RUN_COLD = "run it with --cold, which compares nothing"


@dataclass(frozen=True)
class _Cold:
    """A combination, and what LEAN's own process made of it."""

    combination: Mapping[str, str]
    file: BacktestFile


class EngineChecks:
    """What of one run is compared. It does nothing for a run whose engines are cold."""

    def __init__(self, plan: RunPlan, session: LeanSession, say: Callable[[str], None]) -> None:
        """Compares nothing yet.

        Args:
            plan: of the run, whose folder has its manifest.
            session: in which LEAN is run.
            say: is given what people should know.
        """
        self.difference: str | None = None
        """The first one: which combination, what, and both values; None as long as none was found."""
        self._plan = plan
        self._session = session
        self._say = say
        self._cold: _Cold | None = None
        self._partner: BacktestFile | None = None
        self._is_met = False

    def run_first(self) -> Failure | None:
        """Takes the pilot, or without one has one combination run, to compare the first warm backtest with."""
        if self._plan.engine == COLD:
            return None
        combination = self._plan.representative
        piloted = read_single(self._plan.folder / PILOT_FOLDER)
        if piloted is not None and self._key(piloted.parameters) == self._key(combination):
            self._cold = _Cold(combination, BacktestFile(piloted.backtest_id, self._plan.folder / PILOT_FOLDER))
            return None
        self._say("one combination in LEAN's own process, to compare a warm engine with")
        cold = self._run_cold(first_check(self._plan), combination)
        if isinstance(cold, Failure):
            return cold
        self._cold = cold
        return None

    def look(self, folder: Path, finished: Sequence[BacktestResult]) -> Failure | None:
        """Compares the warm backtest of the combination that was run before, as soon as there is one.

        Args:
            folder: that LEAN writes.
            finished: what has finished since the last look.

        Returns:
            Why LEAN is to be stopped; None where nothing is.
        """
        if self._cold is None or self._is_met:
            return None
        wanted = self._key(self._cold.combination)
        for result in finished:
            if self._partner is None and self._key(result.parameters) == wanted:
                self._partner = BacktestFile(result.backtest_id, folder / result.backtest_id)
        note = None if self._partner is None else read_engine_note(self._partner.folder)
        if self._partner is None or note is None:  # written behind the results
            return None
        cold, self._cold = self._cold, None
        if note.engine == WARM:
            self._is_met = True
            self._compare(self._partner, cold)
        return None if self.difference is None else Failure(self.difference, _RUN_COLD, ExitCode.LEAN_STOPPED_EARLY)

    def run_last(self) -> Failure | None:
        """Has one of the last warm backtests run again and compares it; two, where the first one met no warm one."""
        if not self._compares():
            return None
        wanted = 1 if self._is_met else 2
        for number, (warm, combination) in enumerate(self._warm_backtests()):
            if number == wanted or self.difference is not None:
                break
            self._say("one of the last combinations again in LEAN's own process, to compare")
            (command,) = keep_engine(
                [check_command(self._plan, f"last-{number + 1}", combination)], self._plan.config.lean
            )
            cold = self._run_cold(command, combination)
            if isinstance(cold, Failure):
                return cold
            self._compare(warm, cold)
        return None

    def conclude(self) -> None:
        """Says and notes which backtests LEAN's own process ran in spite of all, once the run has ended."""
        if self.difference is not None:  # noted already
            return
        notes: list[EngineNote | None] = []
        for output, noted in self._noted_outputs():
            notes += [noted.get(file.backtest_id) for file in backtest_files(output)[0] if file.path.is_file()]
        cold = [note for note in notes if note is None or note.engine == COLD]
        if not cold:
            return
        reasons = (note.reason for note in cold if note is not None and note.reason)
        reason = next(reasons, "the launcher has left no word, as where the image has no Python 3")
        if len(cold) == len(notes):
            processes = f"all {number_of(len(cold), 'backtest')} ran in LEAN's own processes"
            told = f"warm engines could not be used: {reason}; {processes}"
            note_engine(self._plan.folder, engine=COLD, engine_note=told)
        else:
            told = f"{len(cold)} of {number_of(len(notes), 'backtest')} ran in LEAN's own processes: {reason}"
            note_engine(self._plan.folder, engine_note=told)
        self._say(told)

    def _compare(self, warm: BacktestFile, cold: _Cold) -> None:
        difference = first_difference(warm, cold.file)
        if difference is None:
            note_engine(self._plan.folder, engine_checked=self._checked() + 1)
            return
        shown = ", ".join(f"{name}={value}" for name, value in cold.combination.items())
        self.difference = f"{shown}: {difference}"
        # Whatever comes now: as long as these results stand, nobody shall take them for compared.
        note_engine(self._plan.folder, engine_checked=0, engine_note=self.difference)

    def _checked(self) -> int:
        manifest = read_manifest(self._plan.folder)
        return manifest.engine_checked if manifest else 0

    def _compares(self) -> bool:
        """Also where only the rest of a run is cold because it is small, and nothing was compared before."""
        if self._plan.engine == WARM:
            return True
        return self._plan.rule.warm_from is not None and self._checked() == 0

    def _run_cold(self, command: LeanCommand, combination: Mapping[str, str]) -> _Cold | Failure:
        folder = self._plan.workspace / command.output
        shutil.rmtree(folder, ignore_errors=True)  # of a run that goes on now
        ended = self._session.run(command, look_at_nothing)
        result = None if ended.was_stopped else read_single(folder)
        if result is not None:
            return _Cold(combination, BacktestFile(result.backtest_id, folder))
        if ended.failure is not None and (ended.was_stopped or ended.failure.exit_code not in NO_VERDICT):
            return replace(ended.failure, spoils_complete_run=True)
        why = ended.failure.cause if ended.failure else "it left no result"
        cause = f"LEAN did not carry out the backtest to compare warm engines with: {why}"
        return Failure(cause, _RUN_COLD, ExitCode.LEAN_STOPPED_EARLY, spoils_complete_run=True)

    def _warm_backtests(self) -> Iterator[tuple[BacktestFile, Mapping[str, str]]]:
        """Completed ones with their combinations, the best to compare in front; not the one that was compared."""
        first = self._key(self._plan.representative) if self._is_met else None
        warm = [
            WarmBacktest(output, name, note.served or 0)
            for output, notes in self._noted_outputs()
            for name, note in notes.items()
            if note.engine == WARM
        ]
        for one in in_order_of_doubt(warm):
            read = read_backtest(one.file, one.output.log)
            if isinstance(read, SkippedFile) or read.status is not BacktestStatus.COMPLETED:
                continue
            if self._key(read.parameters) != first:
                yield one.file, self._own(read.parameters)

    def _noted_outputs(self) -> Iterator[tuple[LeanOutput, Mapping[str, EngineNote]]]:
        """Those of the run that warm engines were to serve, with what each backtest's own folder says of its engine."""
        for folder in warm_parts(self._plan.folder):
            output = read_output(folder)
            if output is not None:
                yield output, notes_of(folder)

    def _own(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Without what LEAN's results name beside the combination: fixed ones, and the project's own."""
        names = [parameter.name for parameter in self._plan.config.search.parameters]
        return {name: parameters[name] for name in names if name in parameters}

    def _key(self, parameters: Mapping[str, str]) -> frozenset[tuple[str, str]]:
        return self._plan.config.search.method.key(self._own(parameters))


@dataclass(frozen=True)
class WarmBacktest:
    """One backtest that a warm engine has run."""

    output: LeanOutput
    backtest_id: str
    served: int
    """As the how-manieth of its engine."""

    @property
    def file(self) -> BacktestFile:
        """Its results."""
        return BacktestFile(self.backtest_id, self.output.folder / self.backtest_id)

    @property
    def finished_at(self) -> float:
        """By the clock, in seconds; 0 where it has no results."""
        with suppress(OSError):
            return self.file.path.stat().st_mtime
        return 0


def in_order_of_doubt(warm: Sequence[WarmBacktest]) -> list[WarmBacktest]:
    """Of the last tenth that finished those whose engine had served the most before; then the others, the last first.

    What one backtest leaves behind for the next in the same process shows most where most have been before.
    """
    lately = sorted(warm, key=lambda one: one.finished_at, reverse=True)
    last = math.ceil(len(lately) / _LAST)
    return [*sorted(lately[:last], key=lambda one: one.served, reverse=True), *lately[last:]]


def warm_parts(folder: Path) -> list[Path]:
    """The folders of a run's parts that warm engines were to serve."""
    manifest = read_manifest(folder)
    parts = [folder / part for part in manifest.parts] if manifest else []
    return [part for part in parts if (part / ENGINE_SETTINGS).is_file()]


def note_engine(folder: Path, **changes: Any) -> None:
    """Changes fields of the manifest in a run's folder; on a full disk they are lost.

    Args:
        folder: the run's.
        changes: names and values of RunManifest's fields.
    """
    manifest = read_manifest(folder)
    if manifest is not None:
        with suppress(OSError):
            write_manifest(folder, replace(manifest, **changes))
