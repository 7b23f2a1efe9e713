"""The chains of calls by which the functions of a strategy are run."""

import ast
from dataclasses import dataclass, field

from strategy_checks.code_index import CodeIndex
from strategy_checks.code_model import Function

_MOST_FRAMES = 200


@dataclass(eq=False)
class Frame:
    """A function as one chain of calls runs it."""

    function: Function
    call: ast.Call | None = None
    """None where nobody knows who calls it."""
    caller: "Frame | None" = None
    depth: int = 0
    arguments: dict[str, ast.expr] = field(default_factory=dict)

    def is_within(self, function: Function) -> bool:
        """Whether a function is already being run: what calls itself is not followed again."""
        return self.function is function or (self.caller is not None and self.caller.is_within(function))


class Frames:
    """The frames of all functions."""

    def __init__(self, index: CodeIndex) -> None:
        """The index tells who calls whom."""
        self._index = index
        self._frames: dict[Function, list[Frame]] = {}
        self._free: dict[Function, Frame] = {}

    def of(self, function: Function) -> list[Frame]:
        """One for each chain of calls that leads to a function."""
        if function not in self._frames:
            self._frames[function] = [self.uncalled(function)]  # for what calls itself
            found = []
            for caller, call in self._index.callers[function]:
                if caller is not function:
                    found += [entered(function, call, frame) for frame in self.of(caller)]
            self._frames[function] = found[:_MOST_FRAMES] or [self.uncalled(function)]
        return self._frames[function]

    def uncalled(self, function: Function) -> Frame:
        """The frame of a module, or of a function that nobody knows the caller of."""
        return self._free.setdefault(function, Frame(function))


def entered(function: Function, call: ast.Call, caller: Frame) -> Frame:
    """The frame that a call makes."""
    return Frame(function, call, caller, caller.depth + 1, function.bind(call))
