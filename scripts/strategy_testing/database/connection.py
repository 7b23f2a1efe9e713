"""The one module that knows the database driver: connections, transactions, named statements."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
from psycopg2 import sql

from strategy_testing.database import waiting
from strategy_testing.database.rows.documents import Upsert, as_documents, json_text
from strategy_testing.database.statements import statements
from strategy_testing.database.target import DatabaseTarget, Source, choose_database, pieces_of_password, redacted
from strategy_testing.errors import DatabaseAwayError, DatabaseError, RefusedError
from strategy_testing.texts import storable_parts

_CONNECT_TIMEOUT_SECONDS = 10
_CONNECT_ATTEMPTS = 5
_APPLICATION = "strategy-testing"
_ENCODING = "UTF8"
_ROWS_AT_ONCE = 50
_LOST_AFTER = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
"""Seconds, and milliseconds: when a server that says nothing at all counts as gone."""

_REFUSALS = (
    psycopg2.DataError, psycopg2.IntegrityError, psycopg2.errors.CardinalityViolation,
    psycopg2.errors.ProgramLimitExceeded, psycopg2.errors.RaiseException, ValueError, OverflowError,
)  # fmt: skip
"""What a value brings about, and no fault of the connection, the role or the schema; the last two are the driver's."""

Row = dict[str, Any]
T = TypeVar("T")


def as_jsonb(value: Any) -> Any:
    """A value for a jsonb column; decimals become JSON numbers."""
    return psycopg2.extras.Json(storable_parts(value), dumps=json_text)


