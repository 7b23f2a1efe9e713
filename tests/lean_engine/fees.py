"""Interactive Brokers' fees as LEAN charges them, dollars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lean_engine.constants import SecurityType

_PER_SHARE = Decimal("0.005")
_LEAST = Decimal(1)
_MOST = Decimal("0.005")  # of the order's value
_MICRO_CONTRACT = Decimal("0.25") + Decimal("0.30") + Decimal("0.02")  # broker, exchange, regulation


def interactive_brokers_fee(kind: Any, quantity: int, price: Decimal) -> Decimal:
    """The fee of an order of that many shares or contracts at that price.

    LEAN takes the least fee even where it is more than the most.
    """
    if kind == SecurityType.FUTURE:
        return abs(quantity) * _MICRO_CONTRACT
    fee = _PER_SHARE * abs(quantity)
    return _LEAST if fee < _LEAST else min(fee, _MOST * abs(quantity) * price)
