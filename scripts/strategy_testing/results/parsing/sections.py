"""Takes the sections that are looked at out of either file, and tells whether the large one was written to its end."""

import re
from typing import Any

import msgspec

from strategy_testing.files import load_json
from strategy_testing.results.json_values import decimal_of, parts_of

UNFINISHED_STATES = {"running", "initializing", "inqueue", "loggingin", "history"}
_LOOKED_AT = (
    "state", "totalPerformance", "statistics", "runtimeStatistics", "algorithmConfiguration", "serverStatistics",
)  # fmt: skip
_NAMES = {spelling for name in _LOOKED_AT for spelling in (name, name[0].upper() + name[1:])}
_STATE_KEY = b'"Status":'
_STATE = re.compile(rb'"Status": *"(\w+)"')
_LAST_BRACE = b"\n}"
"""LEAN indents, so that only the outermost brace stands at the beginning of a line."""


def read_sections(content: bytes) -> Any:
    """The document, without the sections that nobody looks at where the rest is sound.

    Raises:
        ValueError: it is not JSON; the message is that of reading all of it.
    """
    try:
        parts = parts_of(content)
        return {name: _value(part) for name, part in parts.items() if name in _NAMES}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _value(content)


def _value(text: bytes | msgspec.Raw) -> Any:
    return load_json(bytes(text).decode("utf-8-sig"), parse_float=decimal_of)


def is_plainly_whole(content: bytes) -> bool:
    """Whether a large file ends as LEAN ends one, and says that the backtest has ended; costs no parsing.

    While a backtest runs LEAN may write whole files, too, which the final one replaces.
    """
    if not content[-8:].rstrip().endswith(_LAST_BRACE):
        return False
    at = content.rfind(_STATE_KEY)  # LEAN writes its state behind all that is long
    while at >= 0:
        if state := _STATE.match(content, at):
            return state[1].decode().lower() not in UNFINISHED_STATES
        at = content.rfind(_STATE_KEY, 0, at)
    return False
