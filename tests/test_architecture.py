"""The rooms of the house: imports go one way, and no room or module grows out of its measure."""

import ast
from collections.abc import Iterator
from pathlib import Path

from strategy_testing.paths import SCRIPTS_DIR

_HOUSE = SCRIPTS_DIR / "strategy_testing"
_ORDER = (
    ("errors", "paths", "texts", "console", "files", "signals", "processes"),
    ("metrics", "search"),
    ("walk_forward",),
    ("config", "luck"),
    ("results", "fees", "strategy"),
    ("lean", "verdict"),
    ("database",),
    ("backlog", "pages", "report"),
    ("history", "batches"),
    ("importing",),
    ("runs",),
    ("commands",),
    ("sharing",),
)
"""From the ground up: a room knows only the rooms of the rows before its own, and its row's rooms do not know it."""
_FLOOR = {room: number for number, rooms in enumerate(_ORDER) for room in rooms}


def _imports() -> Iterator[tuple[Path, str, str]]:
    """File, the room it stands in, and a room that it imports."""
    for file in _HOUSE.rglob("*.py"):
        room = file.relative_to(_HOUSE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("strategy_testing."):
                yield file, room, node.module.split(".")[1]


def test_imports_go_one_way() -> None:
    against = [
        f"{file.relative_to(_HOUSE)} imports {imported}"
        for file, room, imported in _imports()
        if room not in (imported, "__init__") and _FLOOR[imported] >= _FLOOR[room] > 0
    ]
    assert not against


def test_a_room_has_at_most_a_dozen_modules_of_at_most_300_lines() -> None:
    folders = [folder for folder in (SCRIPTS_DIR, *SCRIPTS_DIR.rglob("*")) if folder.is_dir()]
    crowded = {folder.name: n for folder in folders if (n := len(_modules(folder))) > 12}
    long = {file.name: n for file in SCRIPTS_DIR.rglob("*.py") if (n := len(file.read_bytes().splitlines())) > 300}
    assert (crowded, long) == ({}, {})


def _modules(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.py") if file.name != "__init__.py"]
