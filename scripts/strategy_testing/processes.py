"""Which process is which, whatever the clock says and whoever has its number by now; and what this one gives back."""

import os
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_STATE, _STARTED = 0, 19
"""Of the fields of /proc/PID/stat behind the program's name: the second in clock ticks since the machine's start."""
_ENDED = ("Z", "X")


@dataclass(frozen=True)
class Token:
    """The identity of a process: no other one has the same, on this machine or elsewhere."""

    place: str
    """The machine's start and the namespace in which the process has its number."""
    pid: int
    ticks: int
    """When it began."""

    def __str__(self) -> str:
        """`PLACE PID TICKS`, as it is stored."""
        return f"{self.place} {self.pid} {self.ticks}"

    @classmethod
    def read(cls, text: object) -> "Token | None":
        """What str() gave; None for anything else."""
        words = str(text).split()
        if len(words) != 3 or not (words[1].isdecimal() and words[2].isdecimal()):
            return None
        return cls(words[0], int(words[1]), int(words[2]))

    @property
    def is_visible(self) -> bool:
        """Whether this process would see that one, if it lived."""
        return self.place == _place() and not _is_hidden(self.pid)

    @property
    def lives(self) -> bool:
        """Whether the process runs where this one sees it."""
        return token_of(self.pid) == self


def token_of(pid: int) -> Token | None:
    """The identity of a process that runs now; None where there is none, or no /proc that tells."""
    place = _place()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return None if place is None or fields[_STATE] in _ENDED else Token(place, pid, int(fields[_STARTED]))
    except (OSError, IndexError, ValueError):
        return None


def _place() -> str | None:
    """Where this process is; None on a system without /proc."""
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
        return f"{boot}/{str(_NAMESPACE.readlink()).strip('pid:[]')}"
    except OSError:
        return None


def _is_hidden(pid: int) -> bool:
    """Whether there is a process of another user's that /proc does not show to this one (hidepid)."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return not os.access(f"/proc/{pid}/stat", os.R_OK)
    except (OSError, OverflowError):
        return False
    return False


def give_back_memory() -> None:
    """Gives free memory back to the system where the C library can (glibc), which else keeps what large arrays took."""
    try:
        import ctypes  # noqa: PLC0415 - few processes ever ask
    except ImportError:  # a Python that was built where libffi was missing
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
