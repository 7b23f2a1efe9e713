"""The table of combinations that LEAN counted through by one parameter, which its log names alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from strategy_testing.results.json_values import as_text
from strategy_testing.results.manifest import TABLE
from strategy_testing.search.protocol import COMBINATION
from strategy_testing.search.space import canonical_value

Table = Sequence[Mapping[str, str]]


def read_table(folder: Path) -> Table | None:
    """The table that an output of LEAN's was made with; None where it was made without, an empty one if damaged."""
    try:
        rows = json.loads((folder / TABLE).read_text(encoding="utf-8"))
        return tuple({str(name): as_text(value) for name, value in row.items()} for row in rows)
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
    row = table[int(place)] if place.isdecimal() and int(place) < len(table) else {}
    return {name: value for name, value in parameters.items() if name != COMBINATION} | dict(row)


def differs(parameters: Mapping[str, str], launched_with: Mapping[str, str]) -> bool:
    """Whether a result's own parameters are not those of the row that its backtest was launched with.

    So it is where nothing put the row in the place of its number: LEAN then ran the strategy's own values.
    """
    given = {name: canonical_value(value) for name, value in parameters.items()}
    expected = {name: canonical_value(value) for name, value in launched_with.items()}
    return not expected.items() <= given.items() or (COMBINATION in given and COMBINATION not in expected)
