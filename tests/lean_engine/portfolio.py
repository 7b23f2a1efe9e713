"""The account: cash, holdings, and how much may be bought, as LEAN's margin models have it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from lean_engine.constants import SecurityType
from lean_engine.data import KeyValuePair
from lean_engine.errors import NotCarriedOutError
from lean_engine.indicator_base import to_decimal
from lean_engine.securities import Security, SecurityHolding, SecurityManager
from lean_engine.surface import StubBacked
from lean_engine.symbols import Symbol

_ZERO = Decimal(0)


class AlgorithmSettings(StubBacked):
    """The settings that this fake carries out, with LEAN's defaults."""

    _stub = "QuantConnect.AlgorithmSettings"

    free_portfolio_value_percentage = 0.0025
    minimum_order_margin_portfolio_percentage = 0.001
    liquidate_enabled = True
    automatic_indicator_warm_up = False
    seed_initial_prices = False
    daily_precise_end_time = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("free_portfolio_value_percentage", "minimum_order_margin_portfolio_percentage"):
            object.__setattr__(self, name, value)
        elif getattr(self, name) != value:
            raise NotCarriedOutError(f"lean_engine does not carry out settings.{name} = {value}")


class SecurityPortfolioManager(StubBacked):
    """Cash and holdings, dollars."""

    _stub = "QuantConnect.Securities.SecurityPortfolioManager"

    def __init__(self, securities: SecurityManager, settings: AlgorithmSettings) -> None:
        self._securities, self._settings = securities, settings
        self._cash = _ZERO

    @property
    def cash(self) -> float:
        return float(self._cash)

    @property
    def total_portfolio_value(self) -> float:
        return float(self._total())

    @property
    def total_portfolio_value_less_free_buffer(self) -> float:
        return float(self._total() * (1 - to_decimal(self._settings.free_portfolio_value_percentage)))

    @property
    def total_holdings_value(self) -> float:
        return float(sum((abs(each.holdings._value(each._price())) for each in self._held()), _ZERO))

    @property
    def total_unrealized_profit(self) -> float:
        return float(sum((each.holdings._close_profit() for each in self._held()), _ZERO))

    @property
    def total_fees(self) -> float:
        return float(sum((each.holdings._fees for each in self._securities._all.values()), _ZERO))

    @property
    def total_margin_used(self) -> float:
        return float(sum((each._maintenance_margin() for each in self._held()), _ZERO))

    @property
    def margin_remaining(self) -> float:
        return float(self._margin_remaining())

    @property
    def invested(self) -> bool:
        return bool(self._held())

    @property
    def hold_stock(self) -> bool:
        return bool(self._held())

    def contains_key(self, key: Any) -> bool:
        return key in self._securities

    def keys(self) -> list[Symbol]:
        return self._securities.keys()

    def values(self) -> list[SecurityHolding]:
        return [each.holdings for each in self._securities.values()]

    def items(self) -> list[tuple[Symbol, SecurityHolding]]:
        return [(symbol, each.holdings) for symbol, each in self._securities.items()]

    def __contains__(self, key: Any) -> bool:
        return key in self._securities

    def __getitem__(self, key: Any) -> SecurityHolding:
        return self._securities[key].holdings

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iter([KeyValuePair(symbol, holding) for symbol, holding in self.items()])

    def _held(self) -> list[Security]:
        return [each for each in self._securities._all.values() if each.holdings.invested]

    def _total(self) -> Decimal:
        value = self._cash
        for each in self._held():
            holding = each.holdings
            future = each.type == SecurityType.FUTURE
            value += holding._close_profit() - holding._settled if future else holding._value(each._price())
        return value

    def _margin_remaining(self) -> Decimal:
        return self._total() - sum((each._maintenance_margin() for each in self._held()), _ZERO)

    def _settle_futures(self) -> None:
        """Each day a future's profit at the last close goes into the cash."""
        for each in self._held():
            if each.type == SecurityType.FUTURE:
                profit = each.holdings._gain() - each.holdings._settled
                each.holdings._settled += profit
                self._cash += profit

    def _quantity_for(self, security: Security, part: float) -> int:
        """How much to order so that the security takes this part of the account (of its margin, for a future)."""
        total = self._total()
        free = to_decimal(self._settings.free_portfolio_value_percentage)
        target = to_decimal(part) * (1 - free) / security._leverage()
        if security.type == SecurityType.FUTURE and abs(target) > 1:
            raise ValueError("Futures do not allow specifying a leveraged target")
        held = security.holdings._quantity
        wanted = target * total
        if wanted == 0:
            return -held
        unit = security._initial_margin(1)
        if unit == 0:
            return 0
        least = to_decimal(self._settings.minimum_order_margin_portfolio_percentage)
        if abs(wanted - security._initial_margin(held)) < total * least:
            return 0
        last = 0
        while True:
            rounding = ROUND_CEILING if wanted < 0 else ROUND_FLOOR
            quantity = int((wanted / unit - held).to_integral_value(rounding))
            if quantity == 0:
                return 0
            if quantity == last:
                raise ValueError(
                    f"LEAN's order quantity for {part:g} of the account in {security.symbol} converges not"
                )
            wanted = (total - security._fee(quantity)) * target
            last = quantity
            if abs(security._initial_margin(held + quantity)) <= abs(wanted):
                return quantity

    def _why_refused(self, security: Security, quantity: int) -> str | None:
        """Why there is not enough buying power for an order; None where there is."""
        held = security.holdings._quantity
        if held * quantity < 0 and abs(held) >= abs(quantity):
            return None
        free = self._margin_remaining()
        if held * quantity < 0:
            free += security._maintenance_margin() + security._initial_margin(abs(held))
        needed = security._initial_margin(quantity)
        needed += int(math.copysign(1, needed)) * security._fee(quantity)
        if abs(needed) <= max(free, _ZERO):
            return None
        return f"Initial Margin: {needed:.2f}, Free Margin: {max(free, _ZERO):.2f}"
