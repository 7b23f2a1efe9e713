"""Starting the container as a process of its own and showing what it prints."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from replay import console, containers

_POLL = 0.01


Play = Callable[[Callable[[bytes], object]], int]
"""What happens in a container, which is given what to call with what is printed, and returns the exit code."""


def run_container(name: str, play: Play, scratch: Path, fault: tuple[str, list[int]]) -> bool:
    """Run something in a container and tell whether it ended well; SIGINT ends both the container and this process."""
    with tempfile.TemporaryFile() as spool:
        sys.stdout.flush()
        started: list[int] = []

        def interrupted(_signal: int, _frame: FrameType | None) -> None:
            for pid in started:
                _kill(pid)
            containers.remove(name, scratch)
            sys.stdout.flush()
            os._exit(1)

        signal.signal(signal.SIGINT, signal.SIG_IGN if fault[0] == "ignore-sigint" else interrupted)
        pid = os.fork()
        if pid == 0:
            _be_container(name, play, scratch, spool.fileno())
        started.append(pid)
        status = _follow(pid, spool.fileno())
        started.clear()
    containers.remove(name, scratch)
    return os.waitstatus_to_exitcode(status) == 0


def _be_container(name: str, play: Play, scratch: Path, spool: int) -> None:
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.closerange(3, spool)
        os.closerange(spool + 1, 1024)
        containers.register(name, scratch)
        code = play(lambda text: os.write(spool, text))
        containers.remove(name, scratch)
    finally:
        os._exit(code)


def _follow(pid: int, spool: int) -> int:
    shown = 0
    rest = b""
    columns = console.width()
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        while data := os.pread(spool, 1 << 16, shown):
            shown += len(data)
            whole, newline, rest = (rest + data).rpartition(b"\n")
            if newline:
                console.write(whole.decode("utf-8"), columns)
        if ended:
            return status
        time.sleep(_POLL)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
