"""A PostgreSQL of a benchmark's own, and databases with the current schema in it."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg2
from psycopg2.extensions import make_dsn

from strategy_testing.database.connection import connect
from strategy_testing.database.embedded.server import start_embedded_postgres
from strategy_testing.database.schema import ensure_schema
from strategy_testing.database.target import DatabaseTarget, Source


@contextmanager
def fresh_database(home: Path, *, is_empty: bool = False) -> Iterator[str]:
    """The address of a new database on BENCH_SERVER, else on a server below a folder; it is dropped in the end.

    Args:
        home: the folder.
        is_empty: whether it gets no tables.
    """
    folder = home / "postgres"
    folder.mkdir(exist_ok=True)
    admin = os.environ.get("BENCH_SERVER") or start_embedded_postgres(folder)
    name = f"bench_{uuid4().hex[:8]}"
    _administer(admin, f"CREATE DATABASE {name}")
    dsn = make_dsn(admin, dbname=name)
    if not is_empty:
        with closing(connect(DatabaseTarget(Source.ARGUMENT, dsn))) as database:
            ensure_schema(database)
    try:
        yield dsn
    finally:
        _administer(admin, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(admin: str, statement: str) -> None:
    with closing(psycopg2.connect(admin)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
