"""Enters and leaves positions: market orders given at the close, which LEAN fills at the next open."""

from __future__ import annotations

from AlgorithmImports import *


class Positions:
    """The positions of a strategy, each of the same part of the account."""

    def __init__(self, algorithm: QCAlgorithm, size: float) -> None:
        """Args: the strategy, and the fraction of the account put into each position."""
        self._algorithm = algorithm
        self._size = size
        self._too_dear: set[Symbol] = set()
        self._bars_held: dict[Symbol, int] = {}

    def is_open(self, symbol: Symbol) -> bool:
        """Whether it is held."""
        return self._algorithm.portfolio[symbol].invested

    def is_waiting(self, symbol: Symbol) -> bool:
        """Whether an order waits to be filled: the market was closed since, or the security did not trade."""
        return len(self._algorithm.transactions.get_open_orders(symbol)) > 0

    def enter(self, symbol: Symbol, reason: str) -> bool:
        """Buys whole shares; False where an order waits already, not even one share fits, or LEAN refuses the order.

        Args:
            symbol: what to buy.
            reason: the order's tag, which stands in the results.
        """
        if self.is_waiting(symbol):
            return False
        if self._algorithm.calculate_order_quantity(symbol, self._size) < 1:
            if symbol not in self._too_dear:
                price = self._algorithm.securities[symbol].price
                part = self._size * self._algorithm.portfolio.total_portfolio_value_less_free_buffer
                self._algorithm.log(f"{symbol.value} passed over: a share costs ${price:.2f}, its part is ${part:.2f}")
            self._too_dear.add(symbol)
            return False
        self._algorithm.set_holdings(symbol, self._size, tag=reason)
        return self.is_waiting(symbol) or self.is_open(symbol)

    def count_bar(self, symbol: Symbol) -> int:
        """To be called once at each of its bars: how many it has been held for, 0 if it is not held.

        The bar at whose open it was bought is the first; days without a bar do not count.
        """
        self._bars_held[symbol] = self._bars_held.get(symbol, 0) + 1 if self.is_open(symbol) else 0
        return self._bars_held[symbol]

    def taken(self, symbols: Iterable[Symbol]) -> int:
        """How many of these are held or ordered. A place is free again once the sale has been filled."""
        return sum(self.is_open(symbol) or self.is_waiting(symbol) for symbol in symbols)

    def enter_strongest(self, strength: dict[Symbol, float], places: int, reason: str) -> None:
        """Enters the strongest, as many as there are places; what is too dear leaves its place to the next.

        Args:
            strength: the candidates; those of equal strength come in the order in which they stand there.
            places: how many may be entered; less than 1 for none.
            reason: the orders' tag.
        """
        for symbol in sorted(strength, key=lambda symbol: -strength[symbol]):
            if places > 0 and self.enter(symbol, reason):
                places -= 1

    def leave(self, symbol: Symbol, reason: str) -> None:
        """Sells all of it, unless an order waits already."""
        if not self.is_waiting(symbol):
            self._algorithm.liquidate(symbol, tag=reason)

    def gain(self, symbol: Symbol, close: float) -> float:
        """What a long position has gained at this close, as a fraction of the average price paid (0.02 is 2 %)."""
        return close / self._algorithm.portfolio[symbol].average_price - 1

    def exit_at_limits(self, symbol: Symbol, close: float, stop_loss: float, profit_target: float) -> bool:
        """Leaves a long position whose close is beyond its limits; True if it did.

        Both are judged at the close and filled at the next open, so a fill can lie beyond them.

        Args:
            symbol: what is held.
            close: its last close, dollars.
            stop_loss: the largest loss, as a fraction of the price paid.
            profit_target: the gain to take, likewise; infinite for none.
        """
        gain = self.gain(symbol, close)
        if -stop_loss <= gain <= profit_target:
            return False
        self.leave(symbol, "stop loss" if gain < 0 else "profit target")
        return True