def as_recordset(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows for jsonb_to_recordset, all with the same columns."""
    return psycopg2.extras.Json(as_documents(rows), dumps=str)


class Database:
    """An open connection. Everything within `transaction()` is stored whole or not at all."""

    def __init__(self, dsn: str, source: Source, attempts: int = _CONNECT_ATTEMPTS) -> None:
        """Connects; connect(), open_database() and another() are the ways to get one."""
        self._dsn = dsn
        self._connection = _connect(dsn, source, attempts)
        self.source = source

    def reopen(self) -> None:
        """Connects anew where the connection was lost, with one attempt.

        Raises:
            DatabaseAwayError: it is still away.
        """
        if self._connection.closed:
            self._connection = _connect(self._dsn, self.source, 1)

    def another(self) -> "Database":
        """A second connection to the same database, opened with one attempt.

        Raises:
            DatabaseAwayError: it is away.
        """
        return Database(self._dsn, self.source, attempts=1)

    def retrying(self, work: Callable[[], T], patience_seconds: float = 60) -> T:
        """Does work that may be done again, and again after a lost connection, until patience has run out."""
        deadline = waiting.counted_clock() + patience_seconds
        wait = 0.5
        while True:
            try:
                with waiting.patience(max(1, deadline - waiting.counted_clock())):
                    self.reopen()
                    return work()
            except DatabaseAwayError:
                self._connection.close()
                if waiting.counted_clock() + wait > deadline:
                    raise
                time.sleep(wait)
                wait = min(wait * 2, 5)

    def __str__(self) -> str:
        """Which database it is, without the password."""
        info = self._connection.info
        place = f"{info.host or 'local socket'}:{info.port}"
        where = "" if self.source is Source.EMBEDDED else f" at {place}"
        return f"database {info.dbname}{where} as {info.user} (from {self.source.value})"

    def environment(self) -> dict[str, str]:
        """The PG* variables with which another program of PostgreSQL's opens the same database."""
        info = self._connection.info
        values = {
            "PGHOST": info.host,
            "PGPORT": str(info.port),
            "PGDATABASE": info.dbname,
            "PGUSER": info.user,
            "PGPASSWORD": info.password,
        }
        return {name: value for name, value in values.items() if value}

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at the end, rolls back on any exception; a database failure becomes a DatabaseError."""
        try:
            try:
                yield
            except BaseException:
                with contextlib.suppress(psycopg2.Error):  # a wait that was interrupted has closed the connection
                    self._connection.rollback()
                raise
            self._connection.commit()
        except psycopg2.Error as error:
            raise _explained(error) from error

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undoes what is done within it, and nothing else of the transaction, where PostgreSQL refuses a value.

        Raises:
            RefusedError: it did.
        """
        self.execute("savepoint")
        try:
            yield
        except _REFUSALS as error:
            self.execute("rollback_to_savepoint")
            raise RefusedError(" ".join(str(error).split())) from None
        self.execute("release_savepoint")

    def execute(self, name: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Runs a named statement of which nobody reads a row."""
        with self._connection.cursor() as cursor:
            cursor.execute(statements()[name], storable_parts(parameters))

    def rows(self, name: str, parameters: Mapping[str, Any] | None = None, relation: str = "") -> list[Row]:
        """The rows that a named statement returns; of one with `{}` in it, for which a relation's name is put."""
        text = statements()[name]
        with self._connection.cursor() as cursor:
            statement = sql.SQL(text).format(sql.Identifier(relation)) if relation else text
            cursor.execute(statement, storable_parts(parameters))
            return list(_named(cursor))

    def value(self, name: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row that a named statement returns, None without a row."""
        rows = self.rows(name, parameters)
        return next(iter(rows[0].values())) if rows else None

    def script(self, text: str) -> None:
        """Runs a file of statements."""
        with self._connection.cursor() as cursor:
            cursor.execute(text)

    def upsert(self, upsert: Upsert) -> None:
        """Stores rows in one statement; those that are already stored as given stay untouched."""
        with self._connection.cursor() as cursor:
            cursor.execute(upsert.statement, upsert.parameters)

    def each(self, name: str, parameters: Mapping[str, Any], columns: Sequence[str]) -> Iterator[Row]:
        """Columns of the rows that a named statement returns, of which only some hundred are in memory at a time."""
        with self._connection.cursor(name=name) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(statements()[name].format(columns=", ".join(columns)), storable_parts(parameters))
            yield from _named(cursor)

    def close(self) -> None:
        """Ends the connection; closing twice does nothing."""
        self._connection.close()


def _named(cursor: Any) -> Iterator[Row]:
    """The rows of a cursor by the names of its columns, which a named one tells with its first rows."""
    names: list[str] = []
    for row in cursor:
        names = names or [column.name for column in cursor.description]
        yield dict(zip(names, row, strict=True))


@contextlib.contextmanager
def open_database(database_url: str | None) -> Iterator[Database]:
    """Opens the database that the arguments and the environment choose.

    Raises:
        DatabaseError: it cannot be reached; the message says which one, why and what to do, and has no password.
    """
    with contextlib.closing(connect(choose_database(database_url, os.environ))) as database:
        yield database


def connect(target: DatabaseTarget) -> Database:
    """Connects to a chosen database, starting the embedded one when it is the choice."""
    dsn = _embedded_dsn() if target.source is Source.EMBEDDED else target.dsn
    return Database(dsn, target.source)


def _embedded_dsn() -> str:
    # Who has a server needs nothing of it.
    from strategy_testing.database.embedded import server as embedded  # noqa: PLC0415

    admin = embedded.start_embedded_postgres()
    dsn = psycopg2.extensions.make_dsn(admin, dbname=embedded.DATABASE)
    connection = _connect(admin, Source.EMBEDDED, _CONNECT_ATTEMPTS)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statements()["database_exists"], {"name": embedded.DATABASE})
            if cursor.fetchone() is None:
                statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(embedded.DATABASE))
                # Two tools may start at the same moment on a new machine.
                with contextlib.suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
                    cursor.execute(statement)
    finally:
        connection.close()
    return dsn


def _connect(dsn: str, source: Source, attempts: int) -> psycopg2.extensions.connection:
    try:
        given = psycopg2.extensions.parse_dsn(dsn)
    except psycopg2.ProgrammingError:
        raise DatabaseError(
            f"{source.value} is not a PostgreSQL address", "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from None
    given = {**_LOST_AFTER, "application_name": _APPLICATION, **given, "client_encoding": _ENCODING}
    if "connect_timeout" not in given and not os.environ.get("PGCONNECT_TIMEOUT"):
        given["connect_timeout"] = str(_CONNECT_TIMEOUT_SECONDS)
    for attempt in range(1, attempts + 1):
        try:
            with waiting.patience(float(given.get("connect_timeout") or _CONNECT_TIMEOUT_SECONDS)):
                connection: psycopg2.extensions.connection = psycopg2.connect(**given)
                with connection, connection.cursor() as cursor:
                    cursor.execute(statements()["session_settings"])
            _refuse_other_encoding(connection)
            return connection
        except psycopg2.OperationalError as error:
            if attempt < attempts and _may_pass(error):
                time.sleep(0.2 * 2**attempt)
                continue
            reason = redacted(
                _one_line(error), [given.get("password"), os.environ.get("PGPASSWORD"), *pieces_of_password(dsn)]
            )
            raise DatabaseAwayError(
                f"cannot connect to PostgreSQL (from {source.value}): {reason}",
                "check that it runs and that the address, user and password are right"
                + ("; write %2F, %40, %3A for / @ : in a password" if len(pieces_of_password(dsn)) > 1 else ""),
            ) from None
    raise AssertionError("unreachable")


def _may_pass(error: psycopg2.OperationalError) -> bool:
    """Whether waiting a moment may help: the server is starting, or all of its connections are taken."""
    text = str(error)
    return any(sign in text for sign in ("starting up", "too many clients", "remaining connection slots", "shutting"))


def _explained(error: psycopg2.Error) -> DatabaseError:
    name = getattr(error.diag, "constraint_name", None)
    detail = f" (constraint {name})" if name else ""
    if isinstance(error, (psycopg2.errors.LockNotAvailable, psycopg2.errors.QueryCanceled)):
        return DatabaseAwayError(f"PostgreSQL is busy: {_one_line(error)}", "nothing was stored")
    if isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)):
        return DatabaseAwayError(f"the connection to PostgreSQL was lost: {_one_line(error)}", "nothing was stored")
    return DatabaseError(f"PostgreSQL refused the work{detail}: {_one_line(error)}", "nothing of it was stored")


def _one_line(error: psycopg2.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _refuse_other_encoding(connection: psycopg2.extensions.connection) -> None:
    """A database that cannot hold every text would lose names, or refuse a result in mid-run."""
    encoding = connection.get_parameter_status("server_encoding")
    if encoding != _ENCODING:
        name = connection.info.dbname
        connection.close()
        raise DatabaseError(
            f"the database {name} keeps its texts as {encoding}, which cannot hold every name and message",
            f"make another one with CREATE DATABASE {name}_utf8 ENCODING 'UTF8' TEMPLATE template0, and name that",
        )
