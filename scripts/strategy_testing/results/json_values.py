"""Values as LEAN writes them into its JSON: keys of either case, amounts and percents as text. Pure."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from strategy_testing.metrics.domains import moment_in_range
from strategy_testing.texts import storable

_NUMBER = re.compile(r"(\d[\d,]*)?(\.\d+)?([eE][-+]?\d+)?")
_PLAIN = re.compile(r"-?[0-9]{1,25}(\.[0-9]{1,25})?")
_MOST_EXPONENT = 400
"""Doubles end at 308."""
_SHOWN = 40
_TOO_LARGE = Decimal("Infinity")


def get_section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under a key; an empty one where there is none."""
    found = get(document, name)
    return found if isinstance(found, Mapping) else {}


def get(document: Mapping[str, Any], name: str) -> Any:
    """The value of a key, whose first letter may be of either case."""
    if name in document:
        return document[name]
    return document.get(name[:1].swapcase() + name[1:])


def parts_of(text: bytes | msgspec.Raw | None) -> Mapping[str, msgspec.Raw]:
    """The values of a JSON object, each as its text, which is scanned and not read; none of None.

    Raises:
        msgspec.MsgspecError: the text is damaged, or no object.
    """
    return msgspec.json.decode(text, type=dict[str, msgspec.Raw]) if text is not None else {}


def as_number(value: Any) -> Decimal | None:
    """A figure of LEAN's as a number: 92, "0.0935", "$1,261.16", "-$124.00", "18.300%" (0.183); None for no figure.

    One that nothing can hold is infinity.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return Decimal(str(value)) if math.isfinite(value) else None
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    text = str(value).strip()
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    found = next((match for match in _NUMBER.finditer(text) if match[1] or match[2]), None)
    if found is None or "nan" in text.lower() or "∞" in text:
        return None
    number = decimal_of(found[0].replace(",", ""))
    if "-" in text[: found.start()]:
        number = number.copy_negate()
    return number / 100 if text.endswith("%") else number


def decimal_of(text: str) -> Decimal:
    """A number as it is spelt; infinity where its exponent is beyond all reason."""
    with suppress(InvalidOperation):
        number = Decimal(text)
        if abs(number.adjusted()) <= _MOST_EXPONENT:
            return number
    return _TOO_LARGE


def as_text(value: Any) -> str:
    """A parameter's value as LEAN has it, in what PostgreSQL can hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else storable(str(value))


def as_optional_text(value: Any) -> str | None:
    """The text; None where there is none."""
    return as_text(value).strip() or None


def as_moment(value: Any) -> datetime | None:
    """A time, UTC; one without a zone is UTC. None for none, and for one at which no market was open."""
    try:
        moment = datetime.fromisoformat(str(value))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment_in_range(moment) else None


def as_day(value: Any) -> date | None:
    """The day of a time, UTC."""
    moment = as_moment(value)
    return None if moment is None else moment.date()


def impossible_moments(section: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """What is wrong with the times of a section, for people."""
    given = {name: as_text(get(section, name)) for name in names}
    return [
        f"{name} cannot be {text[:_SHOWN]} and is left empty"
        for name, text in given.items()
        if text and as_moment(text) is None
    ]


class NotAResultError(ValueError):
    """The document is no finished backtest; the message says why."""


def trouble(error: Exception) -> str:
    """What is wrong with a file that could not be read as a result, for people."""
    match error:
        case FileNotFoundError():
            return "missing: the backtest did not finish"
        case json.JSONDecodeError():
            at_the_end = error.pos >= len(error.doc.rstrip()) - 1 or "Unterminated" in error.msg
            what = "truncated" if at_the_end else "not valid JSON"
            return f"{what} after {error.pos} characters: the file was not written to its end"
        case UnicodeDecodeError():
            return "is not text: damaged, or not written by LEAN"
        case NotAResultError():
            return str(error)
        case _:
            return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
