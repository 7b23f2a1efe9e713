"""Damage of every kind that a run's folder may take, drawn at random: what was done, and to which file."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ODD_VALUES = (
    "1e400", "-1e400", "1e30", "1E+99999999999999999999", "1" + "0" * 40, "1" * 5000, "0.1234567890123456789012345678",
    "1e-400", "-0.0", "NaN", "Infinity", "null", "true", "[]", "{}", '""', '" "', '"\\u0000"', '"\\ud800"', '"nan"',
    '"1e400"', '"-$1,2,3.4.5%"', '"9999-12-31T23:59:59-12:00"', '"0001-01-01T00:00:00+12:00"', '"2020-13-45T00:00:00Z"',
    '"' + "x" * 50_000 + '"', "[" * 100_000, '{"a":' * 500 + "1" + "}" * 500, '"\\u001b[31m<script>|`"',
    '"../../elsewhere"', '"/dev/zero"', "2147483648", "-1", "1.5",
)  # fmt: skip
_ODD_LINES = (
    b"2020-13-45T99:99:99Z ERROR:: Program.Main(): ", b"\xff\xfe\x00 TRACE::", b"9" * 100_000,
    b"2026-08-29T13:30:00.1Z TRACE:: LeanOptimizer.Start(): start ended. Waiting on " + b"9" * 5000 + b" backtests",
    b"2026-08-29T13:30:00.1Z TRACE:: launched backtest '\x00' with parameters ':::,,\x00'",
    b"2026-08-29T13:30:00.1Z ERROR:: *** File \"x\"\n" + b"\n \n" * 2000 + b"*** File " * 2000,
    b"9999-12-31T23:59:59.9999999Z TRACE:: ",
)  # fmt: skip
_PLACE = "@@place@@"


def damage(folder: Path, draw: random.Random) -> tuple[str, Path]:
    """Damages one thing below a run's folder; nothing that other folders share by hard links is written to.

    Args:
        folder: a copy.
        draw: decides what and where.

    Returns:
        What was done, and the file or folder that it was done to.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    file = draw.choice([file for file in files if file.suffix in (".json", ".txt") or file.name == "config"])
    not_here = [_odd_value] * (file.suffix != ".json") + [_twice] * (file.parent == folder)
    fits = [each for each in _DAMAGES if each not in not_here]
    if file.suffix == ".json" and draw.random() < 0.6:
        fits = [_odd_value]
    return draw.choice(fits)(file, draw), file


def _odd_value(file: Path, draw: random.Random) -> str:
    try:
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):  # of the damage before
        return _other_bytes(file, draw)
    holder, key = draw.choice(list(_places(document, draw)) or [({"": document}, "")])
    value = draw.choice(_ODD_VALUES)
    holder[key] = _PLACE
    text = json.dumps(document, indent=2).replace(f'"{_PLACE}"', value)
    _write(file, text.encode())
    return f"{key} = {value[:40]}"


def _places(value: Any, draw: random.Random) -> "list[tuple[Any, Any]]":
    """Some places of a document: at most a few of each list, so that figures are met as often as chart points."""
    found: list[tuple[Any, Any]] = []
    parts = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, part in parts if isinstance(value, dict) else draw.sample(parts, min(3, len(parts))):
        found.append((value, key))
        if isinstance(part, (dict, list)):
            found += _places(part, draw)
    return found


def _truncated(file: Path, draw: random.Random) -> str:
    whole = file.read_bytes()
    length = len(whole) * draw.randrange(20) // 20
    _write(file, whole[:length])
    return f"cut off behind {length} bytes"


def _other_bytes(file: Path, draw: random.Random) -> str:
    whole = bytearray(file.read_bytes())
    for _ in range(draw.randint(1, 20)):
        if whole:
            whole[draw.randrange(len(whole))] = draw.randrange(256)
    _write(file, bytes(whole))
    return "other bytes"


def _odd_line(file: Path, draw: random.Random) -> str:
    lines = file.read_bytes().splitlines(keepends=True)
    lines.insert(draw.randint(0, len(lines)), draw.choice(_ODD_LINES) + b"\n")
    _write(file, b"".join(lines))
    return "an odd line"


def _fifo(file: Path, _draw: random.Random) -> str:
    file.unlink()
    os.mkfifo(file)
    return "a FIFO"


def _folder(file: Path, _draw: random.Random) -> str:
    file.unlink()
    file.mkdir()
    return "a folder"


def _link(file: Path, draw: random.Random) -> str:
    file.unlink()
    file.symlink_to(draw.choice(["nowhere", "/dev/zero", file.name]))
    return f"a link to {file.readlink()}"


def _gone(file: Path, _draw: random.Random) -> str:
    file.unlink()
    return "gone"


def _twice(file: Path, draw: random.Random) -> str:
    other = file.parent.with_name(draw.choice(["00000000-0000-4000-8000-000000000000", "copy", "c\udce9"]))
    if other.exists():
        return "nothing"
    shutil.copytree(file.parent, other, symlinks=True, copy_function=os.link)
    return f"a copy of its folder called {other.name!r}"


_DAMAGES: tuple[Callable[[Path, random.Random], str], ...] = (
    _odd_value, _truncated, _other_bytes, _odd_line, _fifo, _folder, _link, _gone, _twice,
)  # fmt: skip


def _write(file: Path, content: bytes) -> None:
    file.unlink()
    file.write_bytes(content)
