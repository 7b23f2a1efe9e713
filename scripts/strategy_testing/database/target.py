"""Which PostgreSQL to use: --database-url, else DATABASE_URL, else the PG* variables, else the embedded one."""

import re
from collections.abc import Iterable, Mapping
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


def redacted(text: str, secrets: Iterable[str | None]) -> str:
    """A message of libpq's without the password of an address in it, and without these secrets."""
    hidden = re.sub(r"//([^:/@\s]+):[^@\s]*@", r"//\1:***@", text)
    for secret in filter(None, secrets):
        hidden = hidden.replace(secret, "***")
    return hidden


def pieces_of_password(dsn: str) -> list[str]:
    """Of the password of an address, as libpq may take it apart where `/`, `@` or `:` stands in it as it is."""
    found = re.match(r"\w+://[^:/@]*:(.*)@", dsn)
    pieces = re.split(r"[/@:?#&=]", found[1]) if found else []
    return sorted((piece for piece in pieces if len(piece) > 1), key=len, reverse=True)
