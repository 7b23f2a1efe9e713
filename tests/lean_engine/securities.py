"""Securities, what is held of them, and their collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from lean_engine.constants import SecurityType
from lean_engine.data import BaseData, KeyValuePair, TradeBar
from lean_engine.errors import NotCarriedOutError
from lean_engine.fees import interactive_brokers_fee
from lean_engine.indicator_base import to_decimal
from lean_engine.surface import StubBacked, check_call
from lean_engine.symbols import Symbol

_ZERO = Decimal(0)
_EQUITY_LEVERAGE = Decimal(2)


class ConstantSlippageModel(StubBacked):
    """Makes each fill worse by a fraction of the last price."""

    _stub = "QuantConnect.Orders.Slippage.ConstantSlippageModel"

    def __init__(self, slippage_percent: float) -> None:
        check_call(self._stub, "__init__", (slippage_percent,), {})
        self._fraction = to_decimal(slippage_percent)


class Security(StubBacked):
    """Something with a price. Prices are 0 until its first bar."""

    _stub = "QuantConnect.Securities.Security"

    def __init__(
        self, symbol: Symbol, fill_forward: bool, multiplier: float = 1, margins: tuple[float, float] = (0, 0)
    ) -> None:
        self._symbol, self._fill_forward = symbol, fill_forward
        self._multiplier = to_decimal(multiplier)
        self._margins = to_decimal(margins[0]), to_decimal(margins[1])
        self._bar: TradeBar | None = None
        self._point: BaseData | None = None
        self._holdings = SecurityHolding(self)
        self._slippage = _ZERO  # of the last price

    @property
    def symbol(self) -> Symbol:
        return self._symbol

    @property
    def type(self) -> Any:
        return self._symbol.security_type

    @property
    def price(self) -> float:
        point = self._bar or self._point
        return point.value if point else 0.0

    @property
    def close(self) -> float:
        return self.price

    @property
    def open(self) -> float:
        return self._bar.open if self._bar else 0.0

    @property
    def high(self) -> float:
        return self._bar.high if self._bar else 0.0

    @property
    def low(self) -> float:
        return self._bar.low if self._bar else 0.0

    @property
    def volume(self) -> float:
        return self._bar.volume if self._bar else 0.0

    @property
    def has_data(self) -> bool:
        return self._bar is not None or self._point is not None

    @property
    def holdings(self) -> SecurityHolding:
        return self._holdings

    @property
    def invested(self) -> bool:
        return self._holdings.invested

    @property
    def hold_stock(self) -> bool:
        return self._holdings.invested

    @property
    def leverage(self) -> float:
        return float(self._leverage())

    @property
    def is_tradable(self) -> bool:
        return bool(self.type in (SecurityType.EQUITY, SecurityType.FUTURE) and not self._symbol.is_canonical())

    @property
    def buying_power_model(self) -> BuyingPowerModel:
        return FutureMarginModel() if self.type == SecurityType.FUTURE else BuyingPowerModel()

    def set_slippage_model(self, slippage_model: Any) -> None:
        if not isinstance(slippage_model, ConstantSlippageModel):
            raise NotCarriedOutError("lean_engine carries out a ConstantSlippageModel only")
        self._slippage = slippage_model._fraction

    def get_last_data(self) -> BaseData | None:
        return self._bar or self._point

    def _leverage(self) -> Decimal:
        return _EQUITY_LEVERAGE if self.type == SecurityType.EQUITY else Decimal(1)

    def _price(self) -> Decimal:
        return to_decimal(self.price)

    def _initial_margin(self, quantity: Decimal | int) -> Decimal:
        if self.type == SecurityType.FUTURE:
            return self._margins[0] * quantity if self.has_data else _ZERO
        return self._price() * quantity / self._leverage()

    def _maintenance_margin(self) -> Decimal:
        quantity = abs(self._holdings._quantity)
        if self.type == SecurityType.FUTURE:
            return self._margins[1] * quantity
        return self._price() * quantity / self._leverage()

    def _fee(self, quantity: int) -> Decimal:
        return interactive_brokers_fee(self.type, quantity, self._price())

    def __str__(self) -> str:
        return self._symbol.value


class InitialMarginParameters(StubBacked):
    """Of which security and quantity the margin is asked."""

    _stub = "QuantConnect.Securities.InitialMarginParameters"

    def __init__(self, security: Security, quantity: float) -> None:
        check_call(self._stub, "__init__", (security, quantity), {})
        self._security, self._quantity = security, quantity

    @property
    def security(self) -> Security:
        return self._security

    @property
    def quantity(self) -> float:
        return self._quantity


class InitialMargin(StubBacked):
    """A margin, dollars."""

    _stub = "QuantConnect.Securities.InitialMargin"

    def __init__(self, value: float) -> None:
        self._value = value

    @property
    def value(self) -> float:
        return self._value


class BuyingPowerModel(StubBacked):
    """What margin a security takes."""

    _stub = "QuantConnect.Securities.BuyingPowerModel"

    def get_initial_margin_requirement(self, parameters: InitialMarginParameters) -> InitialMargin:
        return InitialMargin(float(parameters.security._initial_margin(to_decimal(parameters.quantity))))

    def get_leverage(self, security: Security) -> float:
        return security.leverage


class FutureMarginModel(BuyingPowerModel):
    """A fixed margin a contract; 0 until the contract has had a bar, as in LEAN."""

    _stub = "QuantConnect.Securities.Future.FutureMarginModel"


class Equity(Security):
    """A US stock or ETF."""

    _stub = "QuantConnect.Securities.Equity.Equity"

    def __init__(self, symbol: Symbol, fill_forward: bool, fundamentals: Callable[[], Any]) -> None:
        super().__init__(symbol, fill_forward)
        self._fundamentals = fundamentals

    @property
    def fundamentals(self) -> Any:
        return self._fundamentals()


class Index(Security):
    """An index, which cannot be traded."""

    _stub = "QuantConnect.Securities.Index.Index"


class Future(Security):
    """A continuous future (not traded itself), or one of the contracts it is mapped to."""

    _stub = "QuantConnect.Securities.Future.Future"
    _mapped: Symbol | None = None

    @property
    def mapped(self) -> Symbol | None:
        return self._mapped

    def set_filter(self, *arguments: Any, **named: Any) -> None:
        """Chains are not carried out: a filter changes nothing."""


class SecurityHolding(StubBacked):
    """What is held of a security; negative quantities are short."""

    _stub = "QuantConnect.Securities.SecurityHolding"

    def __init__(self, security: Security) -> None:
        self._security = security
        self._quantity = 0
        self._average = _ZERO
        self._settled = _ZERO  # profit of a future that is in the cash already
        self._fees = _ZERO
        self._profit = _ZERO

    @property
    def symbol(self) -> Symbol:
        return self._security.symbol

    @property
    def quantity(self) -> float:
        return float(self._quantity)

    @property
    def absolute_quantity(self) -> float:
        return float(abs(self._quantity))

    @property
    def average_price(self) -> float:
        return float(self._average)

    @property
    def price(self) -> float:
        return self._security.price

    @property
    def invested(self) -> bool:
        return self._quantity != 0

    @property
    def hold_stock(self) -> bool:
        return self._quantity != 0

    @property
    def is_long(self) -> bool:
        return self._quantity > 0

    @property
    def is_short(self) -> bool:
        return self._quantity < 0

    @property
    def holdings_value(self) -> float:
        return float(self._value(self._security._price()))

    @property
    def absolute_holdings_value(self) -> float:
        return abs(self.holdings_value)

    @property
    def holdings_cost(self) -> float:
        return float(self._value(self._average))

    @property
    def absolute_holdings_cost(self) -> float:
        return abs(self.holdings_cost)

    @property
    def unrealized_profit(self) -> float:
        return float(self._close_profit())

    @property
    def unrealized_profit_percent(self) -> float:
        cost = abs(self._value(self._average))
        return float(self._close_profit() / cost) if cost else 0.0

    @property
    def total_fees(self) -> float:
        return float(self._fees)

    @property
    def profit(self) -> float:
        return float(self._profit)

    @property
    def net_profit(self) -> float:
        return float(self._profit - self._fees)

    def _value(self, price: Decimal) -> Decimal:
        return price * self._quantity * self._security._multiplier

    def _gain(self) -> Decimal:
        return self._value(self._security._price()) - self._value(self._average)

    def _close_profit(self) -> Decimal:
        """What closing at the last price would bring, after its fee."""
        return self._gain() - self._security._fee(-self._quantity) if self._quantity else _ZERO

    def _fill(self, quantity: int, price: Decimal, fee: Decimal) -> Decimal:
        """Takes a fill in; returns what it brings in cash, the fee left out."""
        before, after = self._quantity, self._quantity + quantity
        closed = min(abs(before), abs(quantity)) if before * quantity < 0 else 0
        gained = _ZERO
        if closed:
            side = 1 if before > 0 else -1
            gained = (price - self._average) * closed * side * self._security._multiplier
            self._profit += gained
        if self._security.type == SecurityType.FUTURE:
            settled = self._settled * closed / abs(before) if closed else _ZERO
            self._settled -= settled
            cash = gained - settled
        else:
            cash = -price * quantity
        if after == 0:
            self._average = _ZERO
        elif before == 0 or before * after < 0:
            self._average = price
        elif before * quantity > 0:
            self._average = (self._average * before + price * quantity) / after
        self._quantity = after
        self._fees += fee
        return cash


class SecurityManager(StubBacked):
    """All securities by symbol."""

    _stub = "QuantConnect.Securities.SecurityManager"

    def __init__(self) -> None:
        self._all: dict[Symbol, Security] = {}
        self._removed: set[Symbol] = set()

    def contains_key(self, key: Any) -> bool:
        return self._find(key) is not None

    def keys(self) -> list[Symbol]:
        return [symbol for symbol in self._all if symbol not in self._removed]

    def values(self) -> list[Security]:
        return [self._all[symbol] for symbol in self.keys()]

    def items(self) -> list[tuple[Symbol, Security]]:
        return list(zip(self.keys(), self.values(), strict=True))

    def get(self, key: Any, default_value: Any = None) -> Any:
        return self._find(key) or default_value

    @property
    def count(self) -> int:
        return len(self.keys())

    def __contains__(self, key: Any) -> bool:
        return self._find(key) is not None

    def __getitem__(self, key: Any) -> Security:
        found = self._find(key)
        if found is None:
            raise KeyError(f"This asset symbol ({key}) was not found in your security list.")
        return found

    def __len__(self) -> int:
        return len(self.keys())

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iter([KeyValuePair(symbol, security) for symbol, security in self.items()])

    def _find(self, key: Any) -> Security | None:
        if isinstance(key, Security):
            key = key.symbol
        if isinstance(key, str):
            return next((each for symbol, each in self._all.items() if symbol.value == key.upper()), None)
        return self._all.get(key)
