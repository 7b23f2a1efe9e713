"""The life of one PostgreSQL cluster on this machine: made, started, stopped. Its owner keeps others out meanwhile."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

_SYSTEM_USER = "pgserver"
"""Who runs the server where root starts it: PostgreSQL refuses to run as root."""
SOCKET = ".s.PGSQL.5432"
_SECONDS_TO_START = 60
_SECONDS_TO_STOP = 30
_SECONDS_TO_FADE = 10
"""What backends of a postmaster that was killed are given to notice it."""


class ClusterError(Exception):
    """The server does not do what it was asked for; the message says why."""


@cache
def server_user() -> pwd.struct_passwd | None:
    """Who runs the server where this is root's process; None where it runs as who starts it.

    Raises:
        subprocess.SubprocessError, OSError: the user cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/bin/sh", _SYSTEM_USER], check=True, capture_output=True)
        return pwd.getpwnam(_SYSTEM_USER)


@dataclass(frozen=True)
class Cluster:
    """Where it is, and with which programs it is run."""

    data: Path
    sockets: Path
    programs: Path

    def ensure_running(self) -> None:
        """Makes the cluster where there is none, and starts its server where none runs.

        Raises:
            ClusterError: it does not start.
            OSError, subprocess.SubprocessError: something that is needed for it cannot be done.
        """
        self._let_server_user_in()
        if not (self.data / "PG_VERSION").exists():
            self._make()
        if self._postmaster() is not None:
            return
        self._wait_for_backends()
        # What a killed server has left behind names processes whose numbers others may have by now: PostgreSQL would
        # refuse to start for them.
        for left in (self.data / "postmaster.pid", self.sockets / SOCKET, self.sockets / f"{SOCKET}.lock"):
            left.unlink(missing_ok=True)
        self._start()

    def stop(self) -> None:
        """Ends the server, if it is one of this cluster that runs."""
        if self._postmaster() is not None:
            self._run("pg_ctl", "-w", "-t", str(_SECONDS_TO_STOP), "-m", "fast", "-D", str(self.data), "stop")

    def _make(self) -> None:
        """Makes it beside its place, where it comes whole or not at all."""
        self._remove_what_was_left()
        place = Path(tempfile.mkdtemp(prefix=f".{self.data.name}-", dir=self.data.parent))
        if (owner := server_user()) is not None:
            shutil.chown(place, owner.pw_uid, owner.pw_gid)
        words = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres", "--no-sync"]
        self._run("initdb", *words, "-D", str(place))
        if self.data.is_dir():
            self._set_aside_what_is_there()
        place.rename(self.data)
        self._remove_what_was_left()  # an initdb that was just being ended may have written on

    def _remove_what_was_left(self) -> None:
        for left in self.data.parent.glob(f".{self.data.name}-*"):
            shutil.rmtree(left, ignore_errors=True)

    def _set_aside_what_is_there(self) -> None:
        """A folder without a whole cluster in it: empty, or of an `initdb` that was ended half-way."""
        if any(self.data.iterdir()):
            aside = self.data.with_name(f"{self.data.name}-unfinished-{time.time_ns()}")
            self.data.rename(aside)
        else:
            self.data.rmdir()

    def _start(self) -> None:
        log = self.data / "log"
        options = f'-h "" -k "{self.sockets}"'
        words = ["-w", "-t", str(_SECONDS_TO_START), "-o", options, "-l", str(log), "-D", str(self.data), "start"]
        written = log.stat().st_size if log.exists() else 0
        try:
            self._run("pg_ctl", *words)
        except subprocess.CalledProcessError:
            raise ClusterError(_last_words(log, written)) from None

    def _run(self, program: str, *words: str) -> None:
        """Runs one of PostgreSQL's programs in a session of its own, so that a Ctrl-C does not meet it half-way."""
        owner = server_user()
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(self.programs / program), *words],
                cwd="/",
                env={**os.environ, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
                user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None,
                extra_groups=[] if owner else None,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
            )
            if done.returncode != 0:
                said.seek(0)
                text = said.read().decode("utf-8", "replace").strip()
                if program == "pg_ctl":
                    raise subprocess.CalledProcessError(done.returncode, program, text)
                raise ClusterError(f"{program}: {text.splitlines()[-1] if text else f'exit code {done.returncode}'}")

    def _postmaster(self) -> psutil.Process | None:
        """The server's first process, when what its note says is still true."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
            process = psutil.Process(int(lines[0]))
            is_it = self._is_ours(process) and lines[-1].strip() == "ready"
        except (OSError, ValueError, IndexError, OverflowError, psutil.Error):
            return None
        return process if is_it else None

    def _is_ours(self, process: psutil.Process) -> bool:
        """Whether a process belongs to this cluster's server: every one of them works in its data folder."""
        with contextlib.suppress(psutil.Error, OSError):
            is_postgres = process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
            return is_postgres and Path(process.cwd()).samefile(self.data)
        return False

    def _backends(self) -> Iterator[psutil.Process]:
        return (process for process in psutil.process_iter() if self._is_ours(process))

    def _wait_for_backends(self) -> None:
        """No process of an earlier server may write while a new one starts; also not a first one that hangs."""
        deadline = time.monotonic() + _SECONDS_TO_FADE
        while any(True for _ in self._backends()):
            if time.monotonic() > deadline:
                for process in self._backends():
                    with contextlib.suppress(psutil.Error):
                        process.kill()
                deadline += 1
            time.sleep(0.05)

    def _let_server_user_in(self) -> None:
        """Root's server runs as another user, who must reach the data and the programs."""
        if server_user() is None:
            return
        for place in (self.data, self.programs / "postgres"):
            for folder in place.parents:
                mode = folder.stat().st_mode
                if not mode & 0o001:
                    folder.chmod(mode | 0o011)


def _last_words(log: Path, written: int) -> str:
    """What the server has said since its log had so many bytes."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(written)
        lines = file.read().decode("utf-8", "replace").splitlines()
        fatal = [line.split("FATAL:", 1)[1].strip() for line in lines if "FATAL:" in line]
        if fatal:
            return fatal[-1]
    return f"its log {log} does not say why"
