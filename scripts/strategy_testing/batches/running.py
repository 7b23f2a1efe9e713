"""Runs a batch's configs, each in a process of its own, and passes the user's signals on to them.

While one runs, the process of the next is there already, has loaded what it needs, and waits for its turn. That comes
when LEAN of the one before has done its work: what this still has to store, and to show, nobody waits for.
"""

import select
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from strategy_testing.batches.process import Child, Ended, Job
from strategy_testing.report.batch_progress import BatchProgress
from strategy_testing.signals import Requests

_POLL_SECONDS = 0.05


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
        stop_at_failure: start no more after one that did not end with 0, and none before that is known.
        progress: is told how far each is.
        on_start: called when each has begun, before anything is heard of it; one that has gone ahead is heard when its
            place is free.
        on_end: called when each has ended.
    """

    def start(job: Job) -> Child:
        return Child(job, environment, f"[{job.strategy}] " if at_once > 1 else "")

    waiting = deque(jobs)
    running: list[Child] = []
    following = Following(start)
    passed_on = 0
    try:
        while True:
            for place, child in enumerate(running):
                _show(child, progress, on_start, is_ahead=place >= at_once)
            for child in [child for child in running[:at_once] if child.has_ended()]:
                running.remove(child)
                progress.ends(str(child.job.config))
                ended = child.ended()
                on_end(ended)
                if stop_at_failure and ended.exit_code != 0:
                    waiting.clear()
            if signals.first is None:
                while waiting and _has_place(
                    waiting[0], running, at_once, goes_ahead=following.is_ready and not stop_at_failure
                ):
                    running.append(following.begun(waiting.popleft()))
                if waiting and len(running) <= at_once and all(child.has_told for child in running):
                    following.get_ready(waiting[0])  # until they are at work, it would take their time
            else:
                passed_on = _pass_on(signals.first, signals.count, running, passed_on)
            if not running and (not waiting or signals.first is not None):
                return
            progress.renew()
            if all(child.is_heard for child in running[:at_once]):
                select.select(running[:at_once], [], [], _POLL_SECONDS)
    finally:
        for child in running:  # something of ours has failed
            child.kill()
        following.dismiss()


def _pass_on(first: signal.Signals, count: int, running: Sequence[Child], passed_on: int) -> int:
    """Stops what runs, as often as that was asked for; returns how often it was."""
    if passed_on < count:
        for child in running:
            child.stop(first, at_once=count > 1)
    return count


def _has_place(job: Job, running: Sequence[Child], at_once: int, *, goes_ahead: bool) -> bool:
    """Whether a config's turn has come: beside so many, one may go ahead when LEAN of one has done its work.

    What that one has still to store must not matter to it, as results of its own strategy would, which it may take. Nor
    is a process started for it: where that failed, the one before would not be stored to its end.
    """
    if len(running) < at_once:
        return True
    is_free = len(running) == at_once and any(child.lean_is_done for child in running)
    return goes_ahead and is_free and job.strategy not in [child.job.strategy for child in running]


def _show(child: Child, progress: BatchProgress, on_start: Callable[[Job], None], *, is_ahead: bool) -> None:
    """Lets people see what a config's process says, and how far it is; of one that has gone ahead it is kept."""
    if is_ahead:
        child.listen()
        return
    if not child.is_heard:
        on_start(child.job)
        progress.begins(str(child.job.config), child.job.strategy)
        child.hear()
    if (told := child.told()) is not None:
        progress.tells(str(child.job.config), told)


class Following:
    """The process of the next config, which loads what it needs while others run."""

    def __init__(self, start: Callable[[Job], Child]) -> None:
        """None yet; `start` starts one."""
        self._start = start
        self._child: Child | None = None
        self._failed: Job | None = None

    def get_ready(self, job: Job) -> None:
        """Starts it, once; where that fails it is left to its turn."""
        if self._child is None and self._failed is not job:
            try:
                self._child = self._start(job)
            except OSError:
                self._failed = job

    @property
    def is_ready(self) -> bool:
        """Whether it waits for its turn."""
        return self._child is not None and not self._child.has_ended()

    def begun(self, job: Job) -> Child:
        """Its turn has come; one that has ended before is started anew."""
        if not self.is_ready:
            self.dismiss()
        child, self._child = self._child or self._start(job), None
        child.begin()
        return child

    def dismiss(self) -> None:
        """Ends it: its turn will not come."""
        if self._child is not None:
            self._child.discard()
        self._child = None
