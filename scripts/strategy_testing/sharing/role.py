"""Makes the role `director` in the database that the scripts use; `make director-role` calls it."""

import getpass
import os
import sys

from strategy_testing.commands.cli import run_main
from strategy_testing.console import answer, tell
from strategy_testing.database.connection import connect
from strategy_testing.database.embedded.access import forget_password, require_password
from strategy_testing.database.schema import ensure_schema, make_director
from strategy_testing.database.target import Source, choose_database
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.sharing.passwords import scram_verifier

PASSWORD_VARIABLE = "DIRECTOR_PASSWORD"  # noqa: S105 - the name of a variable


def _make() -> ExitCode:
    database = connect(choose_database(None, os.environ))
    try:
        tell(f"using {database}")
        ensure_schema(database)
        make_director(database, scram_verifier(_password()))
        if database.source is Source.EMBEDDED:
            forget_password()
            require_password(database)
    finally:
        database.close()
    answer("the role director reads the views of this database, with that password")
    return ExitCode.OK


def _password() -> str:
    """From the environment, else asked for; never an argument, which every user of the machine can read.

    Raises:
        UserError: there is none.
    """
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None and sys.stdin.isatty():
        password = getpass.getpass("password for the role director: ")
        if getpass.getpass("once more: ") != password:
            raise UserError("the two passwords differ", "do it again")
    if not password:
        raise UserError("the role director needs a password", f"set {PASSWORD_VARIABLE}, or answer on a terminal")
    return password


if __name__ == "__main__":
    raise SystemExit(run_main(_make))
