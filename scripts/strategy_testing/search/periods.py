"""A search over several periods: the same combinations in each of them, the days being parameters like others."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from strategy_testing.search.euler_search import EulerSearch
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.protocol import COMBINATION, Part, Search
from strategy_testing.search.space import ListParameter, Parameter, Progression

START, END = "start_date", "end_date"
_Days = tuple[date, date]


@dataclass(frozen=True)
class ListedGrid(GridSearch):
    """Combinations of a grid that are listed one by one, with days of their own."""

    rows: tuple[Mapping[str, str], ...] = ()
    """Each combination, its days included."""

    @property
    def combinations(self) -> int:
        """How many are listed."""
        return len(self.rows)

    @property
    def middle(self) -> Mapping[str, str]:
        """The one in the middle of the list."""
        return self.rows[(len(self.rows) - 1) // 2]

    def includes(self, combination: Mapping[str, str]) -> bool:
        """Whether it is listed."""
        return self.key(combination) in {self.key(row) for row in self.rows}

    def parts(self, done: Collection[Mapping[str, str]]) -> list[Part]:
        """One, of what is not done."""
        names = {parameter.name for parameter in self.parameters}
        finished = {self.key({name: value for name, value in each.items() if name in names}) for each in done}
        table = tuple(row for row in self.rows if self.key(row) not in finished)
        axis = {COMBINATION: Progression(Decimal(0), Decimal(1), len(table))}
        return [Part(axis, len(table), table)] if table else []


@dataclass(frozen=True)
class EulerOverPeriods(EulerSearch):
    """An Euler search in each of several periods, one after the other."""

    periods: tuple[_Days, ...] = ()

    @property
    def middle(self) -> Mapping[str, str]:
        """Of every parameter the middle value, in the period in the middle."""
        return {**super().middle, **_days(self.periods[(len(self.periods) - 1) // 2])}

    def parts(self, done: Collection[Mapping[str, str]]) -> list[Part]:
        """One for each period, whatever is done: it begins anew."""
        (part,) = super().parts(done)
        return [replace(part, axes={**part.axes, **_days(period)}) for period in self.periods]


def over_periods(search: Search, periods: Sequence[_Days]) -> Search:
    """The search in each of the periods: a grid as one list of all of them, an Euler search for each.

    Args:
        search: of combinations without days.
        periods: first and last day of each.
    """
    if isinstance(search, GridSearch):
        return listed(search, [{**row, **_days(period)} for period in periods for row in search.listed()])
    assert isinstance(search, EulerSearch)  # there is no other yet  # noqa: S101
    return EulerOverPeriods(search.parameters, periods=tuple(periods))


def listed(search: Search, rows: Sequence[Mapping[str, str]]) -> ListedGrid:
    """These combinations of a search, with their days, each once."""
    days = (ListParameter(name, tuple(dict.fromkeys(row[name] for row in rows))) for name in (START, END))
    own: tuple[Parameter, ...] = tuple(p for p in search.parameters if p.name not in (START, END))
    return ListedGrid((*own, *days), rows=tuple({ListedGrid(()).key(row): row for row in rows}.values()))


def _days(period: _Days) -> dict[str, str]:
    return {START: str(period[0]), END: str(period[1])}
