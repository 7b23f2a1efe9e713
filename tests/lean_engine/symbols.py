"""LEAN's Symbol: what a security is called."""

from __future__ import annotations

from typing import Any

from lean_engine.constants import SecurityType
from lean_engine.surface import StubBacked


class Symbol(StubBacked):
    """A security's identity; equal to another of the same ticker and kind, and to its ticker as a text."""

    _stub = "QuantConnect.Symbol"

    def __init__(self, ticker: str, kind: Any = SecurityType.EQUITY, canonical: Symbol | None = None) -> None:
        self._ticker, self._kind, self._canonical = ticker, kind, canonical

    @property
    def value(self) -> str:
        return self._ticker

    @property
    def security_type(self) -> Any:
        return self._kind

    @property
    def canonical(self) -> Symbol | None:
        return self._canonical

    def is_canonical(self) -> bool:
        return self._kind == SecurityType.FUTURE and self._canonical is None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return other.upper() == self._ticker
        return isinstance(other, Symbol) and (other._ticker, other._kind) == (self._ticker, self._kind)

    def __hash__(self) -> int:
        return hash(self._ticker)

    def __lt__(self, other: Symbol) -> bool:
        return self._ticker < other._ticker

    def __gt__(self, other: Symbol) -> bool:
        return self._ticker > other._ticker

    def __str__(self) -> str:
        return self._ticker

    __repr__ = __str__
