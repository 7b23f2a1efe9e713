"""Which PostgreSQL to use: --database-url, else DATABASE_URL, else the PG* variables, else the embedded one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Source(Enum):
    """Where the choice came from, as the tool says it."""

    ARGUMENT = "--database-url"
    DATABASE_URL = "DATABASE_URL"
    PG_VARIABLES = "the PG* variables"
    EMBEDDED = "embedded PostgreSQL"


@dataclass(frozen=True)
class DatabaseTarget:
    """A choice of database; never shown as it is, because the URL may hold a password."""

    source: Source
    dsn: str
    """What libpq is given; empty for the PG* variables, and for the embedded one until it runs."""

    def __repr__(self) -> str:
        """Without the URL."""
        return f"DatabaseTarget({self.source.value})"


_PG_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGUSER", "PGPORT")


def choose_database(database_url: str | None, environment: Mapping[str, str]) -> DatabaseTarget:
    """The first of the four that is given; an empty value counts as not given."""
    if database_url:
        return DatabaseTarget(Source.ARGUMENT, database_url)
    if environment.get("DATABASE_URL"):
        return DatabaseTarget(Source.DATABASE_URL, environment["DATABASE_URL"])
    if any(environment.get(name) for name in _PG_VARIABLES):
        return DatabaseTarget(Source.PG_VARIABLES, "")
    return DatabaseTarget(Source.EMBEDDED, "")
