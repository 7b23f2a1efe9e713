"""Databases and roles that are not as they should be: each is told at the start, with what to do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import psycopg2
import pytest
from psycopg2.extensions import make_dsn, parse_dsn

from strategy_testing.database.connection import connect
from strategy_testing.database.schema import missing_rights
from strategy_testing.database.target import DatabaseTarget, Source
from strategy_testing.errors import DatabaseError

Ask = Callable[..., list[dict[str, object]]]


def _administer(url: str, *statements: str) -> None:
    with closing(psycopg2.connect(url)) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _missing(url: str) -> list[str]:
    with closing(connect(DatabaseTarget(Source.ARGUMENT, url))) as database:
        return missing_rights(database)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_a_database_that_cannot_hold_every_text_is_refused(postgres_server: str, encoding: str) -> None:
    name = f"other_{uuid4().hex[:8]}"
    _administer(postgres_server, f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(DatabaseError) as refused:
            connect(DatabaseTarget(Source.ARGUMENT, make_dsn(postgres_server, dbname=name)))
        assert f"the database {name} keeps its texts as {encoding}" in str(refused.value)
        assert f"CREATE DATABASE {name}_utf8 ENCODING 'UTF8' TEMPLATE template0" in str(refused.value)
    finally:
        _administer(postgres_server, f"DROP DATABASE {name}")


def test_what_libpq_is_told_of_encodings_elsewhere_means_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with closing(connect(DatabaseTarget(Source.ARGUMENT, database_url))) as database, database.transaction():
        database.script("CREATE TEMPORARY TABLE kept (name text); INSERT INTO kept VALUES ('é ✓ 日本')")
        database.script("DO $$ BEGIN ASSERT (SELECT char_length(name) FROM kept) = 6; END $$")


def test_an_address_may_say_how_the_connection_is_called(database_url: str) -> None:
    url = make_dsn(database_url, application_name="mine")
    with closing(connect(DatabaseTarget(Source.ARGUMENT, url))) as database, database.transaction():
        database.script("DO $$ BEGIN ASSERT current_setting('application_name') = 'mine'; END $$")


@pytest.mark.parametrize("password", ["Top/Secret", "Top@Secret", "a:Top#Secret", "%zzTop/Secret"])
def test_a_password_written_raw_is_not_shown_in_pieces(password: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        connect(DatabaseTarget(Source.ARGUMENT, f"postgresql://u:{password}@127.0.0.1:1/d"))
    assert "Top" not in str(refused.value)
    assert "Secret" not in str(refused.value)


@pytest.fixture
def role(postgres_server: str) -> Iterator[str]:
    """A role that owns nothing."""
    name = f"role_{uuid4().hex[:8]}"
    _administer(postgres_server, f"CREATE ROLE {name} LOGIN")
    yield name
    _administer(postgres_server, f"DROP ROLE {name}")


def test_what_a_role_may_not_do_is_named(database_url: str, empty_database_url: str, role: str) -> None:
    owner = str(parse_dsn(database_url)["user"])
    assert _missing(database_url) == []
    assert _missing(empty_database_url) == []
    lacks = _missing(make_dsn(empty_database_url, user=role))
    assert lacks == [f"{role} may not create tables in the schema public"]
    tables = "strategies, optimization_runs, backtest_results"
    _administer(database_url, f"GRANT SELECT, INSERT, DELETE ON {tables} TO {role}")
    try:
        lacks = _missing(make_dsn(database_url, user=role))
        assert sorted(lacks) == [
            f"{role} may not update {table}" for table in ("backtest_results", "optimization_runs", "strategies")
        ]
    finally:
        _administer(database_url, f"REASSIGN OWNED BY {role} TO {owner}", f"DROP OWNED BY {role}")


def test_a_read_only_database_is_named(database_url: str) -> None:
    name = parse_dsn(database_url)["dbname"]
    _administer(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert _missing(database_url) == ["the database is read-only (default_transaction_read_only is on)"]
