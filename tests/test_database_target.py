"""Which database is used, and that its password goes nowhere."""

import pytest

from strategy_testing.database.target import DatabaseTarget, Source, choose_database
from strategy_testing.files import without_database_secrets

URL = "postgresql://me:secret@host/results"
OTHER = "postgresql://host/other"


@pytest.mark.parametrize(
    ("argument", "environment", "target"),
    [
        (URL, {"DATABASE_URL": OTHER, "PGHOST": "db"}, DatabaseTarget(Source.ARGUMENT, URL)),
        (None, {"DATABASE_URL": OTHER, "PGHOST": "db"}, DatabaseTarget(Source.DATABASE_URL, OTHER)),
        ("", {"DATABASE_URL": "", "PGHOST": "db"}, DatabaseTarget(Source.PG_VARIABLES, "")),
        (None, {"PGSERVICE": "results"}, DatabaseTarget(Source.PG_VARIABLES, "")),
        (None, {"PGHOST": ""}, DatabaseTarget(Source.EMBEDDED, "")),
        (None, {"PGPASSWORD": "secret"}, DatabaseTarget(Source.EMBEDDED, "")),
        (None, {}, DatabaseTarget(Source.EMBEDDED, "")),
    ],
)
def test_the_first_that_is_given_is_used(
    argument: str | None, environment: dict[str, str], target: DatabaseTarget
) -> None:
    assert choose_database(argument, environment) == target


def test_a_target_is_shown_without_its_url() -> None:
    assert repr(choose_database(URL, {})) == "DatabaseTarget(--database-url)"


def test_lean_is_not_told_how_to_reach_the_database() -> None:
    environment = {"PATH": "/bin", "DATABASE_URL": URL, "PGPASSWORD": "secret", "PGPASSFILE": "x", "HOME": "/home/me"}
    environment["DIRECTOR_PASSWORD"] = "secret"
    assert without_database_secrets(environment) == {"PATH": "/bin", "HOME": "/home/me"}
