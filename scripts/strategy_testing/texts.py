"""The gate for texts of others: what passes it can be stored by PostgreSQL and encoded as UTF-8. Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from textwrap import fill
from typing import Any

MOST_CHARACTERS = 20_000
"""Of one text: error messages and stack traces of LEAN's have hundreds; a column is no place for a whole log."""

_ROOM_FOR_COUNT = 40
_MOST_DEPTH = 50
"""Levels of a document that somebody wrote."""
_CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def storable(text: str, most: int = MOST_CHARACTERS) -> str:
    """The text without the zero character, with `?` for half surrogate pairs, and cut where it is too long.

    Half pairs are what Python makes of file names that are not UTF-8, and what JSON may spell.

    Args:
        text: anybody's.
        most: characters that are kept, with the count of those that are cut off in the end.
    """
    if len(text) <= most and text.isascii() and "\x00" not in text:
        return text
    clean = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if len(clean) <= most:
        return clean
    kept = max(0, most - _ROOM_FOR_COUNT)
    return f"{clean[:kept]}… ({len(clean) - kept} characters more)"


def storable_parts(value: Any, depth: int = _MOST_DEPTH) -> Any:
    """A value with every text in it storable, keys included; what is no text, mapping, list or tuple stays as it is.

    Args:
        value: anything.
        depth: levels that are kept; what lies deeper is left out.
    """
    match value:
        case str():
            return storable(value)
        case None | int() | float() | Decimal():
            return value
        case Mapping() | list() | tuple() if depth == 0:
            return None
        case Mapping():
            return {storable_parts(key): storable_parts(part, depth - 1) for key, part in value.items()}
        case list() | tuple():
            return type(value)(storable_parts(part, depth - 1) for part in value)
        case _:
            return value


def printable(text: str) -> str:
    """The text without what moves a terminal's cursor, changes its colours or turns its direction; lines and tabs stay.

    Letters that are written from right to left stay, too.
    """
    return _CONTROL.sub("", storable(text, most=len(text)))


def on_one_line(text: str) -> str:
    """The same on one line, with one blank wherever there were several or a new line began."""
    return " ".join(printable(text).split())


def within(text: str, columns: int | None) -> str:
    """The text with lines that are broken between words; a longer word, such as a path, stays whole.

    Args:
        text: lines.
        columns: of the terminal; None where nothing need fit.
    """
    if columns is None:
        return text
    broken = partial(fill, width=columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(broken(line) if len(line) > columns else line for line in text.splitlines())


def in_markdown(text: str) -> str:
    """The text on one line that stays in its cell of a table, and is no HTML, link or code."""
    line = on_one_line(text)
    return line.replace("<", "&lt;").replace("|", "\\|").replace("[", "\\[").replace("`", "'")
