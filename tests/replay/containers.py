"""The stand-in containers that are running, kept in a folder which lean and docker both know."""

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_LAUNCHER = "launcher-folder"


@dataclass(frozen=True)
class Container:
    """One registered process: its name, its id, when it was started, and its folder of unpacked files."""

    name: str
    pid: int
    started: str
    scratch: str


def state_folder() -> Path:
    """Return the folder of registrations, made if it is missing."""
    given = os.environ.get("LEAN_REPLAY_STATE")
    folder = Path(given).absolute() if given else Path(tempfile.gettempdir()) / f"lean-replay-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def new_scratch() -> Path:
    """Return a new folder for unpacked files, and remove those whose owners are gone."""
    for old in state_folder().glob("unpacked-*"):
        owner = old.name.split("-")[1]
        used = {container.scratch for container in running()}
        if str(old) not in used and not _started(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"unpacked-{os.getpid()}-", dir=state_folder()))


def register(name: str, scratch: Path) -> None:
    """Note that this process is the container of that name."""
    container = Container(name, os.getpid(), _started(os.getpid()), str(scratch))
    path = state_folder() / f"{name}.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(container)), encoding="utf-8")
    fresh.replace(path)


def new_launcher_folder(scratch: Path) -> Path:
    """Return a new folder for LEAN's launcher: a short path, because sockets are made below it."""
    folder = Path(tempfile.mkdtemp(prefix="lean-", dir="/tmp"))
    (scratch / _LAUNCHER).symlink_to(folder)
    return folder


def _end_launched(scratch: Path) -> None:
    """End what was started from the launcher's folder, in whatever session, and delete the folder."""
    if not (scratch / _LAUNCHER).is_symlink():
        return
    folder = (scratch / _LAUNCHER).readlink()
    mark = f"TMPDIR={folder}\0".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def remove(name: str, scratch: Path) -> None:
    """Forget a container, end what it has started, and delete what it had unpacked."""
    _end_launched(scratch)
    (state_folder() / f"{name}.json").unlink(missing_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)


def running() -> list[Container]:
    """Return the containers that are alive."""
    alive = []
    for path in sorted(state_folder().glob("lean_cli_*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            container = Container(**json.loads(path.read_text(encoding="utf-8")))
            if _started(container.pid) == container.started:
                alive.append(container)
            else:
                remove(container.name, Path(container.scratch))
    return alive


def kill(container: Container) -> None:
    """End a container at once, with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(container.pid, signal.SIGKILL)
    limit = time.monotonic() + 5
    while _started(container.pid) == container.started and time.monotonic() < limit:
        time.sleep(0.01)
    remove(container.name, Path(container.scratch))


def _started(pid: int) -> str:
    """Return when a process was started, empty if it is gone or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        return "alive"
    except ProcessLookupError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
