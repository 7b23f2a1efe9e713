#!/usr/bin/env python3
"""Writes the table of LEAN's indicators, taken from its type stubs, into the developers' guide."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from api_reference.indicator_stubs import candlestick_patterns, indicator_classes, indicator_methods
from api_reference.indicator_table import indicator_table, with_table

_GUIDE = Path(__file__).resolve().parent.parent / "docs" / "LEAN_DEVELOPER_GUIDE.md"
_STUBS = "quantconnect-stubs"
_NAMESPACES = ("QuantConnect.Indicators", "QuantConnect.Indicators.CandlestickPatterns")

_CURRENT, _NOT_CURRENT, _FAILED = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Writes or checks; returns 0, 1 where the table is not current, 2 where there is nothing to work on."""
    parser = argparse.ArgumentParser(
        description="Writes the table of LEAN's indicators between the marks of the guide."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the table is not current")
    parser.add_argument("--guide", type=Path, default=_GUIDE, help="default: docs/LEAN_DEVELOPER_GUIDE.md")
    arguments = parser.parse_args(argv)
    guide: Path = arguments.guide
    try:
        text = guide.read_text(encoding="utf-8")
        current = with_table(text, _table())
    except PackageNotFoundError:
        return _tell(f"error: the package {_STUBS} is not installed; run `make install` and use .venv/bin/python")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        return _tell(f"error: {guide}: {error}")
    if text == current:
        return _CURRENT
    if arguments.check:
        _tell(f"{guide}: the indicators' table is not that of the stubs; write it with tests/indicator_reference.py")
        return _NOT_CURRENT
    guide.write_text(current, encoding="utf-8")
    return _CURRENT


def _table() -> str:
    stubs = distribution(_STUBS)
    algorithm = _read("QuantConnect.Algorithm")
    indicators = indicator_classes({namespace: _read(namespace) for namespace in _NAMESPACES})
    return indicator_table(
        indicator_methods(algorithm, indicators), candlestick_patterns(algorithm, indicators), stubs.version
    )


def _read(namespace: str) -> str:
    path = f"{namespace.replace('.', '/')}/__init__.pyi"
    return Path(str(distribution(_STUBS).locate_file(path))).read_text(encoding="utf-8")


def _tell(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return _FAILED


if __name__ == "__main__":
    raise SystemExit(main())
