"""A terminal of a given width for a script, and what a person sees on it: the screen with what has scrolled away."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyte

_HEIGHT = 60
_MOST_SECONDS = 120


@dataclass(frozen=True)
class Seen:
    """What a script left on its terminal."""

    raw: str
    """Every byte that it wrote."""
    lines: list[str]
    """As they stand in the end, those that scrolled away included, without blanks at their ends."""
    exit_code: int


def in_terminal(command: Sequence[str], columns: int, environment: Mapping[str, str]) -> Seen:
    """Runs a command whose stdout and stderr are a terminal."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", _HEIGHT, columns, 0, 0))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=its, stderr=its, env=environment)
    os.close(its)
    screen = pyte.HistoryScreen(columns, _HEIGHT, history=10_000, ratio=0.5)
    screen.set_mode(pyte.modes.LNM)
    stream = pyte.ByteStream(screen)
    raw, deadline = b"", time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the last one that had the terminal has ended
                break
            if not piece:
                break
            raw += piece
            stream.feed(piece)
    os.close(ours)
    code = process.wait(timeout=10)
    above = ["".join(row[column].data for column in range(columns)) for row in screen.history.top]
    lines = [line.rstrip() for line in [*above, *screen.display]]
    while lines and not lines[-1]:
        lines.pop()
    return Seen(raw.decode("utf-8", "replace"), lines, code)
