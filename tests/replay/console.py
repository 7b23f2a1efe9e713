"""Text as the real CLI prints it: wrapped at the width of the terminal."""

import os
import re
import sys
from itertools import pairwise

RECORDED_WIDTH = 80
_WORD = re.compile(r"\s*\S+\s*")
_NEW_LINE = re.compile(r"\d{8} \d\d:\d\d:\d\d\.\d{3} [A-Z]+::|STATISTICS::|DATA USAGE::|Engine\.Main|Error:|[ ┌│├└]|$")


def width() -> int:
    """Return the number of columns to wrap at."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    if sys.stdout.isatty():
        return os.get_terminal_size(sys.stdout.fileno()).columns or RECORDED_WIDTH
    return RECORDED_WIDTH


def wrap(line: str, columns: int) -> list[str]:
    """Break one line between words, and inside a word that is longer than a line."""
    breaks: list[int] = []
    used = 0
    for match in _WORD.finditer(line):
        start, word = match.start(), match.group()
        length = len(word.rstrip())
        if length <= columns - used:
            used += len(word)
        elif length > columns:
            for offset in range(0, len(word), columns):
                if start + offset:
                    breaks.append(start + offset)
                used = len(word) - offset
        else:
            if used and start:
                breaks.append(start)
            used = len(word)
    edges = [0, *breaks, len(line)]
    pieces = [line[first:last] for first, last in pairwise(edges)]
    return [_crop(piece, columns) for piece in pieces] or [""]


def unwrap(lines: list[str], columns: int = RECORDED_WIDTH) -> list[str]:
    """Join the lines again which were wrapped when they were recorded."""
    whole: list[str] = []
    previous = ""
    for line in lines:
        glue = _glue(previous, line, columns) if whole else None
        if glue is None:
            whole.append(line)
        else:
            whole[-1] += glue + line
        previous = line
    return whole


def write(text: str, columns: int | None = None) -> None:
    """Print a text to stdout, wrapped."""
    at = columns or width()
    for line in text.split("\n"):
        for piece in wrap(line, at):
            sys.stdout.write(piece + "\n")
    sys.stdout.flush()


def table(cells: list[tuple[str, str, str, str]], section: int, columns: int) -> list[str]:
    """Draw the table of statistics, with a rule below the row of that number."""
    head = ("Statistic", "Value", "Statistic", "Value")
    widths = [max(len(row[i]) for row in [head, *cells]) for i in range(4)]
    while sum(widths) + 13 > columns and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    lines = [_rule("┌┬┐", widths), *_row(head, widths), _rule("├┼┤", widths)]
    for number, row in enumerate(cells, 1):
        lines += _row(row, widths)
        if number == section and number < len(cells):
            lines.append(_rule("├┼┤", widths))
    return [*lines, _rule("└┴┘", widths)]


def _crop(piece: str, columns: int) -> str:
    excess = len(piece) - columns
    if excess <= 0:
        return piece
    blanks = len(piece) - len(piece.rstrip())
    return piece[: len(piece) - min(excess, blanks)]


def _glue(line: str, following: str, columns: int) -> str | None:
    if _NEW_LINE.match(following) or not line or line[0] in "┌│├└":
        return None
    first = following.split(" ", 1)[0]
    if line.endswith(" "):
        return "" if len(line) + len(first) > columns else None
    if len(line) == columns:
        return " " if " " in line else ""
    return None


def _rule(ends: str, widths: list[int]) -> str:
    return ends[0] + ends[1].join("─" * (size + 2) for size in widths) + ends[2]


def _row(cells: tuple[str, str, str, str], widths: list[int]) -> list[str]:
    folded = [wrap(cell, size) for cell, size in zip(cells, widths, strict=True)]
    height = max(len(lines) for lines in folded)
    columns = [lines + [""] * (height - len(lines)) for lines in folded]
    return [
        "│ " + " │ ".join(text[:size].ljust(size) for text, size in zip(row, widths, strict=True)) + " │"
        for row in zip(*columns, strict=True)
    ]
