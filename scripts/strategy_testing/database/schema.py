"""Creates the database's schema and upgrades an older one without losing a row."""

import re
from pathlib import Path

from strategy_testing.database.connection import Database
from strategy_testing.errors import DatabaseError
from strategy_testing.paths import SCRIPTS_DIR

SCHEMA_FILE = SCRIPTS_DIR / "db_schema.sql"
MIGRATIONS_DIR = SCRIPTS_DIR / "db_migrations"
DIRECTOR_FILE = SCRIPTS_DIR / "director_role.sql"
_INCLUDE = re.compile(r"^\\ir (\S+)$", re.M)


def schema_text(file: Path = SCHEMA_FILE) -> str:
    """The statements of db_schema.sql, or another file, with those that it includes as psql would (`\\ir FILE`)."""
    return _INCLUDE.sub(lambda line: (file.parent / line[1]).read_text(encoding="utf-8"), file.read_text("utf-8"))


def migrations() -> dict[int, Path]:
    """The files of db_migrations/ by the schema version that each leads to."""
    found = {}
    for file in sorted(MIGRATIONS_DIR.glob("*.sql")):
        match = re.match(r"(\d{4})_", file.name)
        if match:
            found[int(match[1])] = file
    return found


def current_version() -> int:
    """The version that this code expects."""
    return max(migrations())


def stored_version(database: Database) -> int | None:
    """The version that the database has, None where it has none."""
    version = database.value("schema_version") if database.value("has_versions") else None
    return None if version is None else int(version)


def ensure_schema(database: Database) -> None:
    """Brings the database to the current version: nothing where it is, all of it where it is empty.

    Raises:
        DatabaseError: a newer version of the framework made it, or an upgrade failed, which changes nothing then.
    """
    with database.transaction():
        if stored_version(database) == current_version():
            return
    with database.transaction():
        database.execute("lock_schema")  # whoever comes second finds the work done
        version = stored_version(database)
        if version is not None and version > current_version():
            raise DatabaseError(
                f"the database has schema version {version}, this framework knows up to {current_version()}",
                "update the framework, or use another database",
            )
        if version == current_version():
            return
        has_tables = database.value("has_tables")
        for number, file in migrations().items():
            if has_tables and number > (version or 0):
                database.script(file.read_text(encoding="utf-8"))
        database.script(schema_text())
        database.execute("record_schema_version", {"version": current_version()})


def missing_rights(database: Database) -> list[str]:
    """What a run needs and this role may not do in this database, for people."""
    with database.transaction():
        return [row["missing"] for row in database.rows("missing_rights")]


def make_director(database: Database, verifier: str | None) -> None:
    """Makes the role `director`, or brings it up to date: it reads the views of this database.

    Args:
        database: with the current schema.
        verifier: of its password, as PostgreSQL stores it; None leaves the password as it is.

    Raises:
        DatabaseError: this user may not, or there is a role of that name that may do more.
    """
    with database.transaction():
        database.execute("lock_schema")
        database.script(schema_text(DIRECTOR_FILE))
        if verifier is not None:
            database.execute("set_director_password", {"verifier": verifier})


def has_director_password(database: Database) -> bool:
    """Whether the role exists and has a password; only a superuser may ask."""
    with database.transaction():
        return bool(database.value("has_director_password"))
