"""Opens the embedded database to a program such as DBeaver, Metabase or Grafana; `make database-server` calls it."""

import argparse
import os
import sys
from collections.abc import Sequence

from strategy_testing.commands.cli import run_main
from strategy_testing.console import answer, shown_path, tell
from strategy_testing.database.connection import Database, connect
from strategy_testing.database.embedded.access import (
    DIRECTOR,
    PASSWORD_FILE,
    keep_password,
    kept_password,
    require_password,
)
from strategy_testing.database.embedded.server import socket_file
from strategy_testing.database.schema import ensure_schema, has_director_password, make_director
from strategy_testing.database.target import Source, choose_database
from strategy_testing.errors import ExitCode, UserError
from strategy_testing.sharing.gate import Gate
from strategy_testing.sharing.passwords import made_up, scram_verifier

_PORT = 5433


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make database-server", description=__doc__)
    parser.add_argument("--port", metavar="N", type=int, default=_PORT, help="0 takes one that is free (default: 5433)")
    port = parser.parse_args(argv).port
    return run_main(lambda: _serve(port))


def _serve(port: int) -> ExitCode:
    target = choose_database(None, os.environ)
    if target.source is not Source.EMBEDDED:
        raise UserError(
            f"the scripts use a database of your own (from {target.source.value}), which has its own address",
            "give a program that address, and the role that `make director-role` makes",
        )
    database = connect(target)
    try:
        tell(f"using {database}")
        ensure_schema(database)
        password = _let_director_in(database)
        name = database.environment()["PGDATABASE"]
    finally:
        database.close()
    with _gate(port) as gate:
        tell(f"user {DIRECTOR}, {password}; Ctrl-C closes it")
        answer(f"postgresql://{DIRECTOR}@127.0.0.1:{gate.port}/{name}")
        try:
            gate.serve_forever()
        except KeyboardInterrupt:
            tell("closed")
    return ExitCode.OK


def _let_director_in(database: Database) -> str:
    """Makes the role where there is none, and sees to it that it is asked for its password; says where that is."""
    password = kept_password()
    if password is None and not has_director_password(database):
        password = made_up()
        keep_password(password)
    make_director(database, None if password is None else scram_verifier(password))
    require_password(database)
    if password is None:
        return "with the password that was given to `make director-role`"
    return f"its password is in {shown_path(PASSWORD_FILE)}, behind the last colon (psql takes the file as PGPASSFILE)"


def _gate(port: int) -> Gate:
    try:
        return Gate(port, socket_file(), DIRECTOR)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(
            f"port {port} of 127.0.0.1 cannot be had: {reason}", "name another: make database-server PORT=0"
        ) from None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
