"""The named SQL statements of sql/. Each begins with a line `-- name: insert_run` and reaches to the next such line."""

import re
from functools import cache
from pathlib import Path

SQL_DIR = Path(__file__).parent / "sql"

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def statements() -> dict[str, str]:
    """The text of every statement by its name."""
    found: dict[str, str] = {}
    for file in sorted(SQL_DIR.glob("*.sql")):
        _, *pieces = _NAME.split(file.read_text(encoding="utf-8"))
        found |= {name: text.strip() for name, text in zip(pieces[::2], pieces[1::2], strict=True)}
    return found
