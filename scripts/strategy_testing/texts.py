"""The gate for texts of others: what passes it can be stored by PostgreSQL and encoded as UTF-8. Pure."""

from collections.abc import Mapping
from typing import Any

MOST_CHARACTERS = 20_000
"""Of one text: error messages and stack traces of LEAN's have hundreds; a column is no place for a whole log."""


def storable(text: str, most: int = MOST_CHARACTERS) -> str:
    """The text without the zero character, with `?` for half surrogate pairs, and cut where it is too long.

    Half pairs are what Python makes of file names that are not UTF-8, and what JSON may spell.

    Args:
        text: anybody's.
        most: characters that are kept; what is cut off is counted behind them.
    """
    clean = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= most else f"{clean[:most]}… ({len(clean) - most} characters more)"


def storable_parts(value: Any) -> Any:
    """A value with every text in it storable, keys included; what is no text, mapping, list or tuple stays as it is."""
    match value:
        case str():
            return storable(value)
        case Mapping():
            return {storable_parts(key): storable_parts(part) for key, part in value.items()}
        case list() | tuple():
            return type(value)(map(storable_parts, value))
        case _:
            return value
