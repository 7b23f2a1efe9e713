"""Reads the optimizer's own log.txt, line by line, and the table of combinations that LEAN counted through by one
parameter, which the log names alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from sys import intern

from strategy_testing.files import load_json, read_text
from strategy_testing.results.json_values import as_moment, as_text
from strategy_testing.results.manifest import TABLE
from strategy_testing.search.protocol import COMBINATION
from strategy_testing.search.space import canonical_value
from strategy_testing.texts import storable

Table = Sequence[Mapping[str, str]]

_TIMESTAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?Z (TRACE|ERROR|DEBUG):: (.*)")
_LAUNCHED = re.compile(r"launched backtest '([^']+)' with parameters '([^']*)'")
_WAITING = re.compile(r"start ended\. Waiting on (\d{1,9}) backtests")
_ENDED = "Optimization has ended. "
_OPTIMUM = re.compile(r"was reached using ParameterSet: .* backtestId '([^']+)'")
_COULD_NOT_START = "Program.Main():"
_MOST_DIGITS = 9


@dataclass(frozen=True)
class OptimizerLog:
    """What the log says so far."""

    launched: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Parameters of every launched backtest by its id: the real ones, wherever LEAN counted through a table."""
    table: Table | None = None
    """What it counted through."""
    waiting_on: int | None = None
    started_at: datetime | None = None
    last_line_at: datetime | None = None
    has_ended: bool = False
    best_backtest_id: str | None = None
    """LEAN's optimum; None where it says that it reached none."""
    start_error: str | None = None
    """Why the optimizer could not start; it waits for ever then."""

    def agrees_with(self, backtest_id: str, parameters: Mapping[str, str]) -> bool:
        """Whether a result names the parameters with which its backtest was launched, by all that is known of these."""
        launched_with = self.launched.get(backtest_id)
        rows = self.table if not launched_with or COMBINATION in launched_with else (launched_with,)
        return rows is None or not all(differs(parameters, row) for row in rows or ({},))

    def of(self, backtest_id: str) -> "OptimizerLog":
        """What it says of one backtest."""
        given = self.launched.get(backtest_id)
        table = self.table if self.table is None or not given or COMBINATION in given else ()
        launched = {} if given is None else {backtest_id: given}
        return OptimizerLog(launched, table, has_ended=self.has_ended)


def read_log(text: str, so_far: OptimizerLog | None = None) -> OptimizerLog:
    """Reads a log, or the next piece of one, line by line; lines of no interest and half lines are passed over.

    What was launched is added to the mapping that `so_far` has: it is the same one, however long it grows.
    """
    log = so_far or OptimizerLog()
    launched = log.launched
    for line in text.splitlines():
        match = _TIMESTAMP.match(line)
        moment = _moment(match[1], match[2]) if match else None
        if match is None or moment is None:
            continue
        log = replace(log, started_at=log.started_at or moment, last_line_at=moment)
        message = match[4]
        if launch := _LAUNCHED.search(message):
            launched[intern(launch[1])] = _parameters(launch[2], log.table)
        log = _with_event(log, match[3], message)
    return log


def _with_event(log: OptimizerLog, level: str, message: str) -> OptimizerLog:
    if waiting := _WAITING.search(message):
        return replace(log, waiting_on=int(waiting[1]))
    if _ENDED in message:
        optimum = _OPTIMUM.search(message)
        return replace(log, has_ended=True, best_backtest_id=optimum[1] if optimum else None)
    if level == "ERROR" and _COULD_NOT_START in message and not log.has_ended and log.waiting_on is None:
        # Behind the end of the optimization an error means nothing; in front of its start it means a hang.
        return replace(log, start_error=storable(message.split(_COULD_NOT_START, 1)[1].strip()))
    return log


def _moment(seconds: str, fraction: str | None) -> datetime | None:
    """None for a day that no calendar has."""
    return as_moment(f"{seconds}.{(fraction or '').ljust(6, '0')}")


def _parameters(text: str, table: Table | None) -> dict[str, str]:
    """`a:1,b:2` as LEAN writes it; a piece without a colon is no parameter."""
    pieces = (piece.split(":", 1) for piece in storable(text).split(",") if ":" in piece)
    given = sorted(with_real_parameters(dict(pieces), table).items())
    return {intern(name): intern(value) for name, value in given}


def read_table(folder: Path) -> Table | None:
    """The table that an output of LEAN's was made with; None where it was made without, an empty one if damaged."""
    try:
        rows = load_json(read_text(folder / TABLE))
        return tuple({as_text(name): as_text(value) for name, value in row.items()} for row in rows)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError):
        return ()


def with_real_parameters(parameters: Mapping[str, str], table: Table | None) -> dict[str, str]:
    """What LEAN's log says of a backtest, with the parameters of its combination in place of the combination's number.

    A number that is not in the table becomes nothing.
    """
    if table is None or COMBINATION not in parameters:
        return dict(parameters)
    place = canonical_value(parameters[COMBINATION])
    is_place = place.isdecimal() and len(place) <= _MOST_DIGITS and int(place) < len(table)
    row = table[int(place)] if is_place else {}
    return {name: value for name, value in parameters.items() if name != COMBINATION} | dict(row)


def differs(parameters: Mapping[str, str], launched_with: Mapping[str, str]) -> bool:
    """Whether a result's own parameters are not those of the row that its backtest was launched with.

    So it is where nothing put the row in the place of its number: LEAN then ran the strategy's own values.
    """
    given = {name: canonical_value(value) for name, value in parameters.items()}
    expected = {name: canonical_value(value) for name, value in launched_with.items()}
    return not expected.items() <= given.items() or (COMBINATION in given and COMBINATION not in expected)
