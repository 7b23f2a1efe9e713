"""Runs one `lean` command after another for a run: started, watched, diagnosed."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strategy_testing.config.secrets import hide_secrets
from strategy_testing.lean.command import LeanCommand
from strategy_testing.lean.limits import Limits
from strategy_testing.lean.monitor import LeanMonitor
from strategy_testing.lean.process import run_lean
from strategy_testing.results.backtest import BacktestResult
from strategy_testing.results.diagnosis import Failure, diagnose
from strategy_testing.results.optimizer_log import OptimizerLog

OnLook = Callable[[Sequence[BacktestResult], OptimizerLog], Failure | None]
"""Called several times a second with what has finished since the last call, and the optimizer's log so far; says why
LEAN is to be stopped, None where nothing is."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    failure: Failure | None
    """Why LEAN did not do its work; None when nothing says so."""
    was_stopped: bool
    """A limit ended it; else it ended by itself."""
    seconds: float


@dataclass(frozen=True)
class LeanSession:
    """Where and how the commands of one run are carried out; its limits hold for all of them together."""

    lean: tuple[str, ...]
    """The program and its first arguments."""
    workspace: Path
    transcript: Path
    """Gets everything that LEAN prints, one command after the other."""
    limits: Limits
    meanwhile: Callable[[], None] = lambda: None
    """Called whenever LEAN has been started."""
    started: float = field(default_factory=time.monotonic)

    def run(self, command: LeanCommand, on_look: OnLook) -> Ended:
        """Runs a command to its end, or until a limit ends it; nothing of it is left behind."""
        folder = self.workspace / command.output
        monitor = LeanMonitor(folder, self.limits, self.started, on_look)
        before = self.transcript.stat().st_size if self.transcript.exists() else 0
        began = time.monotonic()
        words = [*self.lean, *command.arguments]
        try:
            code = run_lean(
                words,
                self.workspace,
                folder,
                self.transcript,
                should_stop=monitor.should_stop,
                has_ended=monitor.has_ended,
                meanwhile=self.meanwhile,
            )
        finally:
            self._hide_secrets(command, before)
        log = monitor.read_rest()
        seconds = time.monotonic() - began
        if monitor.failure is not None:
            return Ended(monitor.failure, was_stopped=True, seconds=seconds)
        return Ended(diagnose(code, self._printed_since(before), log), was_stopped=False, seconds=seconds)

    def _hide_secrets(self, command: LeanCommand, start: int) -> None:
        """Takes the command's secrets out of what it added to the transcript behind so many bytes."""
        with contextlib.suppress(FileNotFoundError), self.transcript.open("r+b") as transcript:
            transcript.seek(start)
            printed = transcript.read()
            shown = hide_secrets(printed, command.arguments)
            if shown != printed:
                transcript.seek(start)
                transcript.write(shown)
                transcript.truncate()

    def _printed_since(self, start: int) -> str:
        """What was added to the transcript behind so many bytes; nothing if it has been removed."""
        try:
            return self.transcript.read_bytes()[start:].decode("utf-8", "replace")
        except OSError:
            return ""
