"""Universes: what a strategy lets LEAN choose day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lean_engine.constants import Resolution
from lean_engine.securities import Security
from lean_engine.surface import StubBacked
from lean_engine.symbols import Symbol


class UnchangedUniverse(StubBacked):
    """The answer of a selection that changes nothing."""

    _stub = "QuantConnect.Data.UniverseSelection.Universe.UnchangedUniverse"

    def __iter__(self) -> Iterator[Symbol]:
        return iter(())


class Universe(StubBacked):
    """A selection function, and what it selected."""

    _stub = "QuantConnect.Data.UniverseSelection.Universe"

    UnchangedUniverse = UnchangedUniverse
    UNCHANGED = UnchangedUniverse()

    def __init__(self, select: Callable[[list[Any]], Any], data_type: type | None) -> None:
        self._select, self._data_type = select, data_type
        self._selected: list[Symbol] = []

    @property
    def selected(self) -> list[Symbol]:
        return self._selected


class UniverseSettings(StubBacked):
    """How a universe's securities are subscribed."""

    _stub = "QuantConnect.Data.UniverseSelection.UniverseSettings"

    def __init__(self) -> None:
        self._resolution, self._fill_forward = Resolution.MINUTE, True

    @property
    def resolution(self) -> Any:
        return self._resolution

    @resolution.setter
    def resolution(self, value: Any) -> None:
        self._resolution = value

    @property
    def fill_forward(self) -> bool:
        return self._fill_forward

    @fill_forward.setter
    def fill_forward(self, value: bool) -> None:
        self._fill_forward = value


class SecurityChanges(StubBacked):
    """What came into the strategy and what left it."""

    _stub = "QuantConnect.Data.UniverseSelection.SecurityChanges"

    def __init__(self, added: list[Security], removed: list[Security]) -> None:
        self._added, self._removed = added, removed

    @property
    def added_securities(self) -> list[Security]:
        return list(self._added)

    @property
    def removed_securities(self) -> list[Security]:
        return list(self._removed)

    @property
    def count(self) -> int:
        return len(self._added) + len(self._removed)
