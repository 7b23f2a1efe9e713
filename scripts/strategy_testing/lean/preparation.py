"""Puts a command's files where it expects them, and says how a shell would."""

import base64
import gzip
import shlex
import shutil
from pathlib import Path

from strategy_testing.files import write_atomically
from strategy_testing.lean.command import LeanCommand
from strategy_testing.results.manifest import HOST, LAUNCHER, TABLE

_PROGRAMS = {LAUNCHER: ("launcher.py", 0o755), HOST: ("host.py", 0o644)}
"""Ours, by what they are called in a run's folder: their files in lean/warm, and who may do what."""
_SHOWN_LINES = 40
"""Of a table that a script holds as it is; of a longer one its two ends are shown."""
_SHOWN_END_LINES = 3


def prepare(command: LeanCommand, workspace: Path) -> None:
    """Writes what has to stand in the command's output folder before it is run.

    Our programs are copied there, the launcher made executable: the folder of this program may be one that Docker
    cannot mount, or whose files cannot be executed.

    Raises:
        OSError: a file cannot be written.
    """
    folder = workspace / command.output
    for name, text in command.files.items():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / name, text)
    for name in command.programs:
        source, mode = _program(name)
        shutil.copyfile(source, folder / name)
        (folder / name).chmod(mode)


def preparing_lines(command: LeanCommand) -> list[str]:
    """The same as lines of a shell script, run in the workspace."""
    lines = [f"mkdir -p {shlex.quote(str(command.output))}"] if command.files else []
    for name, text in command.files.items():
        lines.append(_writing(shlex.quote(str(command.output / name)), text, is_table=name == TABLE))
    for name in command.programs:
        source, mode = _program(name)
        lines.append(shlex.join(["install", "-m", f"{mode:o}", str(source), str(command.output / name)]))
    return lines


def _program(name: str) -> tuple[Path, int]:
    file, mode = _PROGRAMS[name]
    return Path(__file__).with_name("warm") / file, mode


def _writing(file: str, text: str, *, is_table: bool) -> str:
    lines = text.splitlines()
    if len(lines) <= _SHOWN_LINES or not is_table:
        return f"cat > {file} <<'END'\n{text}END"
    ends = [*lines[:_SHOWN_END_LINES], f"… {len(lines):,} lines, packed below", *lines[-_SHOWN_END_LINES:]]
    shown = "\n".join(f"# {line}" for line in ends)
    packed = base64.encodebytes(gzip.compress(text.encode(), mtime=0)).decode()
    return f"{shown}\nbase64 -d <<'END' | gunzip > {file}\n{packed}END"
