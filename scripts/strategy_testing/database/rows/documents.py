"""Rows as one JSON text, which PostgreSQL takes apart: the cheapest way for rows of many columns. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any

import msgspec

from strategy_testing.database.statements import statements
from strategy_testing.texts import storable_parts

_PLAIN = frozenset({Decimal, int, float, bool, NoneType, date, datetime})
"""Types whose values the encoder takes as they are, which most are."""


@cache
def upsert_statement(table: str, columns: Sequence[str], key: Sequence[str], kept: Sequence[str]) -> str:
    """The statement that inserts rows, or updates those whose key exists and whose values differ.

    Args:
        table: the table.
        columns: those that are given.
        key: those of one of its unique constraints.
        kept: those in which a NULL leaves what is stored.
    """
    given = {
        column: f"coalesce(excluded.{column}, {table}.{column})" if column in kept else f"excluded.{column}"
        for column in columns
        if column not in key
    }
    return statements()["upsert_rows"].format(
        table=table,
        columns=", ".join(columns),
        key=", ".join(key),
        assignments=", ".join(f"{column} = {value}" for column, value in given.items()),
        stored=", ".join(f"{table}.{column}" for column in given),
        given=", ".join(given.values()),
    )


def as_documents(rows: Sequence[Mapping[str, Any]]) -> str:
    """A JSON array of objects with a value for each column; texts in them are made storable."""
    documents = [
        {column: value if type(value) in _PLAIN else _value(value) for column, value in row.items()} for row in rows
    ]
    return msgspec.json.encode(documents).decode()


def _value(value: Any) -> Any:
    """What the encoder takes; decimals, dates and times it writes as they are."""
    match value:
        case bytes():
            return f"\\x{value.hex()}"
        case Mapping():
            return msgspec.Raw(json_text(storable_parts(value)).encode())
        case str() | list() | tuple():
            return storable_parts(value)
        case _:
            return value


def json_text(value: Any) -> str:
    """A value for a jsonb column; decimals become JSON numbers, what JSON does not have a text."""
    try:
        return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False)
    except ValueError:  # numbers that JSON does not have
        return json.dumps(json.loads(json.dumps(value, default=_plain), parse_constant=str), ensure_ascii=False)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
