"""Tables that fit the terminal. Pure: cells in, lines out."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from strategy_testing.texts import on_one_line

_NO_EDGE = 100_000
"""Columns where nothing need fit."""
_LEAST_COLUMNS = 20
_INDENT = "    "
_HEADS = 2
"""Lines of a table above its rows."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    head: str
    is_number: bool = False
    """Aligned to the right."""
    expendable: int = 0
    """Columns with the highest number are left out first where the table is too wide; those with 0 never."""


def table_lines(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int | None,
    notes: Sequence[str] | None = None,
) -> list[str]:
    """The lines of a table; where it is too wide, columns stand closer, then some are left out, then all are cut.

    Args:
        columns: from left to right.
        rows: a cell for each column.
        width: columns of the terminal; None where nothing need fit.
        notes: the parameters of each row: its last column where there is room, else below the row.
    """
    cells = [[on_one_line(cell) for cell in row] for row in rows]
    if notes is not None:
        below = [on_one_line(note) for note in notes]
        beside = _rendered(
            [*columns, Column("Parameters")], [[*row, note] for row, note in zip(cells, below, strict=True)]
        )
        return beside if _fits(beside, width) else _with_notes(_fitted(columns, cells, width), below, width)
    return _fitted(columns, cells, width)


def _fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    kept = list(range(len(columns)))
    while True:
        few, cells = [columns[at] for at in kept], [[row[at] for at in kept] for row in rows]
        for gap in (2, 1):
            if _fits(lines := _rendered(few, cells, gap=gap), width):
                return lines
        expendable = max(column.expendable for column in few)
        if not expendable:
            return _rendered(few, cells, gap=1, width=width)
        kept = [at for at in kept if columns[at].expendable != expendable]


def _with_notes(lines: Sequence[str], notes: Sequence[str], width: int | None) -> list[str]:
    room = max(_LEAST_COLUMNS, (width or _NO_EDGE) - len(_INDENT))
    together = list(lines[:_HEADS])
    for line, note in zip(lines[_HEADS:], notes, strict=True):
        together += [line, *(_INDENT + part for part in wrap(note, room, break_on_hyphens=False))]
    return together


def _fits(lines: Sequence[str], width: int | None) -> bool:
    from rich.cells import cell_len  # noqa: PLC0415

    return width is None or max(map(cell_len, lines)) <= width


def _rendered(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, gap: int = 2, width: int | None = None
) -> list[str]:
    """Two lines of heads, then one for each row, without blanks at their ends."""
    # Slow to import, and not needed by what prints no table.
    from rich.box import Box  # noqa: PLC0415
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    rule = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
    table = Table(box=rule, pad_edge=False, show_edge=False, padding=(0, gap - 1, 0, 0))
    widths = [max(map(cell_len, (column.head, *(row[at] for row in rows)))) for at, column in enumerate(columns)]
    texts = [at for at, column in enumerate(columns) if not column.is_number]
    if width is not None and texts:  # what is cut is the longest text
        longest = max(texts, key=lambda at: widths[at])
        widths[longest] = max(1, widths[longest] - (sum(widths) + gap * (len(widths) - 1) - width))
    for column, most in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        table.add_column(Text(column.head), justify=justify, no_wrap=True, overflow="ellipsis", max_width=most)
    for row in rows:
        table.add_row(*map(Text, row))
    drawn = io.StringIO()
    Console(file=drawn, width=width or _NO_EDGE, color_system=None, force_terminal=False, _environ={}).print(table)
    return [line.rstrip() for line in drawn.getvalue().splitlines()]
