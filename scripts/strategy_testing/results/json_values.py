"""Values as LEAN writes them into its JSON: keys of either case, amounts and percents as text. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

_NUMBER = re.compile(r"(\d[\d,]*)?(\.\d+)?([eE][-+]?\d+)?")


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
    """A figure of LEAN's as a number: 92, "0.0935", "$1,261.16", "-$124.00", "18.300%" (0.183); None for no figure."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float, Decimal)):
        number = Decimal(str(value))
        return number if number.is_finite() else None
    text = str(value).strip()
    found = next((match for match in _NUMBER.finditer(text) if match[1] or match[2]), None)
    if found is None or "nan" in text.lower() or "∞" in text:
        return None
    number = Decimal(found[0].replace(",", ""))
    if "-" in text[: found.start()]:
        number = -number
    return number / 100 if text.endswith("%") else number


def as_text(value: Any) -> str:
    """A parameter's value as LEAN has it, in what PostgreSQL can hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else _storable(str(value))


def as_optional_text(value: Any) -> str | None:
    """The text; None where there is none."""
    return as_text(value).strip() or None


def as_moment(value: Any) -> datetime | None:
    """A time, UTC; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def as_day(value: Any) -> date | None:
    """The day of a time, UTC."""
    moment = as_moment(value)
    return None if moment is None else moment.date()


def _storable(text: str) -> str:
    """Without what PostgreSQL's text cannot hold: the zero character and half surrogate pairs."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


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
        case RecursionError():
            return "is nested too deeply to be a result"
        case _:
            return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
