"""The names of LEAN's API, read from the installed type stubs (the package quantconnect-stubs)."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from strategy_testing.errors import UserError

ALGORITHM = "QCAlgorithm"
_INTERFACE = "IAlgorithm"


def snake_case(name: str) -> str:
    """set_start_date for SetStartDate, as LEAN's Python names are made of those of C#."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@cache
def algorithm_names() -> frozenset[str]:
    """Every method, property and constant that a class derived from QCAlgorithm inherits.

    Raises:
        UserError: the stubs are not installed.
    """
    members = [*_members("Algorithm", ALGORITHM), *_members("Interfaces", _INTERFACE)]
    if not members:
        raise UserError("the type stubs of LEAN's API (quantconnect-stubs) are not installed", "run `make install`")
    constants = [member.target for member in members if isinstance(member, ast.AnnAssign)]
    names = {member.name for member in members if isinstance(member, ast.FunctionDef)}
    names |= {node.id for node in constants if isinstance(node, ast.Name)}
    return frozenset(name for name in names if not name.startswith("_"))


def _members(module: str, name: str) -> Iterator[ast.stmt]:
    spec = find_spec("QuantConnect")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(folder) / module / "__init__.pyi"
        for node in ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else ():
            if isinstance(node, ast.ClassDef) and node.name == name:
                yield from node.body
