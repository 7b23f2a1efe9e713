"""Views of the database as files for other programs: CSV, JSON and Parquet, with every digit of every number."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from strategy_testing.database.connection import Database, Row
from strategy_testing.errors import UserError
from strategy_testing.files import exit_code_of, write_atomically
from strategy_testing.history.runs import suggested
from strategy_testing.texts import printable

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes a cell for a formula by."""
_PARQUET_TYPES = {
    "smallint": "INTEGER", "integer": "INTEGER", "bigint": "BIGINT", "double precision": "DOUBLE", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp with time zone": "TIMESTAMPTZ", "text[]": "VARCHAR[]", "integer[]": "INTEGER[]",
}  # fmt: skip
"""Of PostgreSQL's types; numeric is a decimal, any other a text."""
_MOST_DIGITS = 38
"""Of a decimal in Parquet."""


class Format(StrEnum):
    """What a view can be exported as."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


@dataclass(frozen=True)
class View:
    """A view with all of its rows."""

    types: Mapping[str, str]
    """PostgreSQL's, by the columns' names in their order."""
    rows: Sequence[Row]


def read_view(database: Database, name: str) -> View:
    """All rows of a view, in its own order.

    Raises:
        UserError: the database has no such view.
    """
    with database.transaction():
        names = [row["name"] for row in database.rows("views")]
        if name not in names:
            raise UserError(f"--export: {name}: no such view", suggested(name, names))
        types = {row["name"]: row["type"] for row in database.rows("columns_of_view", {"view": name})}
        return View(types, database.rows("all_of_view", relation=name))


def as_csv(view: View) -> str:
    """A line of heads and one for each row; numbers as they are stored, unknown ones empty.

    A text that a spreadsheet would take for a formula begins with an apostrophe. It is put there only where the text is
    no number, and control characters are left out.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(view.types)
    writer.writerows([_csv_cell(row[name]) for name in view.types] for row in view.rows)
    return written.getvalue()


def as_json(view: View) -> str:
    """A list of objects; numbers have every digit that is stored."""
    rows = [{name: _json_value(row[name]) for name in view.types} for row in view.rows]
    encoder = msgspec.json.Encoder(decimal_format="number")
    return msgspec.json.format(encoder.encode(rows), indent=1).decode() + "\n"


def write_parquet(file: Path, view: View) -> None:
    """Writes a Parquet file, of which nobody ever sees half.

    Numeric columns are decimals of 38 digits with as many places as their longest value, or texts where that is not
    enough; JSON is text.

    Raises:
        UserError: it cannot be written.
    """
    import duckdb  # noqa: PLC0415 - slow to import, and only needed here

    columns = {name: _parquet_type(view, name) for name in view.types}
    listed = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in columns.items())
    with _written(file), TemporaryDirectory(dir=file.absolute().parent, prefix=f".{file.name}.") as folder:
        lines, made = Path(folder) / "rows", Path(folder) / "made"
        lines.write_text("".join(f"{json.dumps(_texts(row))}\n" for row in view.rows), encoding="utf-8")
        with duckdb.connect() as engine:
            for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):  # nothing of the network
                engine.execute(f"SET {setting} = false")
            source = f"read_json({_quoted(str(lines))}, columns={{{listed}}}, format='newline_delimited')"
            engine.execute(f"COPY (SELECT * FROM {source}) TO {_quoted(str(made))} (FORMAT parquet)")  # noqa: S608
        made.replace(file)


def write_text(file: Path, text: str) -> None:
    """Writes a file, of which nobody ever sees half.

    Raises:
        UserError: it cannot be written.
    """
    with _written(file):
        write_atomically(file, text)


@contextmanager
def _written(file: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise
    except OSError as error:
        raise UserError(
            f"--output {file}: cannot be written: {error.strerror}", "name another file", exit_code_of(error)
        ) from None


def _csv_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            text = printable(value)
            is_formula = text.startswith(_BEGINS_FORMULA) and not _NUMBER.fullmatch(text)
            return f"'{text}" if is_formula else text
        case Decimal():
            return f"{value:f}"
        case Mapping() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return _plain(value)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _json_value(value: Any) -> Any:
    return None if isinstance(value, Decimal) and not value.is_finite() else value


def _texts(row: Row) -> dict[str, Any]:
    """A row in which what JSON has no exact word for is a text."""
    return {name: _parquet_value(value) for name, value in row.items()}


def _parquet_value(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return f"{value:f}" if value.is_finite() else None
        case list():
            return [_parquet_value(each) for each in value]
        case Mapping():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return _plain(value)


def _parquet_type(view: View, name: str) -> str:
    kind = view.types[name]
    if kind != "numeric":
        return _PARQUET_TYPES.get(kind, "VARCHAR")
    values = [value.as_tuple() for row in view.rows if (value := row[name]) is not None and value.is_finite()]
    places = max((-int(value.exponent) for value in values), default=0)
    places = max(0, places)
    whole = max((len(value.digits) + int(value.exponent) for value in values), default=0)
    return f"DECIMAL({_MOST_DIGITS},{places})" if places + max(0, whole) <= _MOST_DIGITS else "VARCHAR"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
