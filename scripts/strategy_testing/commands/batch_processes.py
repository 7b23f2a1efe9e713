"""Runs a batch's configs, each in a process of its own, and passes the user's signals on to them.

While one runs, the process of the next is there already, has loaded what it needs, and waits for its turn.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from strategy_testing.console import tell, width_of
from strategy_testing.report.batch_progress import BatchProgress
from strategy_testing.signals import ENDING, Requests

_POLL_SECONDS = 0.05
_PIPE_BYTES = 65536


@dataclass(frozen=True)
class Job:
    """One config's process."""

    config: Path
    strategy: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    job: Job
    exit_code: int
    """Negative: the signal that killed it."""
    seconds: float
    answer: str
    """The last line of its stdout."""


def has_turn(turn: int) -> bool:
    """Waits for the turn of a config's process; False where it never comes, because the batch has ended.

    Args:
        turn: descriptor of a pipe.
    """
    with open(turn, "rb", buffering=0) as pipe:
        return bool(pipe.read(1))


def accept_signals() -> None:
    """Lets a config's process be stopped: it is started deaf, so that no signal meets it before it can obey."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


def run_jobs(
    jobs: Sequence[Job],
    environment: Mapping[str, str],
    signals: Requests,
    *,
    at_once: int,
    stop_at_failure: bool,
    progress: BatchProgress,
    on_start: Callable[[Job], None],
    on_end: Callable[[Ended], None],
) -> None:
    """Runs processes in order, several at once, until all have ended; none is left behind.

    The first signal is passed on to them and they are waited for, so that they store what has finished. At the
    second they are killed.

    Args:
        jobs: what to run.
        environment: for all of them.
        signals: which the caller collects.
        at_once: how many run at a time.
        stop_at_failure: start no more after one that did not end with 0.
        progress: is told how far each is.
        on_start: called before each starts.
        on_end: called when each has ended.
    """

    def start(job: Job) -> _Child:
        mark = f"[{job.strategy}] " if at_once > 1 else "" if progress.is_drawn else None
        return _Child(job, environment, mark)

    waiting = deque(jobs)
    running: list[_Child] = []
    following = Following(start)
    passed_on = 0
    try:
        while True:
            while waiting and len(running) < at_once and signals.first is None:
                on_start(waiting[0])
                progress.begins(str(waiting[0].config), waiting[0].strategy)
                running.append(following.begun(waiting.popleft()))
            if waiting and signals.first is None:
                following.get_ready(waiting[0])
            if signals.first is not None and passed_on < signals.count:
                for child in running:
                    child.stop(signals.first, at_once=signals.count > 1)
                passed_on = signals.count
            for child in running:
                if (told := child.told()) is not None:
                    progress.tells(str(child.job.config), told)
            for child in [child for child in running if child.has_ended()]:
                running.remove(child)
                progress.ends(str(child.job.config))
                ended = child.ended()
                on_end(ended)
                if stop_at_failure and ended.exit_code != 0:
                    waiting.clear()
            if not running and (not waiting or signals.first is not None):
                return
            progress.renew()
            select.select(running, [], [], _POLL_SECONDS)
    finally:
        for child in running:  # something of ours has failed
            child.kill()
        following.dismiss()


class _Child:
    def __init__(self, job: Job, environment: Mapping[str, str], mark: str | None) -> None:
        """Starts it; what it says on stderr is told with a mark before each line, or goes there by itself for None."""
        self.job = job
        self._started = time.monotonic()
        turn, self._turn = os.pipe()
        self._told, progress_to = os.pipe()
        os.set_blocking(self._told, False)
        self._untold = b""
        if mark is not None and (width := width_of(sys.stderr)) is not None:
            environment = {**environment, "COLUMNS": str(max(1, width - len(mark)))}
        self._stdout = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            # A session of its own keeps a Ctrl-C in the terminal from reaching it twice.
            self._process = subprocess.Popen(
                [*job.command, "--progress-to", str(progress_to), "--turn", str(turn)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._stdout,
                stderr=None if mark is None else subprocess.PIPE,
                start_new_session=True,
                pass_fds=(progress_to, turn),
            )
        finally:
            os.close(progress_to)
            os.close(turn)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._copier: threading.Thread | None = None
        if self._process.stderr is not None:
            self._copier = threading.Thread(target=_copy, args=(self._process.stderr, mark), daemon=True)
            self._copier.start()

    def fileno(self) -> int:
        """Can be read when it has told something, or has ended."""
        return self._told

    def begin(self) -> None:
        """Now is its turn."""
        self._started = time.monotonic()
        with contextlib.suppress(BrokenPipeError):
            os.write(self._turn, b"\n")
        os.close(self._turn)

    def discard(self) -> None:
        """Ends one whose turn has not come, and which has done nothing yet."""
        os.close(self._turn)
        if not self.has_ended():  # else its number may be another's by now
            self.kill()
            self._process.wait()
        self.ended()

    def told(self) -> Mapping[str, Any] | None:
        """The last that it has told of its progress since it was asked; None where that is nothing."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._told, _PIPE_BYTES):
                self._untold += piece
        lines, _, self._untold = self._untold.rpartition(b"\n")
        return json.loads(lines.splitlines()[-1]) if lines else None

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self, number: signal.Signals, *, at_once: bool) -> None:
        if at_once:
            self.kill()
        else:
            self._process.send_signal(number)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def ended(self) -> Ended:
        seconds = time.monotonic() - self._started
        if self._copier is not None:
            self._copier.join(timeout=1)
        os.close(self._told)
        with self._stdout as kept:
            kept.seek(0)
            lines = kept.read().decode("utf-8", "replace").splitlines()
        return Ended(self.job, self._process.returncode, seconds, lines[-1] if lines else "")


class Following:
    """The process of the next config, which loads what it needs while others run."""

    def __init__(self, start: Callable[[Job], _Child]) -> None:
        """None yet; `start` starts one."""
        self._start = start
        self._child: _Child | None = None
        self._failed: Job | None = None

    def get_ready(self, job: Job) -> None:
        """Starts it, once; where that fails it is left to its turn."""
        if self._child is None and self._failed is not job:
            try:
                self._child = self._start(job)
            except OSError:
                self._failed = job

    def begun(self, job: Job) -> _Child:
        """Its turn has come; one that has ended before is started anew."""
        if self._child is not None and self._child.has_ended():
            self.dismiss()
        child, self._child = self._child or self._start(job), None
        child.begin()
        return child

    def dismiss(self) -> None:
        """Ends it: its turn will not come."""
        if self._child is not None:
            self._child.discard()
        self._child = None


def _copy(source: IO[bytes], mark: str) -> None:
    """Shows a process's stderr line by line, each behind a mark."""
    with source:
        for line in source:
            tell(f"{mark}{line.decode('utf-8', 'replace').rstrip()}")
