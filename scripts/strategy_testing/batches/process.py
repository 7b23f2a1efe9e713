"""The process of one config of a batch: started, let go, heard, stopped."""

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from strategy_testing.console import tell, width_of
from strategy_testing.signals import ENDING

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


def has_turn(turn: int, meanwhile: Callable[[], None]) -> bool:
    """Waits for the turn of a config's process; False where it never comes, because the batch has ended.

    Args:
        turn: descriptor of a pipe.
        meanwhile: called before, unless the turn has come already.
    """
    with open(turn, "rb", buffering=0) as pipe:
        if not select.select([pipe], [], [], 0)[0]:
            meanwhile()
        return bool(pipe.read(1))


def accept_signals() -> None:
    """Lets a config's process be stopped: it is started deaf, so that no signal meets it before it can obey."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


class Child:
    """It waits, having loaded what it needs, until its turn has come."""

    def __init__(self, job: Job, environment: Mapping[str, str], mark: str) -> None:
        """Starts it; what it says on stderr is told when it may be heard, with a mark before each line."""
        self.job = job
        self.has_told = False
        """Whether it has told of its progress: it is starting LEAN."""
        self.lean_is_done = False
        """Whether it has told that it needs LEAN no more."""
        self._started = time.monotonic()
        turn, self._turn = os.pipe()
        self._told, progress_to = os.pipe()
        os.set_blocking(self._told, False)
        self._untold = b""
        self._last: Mapping[str, Any] | None = None
        if (width := width_of(sys.stderr)) is not None:
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
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(progress_to, turn),
            )
        finally:
            os.close(progress_to)
            os.close(turn)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        assert self._process.stderr is not None  # it was asked for  # noqa: S101
        self._story = _Story(self._process.stderr, mark)

    @property
    def is_heard(self) -> bool:
        """Whether people see what it says."""
        return self._story.is_heard

    def hear(self) -> None:
        """Lets people see what it says, and has said."""
        self._story.hear()

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
        """The last that it has told of its progress since this was asked; None where that is nothing."""
        self.listen()
        last, self._last = self._last, None
        return last

    def listen(self) -> None:
        """Takes in what it has told, lest its pipe be full."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._told, _PIPE_BYTES):
                self._untold += piece
        lines, _, self._untold = self._untold.rpartition(b"\n")
        if lines:
            last: dict[str, Any] = json.loads(lines.splitlines()[-1])
            self.has_told, self.lean_is_done, self._last = True, last["lean_is_done"], last

    def has_ended(self) -> bool:
        """Whether it has; its number may then be another's."""
        return self._process.poll() is not None

    def stop(self, number: signal.Signals, *, at_once: bool) -> None:
        """Passes a signal on to it, or kills it."""
        if at_once:
            self.kill()
        else:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Ends it, and what it has started in its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def ended(self) -> Ended:
        """How it ended, when it has."""
        seconds = time.monotonic() - self._started
        self._story.join(timeout=1)
        os.close(self._told)
        with self._stdout as kept:
            kept.seek(0)
            lines = kept.read().decode("utf-8", "replace").splitlines()
        return Ended(self.job, self._process.returncode, seconds, lines[-1] if lines else "")


class _Story(threading.Thread):
    """Shows a process's stderr line by line, each behind a mark; keeps them until they may be heard."""

    def __init__(self, source: IO[bytes], mark: str) -> None:
        """Begins to read."""
        super().__init__(daemon=True)
        self.is_heard = False
        self._source, self._mark = source, mark
        self._kept: list[str] = []
        self._order = threading.Lock()
        self.start()

    def hear(self) -> None:
        """Shows what was kept, and from now on every line at once."""
        with self._order:
            self.is_heard = True
            for line in self._kept:
                tell(line)
            self._kept.clear()

    def run(self) -> None:
        """Reads to the end."""
        with self._source:
            for read in self._source:
                line = f"{self._mark}{read.decode('utf-8', 'replace').rstrip()}"
                with self._order:
                    if self.is_heard:
                        tell(line)
                    else:
                        self._kept.append(line)
