"""The one owner of the `lean` subprocess: starts it without a shell, watches it, and never leaves it behind."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from strategy_testing.console import tell
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.files import load_json, read_text, without_database_secrets, write_atomically
from strategy_testing.lean.container import container_is_gone, container_name, kill_container
from strategy_testing.lean.guard import guarded
from strategy_testing.processes import Token, token_of
from strategy_testing.results.manifest import LEAN_PROCESS
from strategy_testing.signals import held

POLL_SECONDS = 0.25
_SECONDS_TO_END = 5
"""What the CLI is given after SIGINT, and again once its container has been killed."""
_SECONDS_OF_TAIL = 0.5
"""What the CLI is given once LEAN has ended its work."""
_UNWRAPPED = "1000"
"""Columns: the CLI wraps its output at the terminal's width."""
_CLOCK_TOLERANCE_SECONDS = 2


def lean_command(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The command that is `lean`: LEAN_COMMAND, else `lean` from the PATH.

    Raises:
        UserError: there is no such program.
    """
    given = environment.get("LEAN_COMMAND", "").strip()
    try:
        words = tuple(shlex.split(given)) if given else ("lean",)
    except ValueError as error:
        raise UserError(f"LEAN_COMMAND cannot be read: {error}", "close the quote in it") from None
    if shutil.which(words[0], path=environment.get("PATH")) is None:
        where = "LEAN_COMMAND names it" if given else "it is not on the PATH"
        raise UserError(
            f"{words[0]}: no such program ({where})",
            "install the CLI with `pip install lean`, or name it in LEAN_COMMAND",
            ExitCode.LEAN_NOT_FOUND,
        )
    return words


def run_lean(
    command: Sequence[str],
    workspace: Path,
    output_folder: Path,
    transcript: Path,
    *,
    should_stop: Callable[[], bool],
    has_ended: Callable[[], bool],
    meanwhile: Callable[[], None],
) -> int:
    """Runs `lean` to its end and returns its exit code (negative: the signal that ended it).

    Whatever happens, neither the process nor its container is left behind. Once LEAN has ended its work and its
    container is gone, every result is on disk; what the CLI then does, a minute long, is to parse the best result for a
    table that nobody reads. It is ended, and its exit code is 0.

    Args:
        command: program and arguments.
        workspace: the lean workspace, in which it runs.
        output_folder: where it writes; the file `config` in it names the container.
        transcript: gets everything it prints, unwrapped.
        should_stop: asked several times a second; True ends LEAN.
        has_ended: whether LEAN's log says that its work is done.
        meanwhile: called when it has been started; signals wait until it has returned.

    Raises:
        UserError: the program cannot be started.
        OSError: the transcript cannot be written.
    """
    environment = without_database_secrets(os.environ) | {"COLUMNS": _UNWRAPPED, "PYTHONUNBUFFERED": "1"}
    note = transcript.with_name(LEAN_PROCESS)
    with transcript.open("ab") as kept, guarded(note.parent, output_folder), contextlib.ExitStack() as signals:
        signals.enter_context(held())
        # A session of its own keeps a Ctrl-C in the terminal from reaching LEAN behind our back.
        try:
            process = subprocess.Popen(
                command,
                cwd=workspace,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=kept,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise UserError(
                f"{command[0]}: cannot be started: {error.strerror}",
                "it is no program, or its first line names an interpreter that is not there: "
                "install the CLI anew with `pip install lean`, or name it in LEAN_COMMAND",
                ExitCode.LEAN_NOT_FOUND,
            ) from None
        is_ending = threading.Event()
        errors = threading.Thread(target=_copy_errors, args=(process.stderr, kept, is_ending), daemon=True)
        try:
            _note_process(note, process.pid)
            errors.start()
            meanwhile()
            signals.close()
            return _wait(process, errors, output_folder, is_ending, should_stop=should_stop, has_ended=has_ended)
        except BaseException:
            _stop(process, output_folder, is_ending)
            raise
        finally:
            _kill_group(process)  # what the command has started and left behind
            if errors.ident is not None:
                errors.join(timeout=1)
            note.unlink(missing_ok=True)


def end_left_over(run_folder: Path, output_folders: Sequence[Path]) -> None:
    """Ends what a runner that is gone has left running: the process it noted, and its containers by their names.

    A process of the same number that began at another time is somebody else's and is left alone. A runner may have
    gone before it could note one; what writes a folder of its run is told by its arguments.

    Raises:
        PermissionError: it is another user's.
    """
    note = run_folder / LEAN_PROCESS
    _end(_noted(note))
    end_writers(output_folders)
    note.unlink(missing_ok=True)


def end_writers(output_folders: Sequence[Path]) -> None:
    """Ends whatever writes these folders, processes and containers; the run may have another runner by now.

    Raises:
        PermissionError: it is another user's.
    """
    _end(_writers(output_folders))
    for name in filter(None, map(container_name, output_folders)):
        kill_container(name)


def _end(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        except PermissionError as error:
            raise PermissionError(error.errno, error.strerror, f"process {process.pid}") from None


def _noted(note: Path) -> list[psutil.Process]:
    try:
        noted = load_json(read_text(note))
        token = Token.read(noted.get("token"))
        if token is not None:
            return [psutil.Process(token.pid)] if token.lives else []
        process = psutil.Process(int(noted["pid"]))
        age = abs(process.create_time() - float(noted["started_at"]))
        return [process] if age <= _CLOCK_TOLERANCE_SECONDS else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError, psutil.Error):
        return []


def _writers(output_folders: Sequence[Path]) -> Iterator[psutil.Process]:
    """Leaders of groups whose arguments say that they write one of these folders."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError, ValueError):
            words = process.cmdline()
            output = Path(process.cwd(), words[words.index("--output") + 1])
            if output in output_folders and os.getpgid(process.pid) == process.pid:
                yield process


def _wait(
    process: "subprocess.Popen[bytes]",
    errors: threading.Thread,
    output_folder: Path,
    is_ending: threading.Event,
    *,
    should_stop: Callable[[], bool],
    has_ended: Callable[[], bool],
) -> int:
    tail_began: float | None = None
    while True:
        errors.join(POLL_SECONDS)  # which tells of LEAN's end at once, where Popen.wait() looks for it now and then
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(0 if errors.is_alive() else POLL_SECONDS)
            if code != 0:  # it may have been killed, and its container not
                kill_container(container_name(output_folder))
            return code
        if should_stop():
            return _stop(process, output_folder, is_ending)
        if tail_began is None and has_ended():
            tail_began = time.monotonic()
        is_late = tail_began is not None and time.monotonic() > tail_began + _SECONDS_OF_TAIL
        if is_late and container_is_gone(container_name(output_folder)):
            _stop(process, output_folder, is_ending)
            return 0


def _note_process(note: Path, pid: int) -> None:
    """On a full disk the run does without: only a runner that is killed is then missed less well."""
    with contextlib.suppress(psutil.NoSuchProcess, OSError):
        noted = {"pid": pid, "started_at": psutil.Process(pid).create_time(), "token": str(token_of(pid))}
        write_atomically(note, json.dumps(noted) + "\n")


def _stop(process: "subprocess.Popen[bytes]", output_folder: Path, is_ending: threading.Event) -> int:
    """SIGINT, on which the CLI ends its container; if that does not help, the container by its name, then the CLI."""
    is_ending.set()
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_END)
        kill_container(container_name(output_folder))
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(_SECONDS_TO_END)
        _kill_group(process)
        return process.wait()
    except BaseException:  # a second Ctrl-C is obeyed at once
        _kill_group(process)
        kill_container(container_name(output_folder))
        raise


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _copy_errors(source: IO[bytes] | None, kept: IO[bytes], is_ending: threading.Event) -> None:
    """Shows what `lean` writes to stderr at once, until it is being ended, and keeps it with the rest."""
    if source is None:
        return
    with source:
        for line in source:
            if not is_ending.is_set():
                tell(line.decode("utf-8", "replace").rstrip())
            with contextlib.suppress(ValueError, OSError):
                kept.write(line)
                kept.flush()
