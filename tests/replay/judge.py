"""Choosing the optimum as the engine does: the first that passes the constraints and is better than all before."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from replay.recording import Backtest, Recording

_OPERATORS = {
    "less": "Less",
    "lessorequal": "LessOrEqual",
    "greater": "Greater",
    "greaterorequal": "GreaterOrEqual",
    "equals": "Equals",
    "notequal": "NotEqual",
}


class Judge:
    """Looks at finished backtests, one after the other, and remembers the best."""

    def __init__(self, recording: Recording, config: dict[str, Any]) -> None:
        """Keep what to look for."""
        self._recording = recording
        criterion = config.get("optimization-criterion", {})
        self._target = str(criterion.get("target", ""))
        self._maximize = str(criterion.get("extremum", "max")).casefold().startswith("max")
        self._constraints = config.get("constraints") or []
        self.best: tuple[str, str, Backtest] | None = None
        self._value = Decimal(0)

    def push(self, backtest: Backtest, backtest_id: str, parameters: str) -> None:
        """Look at one more backtest, known under that id and with those parameters."""
        if not all(self._met(backtest, constraint) for constraint in self._constraints):
            return
        value = self._statistic(backtest, self._target)
        if value is None:
            return
        if self.best is None or (value > self._value if self._maximize else value < self._value):
            self._value, self.best = value, (backtest_id, parameters, backtest)

    def so_far(self) -> str:
        """Return what a progress line says about the best."""
        if self.best is None:
            return ""
        return f". Best id:'{self.best[0]}'. {self._reached()}. Parameters ({self.best[1]})"

    def verdict(self) -> str:
        """Return what the last line says."""
        if self.best is None:
            return "Optimization has ended. Result was not reached"
        constraints = ",".join(
            f"{_quoted(str(constraint['target']))} '{_operator(constraint)}' {_plain(_limit(constraint))}"
            for constraint in self._constraints
        )
        return (
            f"Optimization has ended. Result for {self._reached()}: was reached using ParameterSet: "
            f"({self.best[1]}) backtestId '{self.best[0]}'. Constraints: ({constraints})"
        )

    def _reached(self) -> str:
        return f"Target: {_quoted(self._target)} at: {_plain(self._value)}"

    def _met(self, backtest: Backtest, constraint: dict[str, Any]) -> bool:
        value = self._statistic(backtest, str(constraint["target"]))
        if value is None:
            return False
        limit = _limit(constraint)
        return {
            "Less": value < limit,
            "LessOrEqual": value <= limit,
            "Greater": value > limit,
            "GreaterOrEqual": value >= limit,
            "Equals": value == limit,
            "NotEqual": value != limit,
        }[_operator(constraint)]

    def _statistic(self, backtest: Backtest, target: str) -> Decimal | None:
        found = _look_up(self._recording.summary(backtest), target)
        if found is None:
            path = self._recording.output / backtest.id / f"{backtest.id}.json"
            if path.exists() and not target.casefold().startswith("totalperformance.portfoliostatistics."):
                found = _look_up(json.loads(path.read_text(encoding="utf-8")), target)
        try:
            return None if found is None else Decimal(str(found))
        except InvalidOperation:
            return None


def _look_up(tree: Any, path: str) -> Any:
    for name in path.translate({ord(mark): None for mark in "[]'"}).split("."):
        if not isinstance(tree, dict):
            return None
        tree = next((value for known, value in tree.items() if known.casefold() == name.casefold()), None)
    return None if isinstance(tree, dict | list) else tree


def _quoted(path: str) -> str:
    return ".".join(name if name.startswith("['") else f"['{name}']" for name in path.split("."))


def _operator(constraint: dict[str, Any]) -> str:
    return _OPERATORS[str(constraint["operator"]).casefold()]


def _limit(constraint: dict[str, Any]) -> Decimal:
    return Decimal(str(constraint["target-value"]))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
