"""The names of LEAN's API, read from the installed type stubs (the package quantconnect-stubs)."""

import ast
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from strategy_testing.errors import UserError

ALGORITHM = "QCAlgorithm"
_INTERFACE = "IAlgorithm"
_INDICATORS = "QuantConnect.Indicators."
_NOT_INSTALLED = "the type stubs of LEAN's API (quantconnect-stubs) are not installed; run `make install`"


@dataclass(frozen=True)
class AlgorithmApi:
    """What a class that derives from QCAlgorithm inherits."""

    names: frozenset[str]
    """Every method, property and constant."""
    indicator_methods: frozenset[str]
    """Those that make an indicator and keep it up to date: rsi, bb, sma …"""


def snake_case(name: str) -> str:
    """set_start_date for SetStartDate, as LEAN's Python names are made of those of C#."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@cache
def algorithm_api() -> AlgorithmApi:
    """The names of QCAlgorithm.

    Raises:
        UserError: the stubs are not installed.
    """
    members = [*_members("Algorithm", ALGORITHM), *_members("Interfaces", _INTERFACE)]
    methods = [member for member in members if isinstance(member, ast.FunctionDef)]
    constants = [member.target for member in members if isinstance(member, ast.AnnAssign)]
    names = {method.name for method in methods} | {node.id for node in constants if isinstance(node, ast.Name)}
    return AlgorithmApi(
        names=frozenset(name for name in names if not name.startswith("_")),
        indicator_methods=frozenset(method.name for method in methods if _makes_indicator(method)),
    )


def _makes_indicator(method: ast.FunctionDef) -> bool:
    return method.returns is not None and ast.unparse(method.returns).startswith(_INDICATORS)


def _members(module: str, name: str) -> list[ast.stmt]:
    for node in ast.parse(_stub(module).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return node.body
    raise UserError(_NOT_INSTALLED)


def _stub(module: str) -> Path:
    spec = find_spec("QuantConnect")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        file = Path(folder) / module / "__init__.pyi"
        if file.is_file():
            return file
    raise UserError(_NOT_INSTALLED)
