"""Reads a strategy's parameters.

LEAN hands each one over as a text and writes the same value in several ways: "14", "14.0" and "14.000" are one number,
"true", "True" and "1" one boolean. What cannot be read ends the backtest with a message that names the parameter.
"""

from __future__ import annotations

import math
from datetime import datetime

from AlgorithmImports import *

_TRUE = ("true", "1", "1.0", "yes")
_FALSE = ("false", "0", "0.0", "no")


def number(algorithm: QCAlgorithm, name: str, default: float) -> float:
    """A number in the parameter's own unit.

    Raises:
        ValueError: the text is no finite number.
    """
    text = algorithm.get_parameter(name, str(default))
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} is '{text}': a number is needed") from None
    if not math.isfinite(value):
        raise ValueError(f"{name} is '{text}': a finite number is needed")
    return value


def whole_number(algorithm: QCAlgorithm, name: str, default: int) -> int:
    """A count. "14.0" is 14; 14.5 is refused, because it would be stored as tested although 14 was.

    Raises:
        ValueError: the text is no whole number.
    """
    value = number(algorithm, name, default)
    if value != int(value):
        raise ValueError(f"{name} is {value:g}: a whole number is needed")
    return int(value)


def flag(algorithm: QCAlgorithm, name: str, default: bool) -> bool:
    """A boolean. `bool("false")` would be True.

    Raises:
        ValueError: the text is neither a yes nor a no.
    """
    text = algorithm.get_parameter(name, str(default)).strip().lower()
    if text not in _TRUE + _FALSE:
        raise ValueError(f"{name} is '{text}': true or false is needed")
    return text in _TRUE


def day(algorithm: QCAlgorithm, name: str, default: str) -> datetime:
    """A date, YYYY-MM-DD.

    Raises:
        ValueError: the text is no such date.
    """
    text = algorithm.get_parameter(name, default)
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise ValueError(f"{name} is '{text}': a date YYYY-MM-DD is needed") from None


def words(algorithm: QCAlgorithm, name: str, default: str) -> list[str]:
    """A list of words separated by "|", such as tickers; LEAN tears a value apart at blanks, commas and colons.

    Raises:
        ValueError: a word is empty, or stands there twice.
    """
    text = algorithm.get_parameter(name, default)
    found = text.split("|")
    if not all(found) or len(set(found)) != len(found):
        raise ValueError(f"{name} is '{text}': different words separated by | are needed")
    return found
