"""Rows as one JSON text, which PostgreSQL takes apart: the cheapest way for rows of many columns. Pure.

Bytes travel beside it, because the text is read twice and they are most of a row, in base64, which is the shortest form
that a statement can hold.
"""

import json
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any

import msgspec

from strategy_testing.database.statements import statements
from strategy_testing.texts import storable, storable_parts

_PLAIN = frozenset({Decimal, int, float, bool, NoneType, date, datetime})
"""Types whose values the encoder takes as they are, which most are."""


@dataclass(frozen=True)
class Upsert:
    """A statement that inserts rows, or updates those whose key exists and whose values differ."""

    statement: str
    parameters: Mapping[str, Any]


def upsert_of(
    table: str,
    key: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    kept: Sequence[str] = (),
    aside: Sequence[str] = (),
) -> Upsert:
    """What stores rows.

    Args:
        table: the table.
        key: columns of one of its unique constraints.
        rows: at least one; values by column, all with the same columns.
        kept: columns in which a NULL leaves what is stored.
        aside: columns that are no change of the row itself, whose updated_at stays where only they differ.
    """
    beside = tuple({column: None for row in rows for column, value in row.items() if type(value) is bytes})
    pieces = {column: [None if row[column] is None else _base64(row[column]) for row in rows] for column in beside}
    statement = _statement(table, tuple(rows[0]), tuple(key), kept=tuple(kept), aside=tuple(aside), beside=beside)
    return Upsert(statement, {"rows": as_documents(rows, without=beside), **pieces})


@cache
def _statement(
    table: str,
    columns: Sequence[str],
    key: Sequence[str],
    *,
    kept: Sequence[str],
    aside: Sequence[str],
    beside: Sequence[str],
) -> str:
    values = {column: statements()["bytes_beside"].format(column=column) for column in beside}
    given = {
        column: f"coalesce(excluded.{column}, {table}.{column})" if column in kept else f"excluded.{column}"
        for column in columns
        if column not in key
    }
    own = [column for column in given if column not in aside]
    return statements()["upsert_rows"].format(
        table=table,
        columns=", ".join(columns),
        values=", ".join(values.get(column, column) for column in columns),
        key=", ".join(key),
        assignments=", ".join(f"{column} = {value}" for column, value in given.items()),
        stored=", ".join(f"{table}.{column}" for column in given),
        given=", ".join(given.values()),
        own_stored=", ".join(f"{table}.{column}" for column in own),
        own_given=", ".join(given[column] for column in own),
    )


def as_documents(rows: Sequence[Mapping[str, Any]], without: Sequence[str] = ()) -> str:
    """A JSON array of objects with a value for each column but some; texts in them are made storable."""
    documents = [
        {
            column: value if type(value) in _PLAIN else storable(value) if type(value) is str else _value(value)
            for column, value in row.items()
            if column not in without
        }
        for row in rows
    ]
    return msgspec.json.encode(documents).decode()


def _base64(piece: bytes) -> str:
    return b2a_base64(piece, newline=False).decode("ascii")


def _value(value: Any) -> Any:
    """What the encoder takes; decimals, dates and times it writes as they are."""
    match value:
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
