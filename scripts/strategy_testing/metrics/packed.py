"""Figures by column in a tenth of the memory: thousands of backtests are judged at once."""

from collections.abc import Hashable, ItemsView, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from sys import intern
from typing import Any, TypeVar

from strategy_testing.metrics.benchmark import BuyAndHold

_BETWEEN = " "
T = TypeVar("T", bound=Hashable)


class PackedFigures(Mapping[str, Decimal | None]):
    """Figures that are kept as one text and made again when somebody asks; equal to any mapping of the same ones."""

    __slots__ = ("_columns", "_text")

    def __init__(self, figures: Mapping[str, Decimal | None]) -> None:
        """Packs a mapping; those with the same columns in the same order share these."""
        self._columns = intern(_BETWEEN.join(figures))
        self._text = _BETWEEN.join("" if value is None else str(value) for value in dict(figures.items()).values())

    def __getitem__(self, column: str) -> Decimal | None:
        """The figure of a column."""
        columns = _places(self._columns)
        text = self._text.split(_BETWEEN)[columns[column]]
        return _decimal(text) if text else None

    def __iter__(self) -> Iterator[str]:
        """The columns."""
        return iter(_places(self._columns))

    def __len__(self) -> int:
        """How many columns there are."""
        return len(_places(self._columns))

    def items(self) -> ItemsView[str, Decimal | None]:
        """All of them at once."""
        texts = self._text.split(_BETWEEN) if self._columns else []
        values = (_decimal(text) if text else None for text in texts)
        return dict(zip(_places(self._columns), values, strict=True)).items()

    def __eq__(self, other: object) -> bool:
        """Whether the columns and figures are the same, however they are spelt."""
        if isinstance(other, PackedFigures) and (self._columns, self._text) == (other._columns, other._text):
            return True
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment] # as that of any mapping


_NOTHING = PackedFigures({})


def packed(figures: Mapping[str, Decimal | None]) -> PackedFigures:
    """The same, packed once."""
    if isinstance(figures, PackedFigures):
        return figures
    return PackedFigures(figures) if figures else _NOTHING


class PackedRow(Mapping[str, Any]):
    """A row of a table whose figures are packed, and whose texts are one for all that are equal."""

    __slots__ = ("_figures", "_names", "_others")

    def __init__(self, row: Mapping[str, Any]) -> None:
        """Packs a row; those with figures in the same columns share their names."""
        self._figures = PackedFigures({name: value for name, value in row.items() if isinstance(value, Decimal)})
        others = {name: _once(value) for name, value in row.items() if not isinstance(value, Decimal)}
        self._names = intern(_BETWEEN.join(others))
        self._others = tuple(others.values())

    def __getitem__(self, column: str) -> Any:
        """The value of a column."""
        place = _places(self._names).get(column)
        return self._figures[column] if place is None else self._others[place]

    def __iter__(self) -> Iterator[str]:
        """The columns."""
        return chain(_places(self._names), self._figures)

    def __len__(self) -> int:
        """How many columns there are."""
        return len(self._others) + len(self._figures)


def _once(value: Any) -> Any:
    match value:
        case str():
            return intern(str(value))
        case list():
            return [_once(each) for each in value]
        case dict():
            return {_once(name): _once(each) for name, each in value.items()}
        case _:
            return value


_decimal = lru_cache(4096)(Decimal)  # many backtests have the same count

_known: dict[str, dict[str, int]] = {}


def _places(columns: str) -> dict[str, int]:
    if columns not in _known:
        _known[columns] = {name: place for place, name in enumerate(columns.split(_BETWEEN) if columns else ())}
    return _known[columns]


@lru_cache(maxsize=1024)
def one_for_all(value: T) -> T:
    """The first of the values that are equal."""
    return value


@lru_cache
def shared(held: BuyAndHold, _: bytes | None) -> BuyAndHold:
    """One for all results over the same days, whose returns take more than all else of a result."""
    return held
