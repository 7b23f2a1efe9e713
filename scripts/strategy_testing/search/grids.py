"""Covers what is missing of a grid search by few grids that LEAN can run. Pure: what was asked and what is done in,
grids out.

The missing combinations are cut into slabs along one parameter after the other. Values of a parameter whose slabs miss
the same combinations are taken together, as progressions; a progression may skip values (every second, every third).
How many grids come of it depends on the order of the parameters, so several orders are tried and the best is kept.
Finally grids that differ in a single parameter are joined where that makes fewer of them.

What this guarantees: never more grids than missing combinations. And where LEAN was interrupted while it went through
the combinations of a grid one by one, in the parameters' order as given or by name, forwards or backwards: no more
grids for the rest of that grid than it has parameters of several values, and one for each grid that it had not begun.
For scattered gaps there is no better bound; finding the fewest grids of all is a hard problem, and this does not
claim to.
"""

import heapq
import itertools
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import reduce

from strategy_testing.search.space import (
    Axis,
    Grid,
    ListParameter,
    Parameter,
    Progression,
    canonical_value,
    count_combinations,
    cover_with_grids,
    range_count,
)

_WORK = 1_000_000  # combinations looked at over all orders tried: a few seconds at most
_ALL_PAIRS = 32  # so many values are searched for every progression, more only for those that begin among near ones
_NEAR = 8

_Piece = tuple[int, ...]
"""Indices of a parameter's values that form one axis of a grid."""
_Box = tuple[_Piece, ...]
"""A grid by indices: one piece for each parameter."""


def cover_missing(parameters: Sequence[Parameter], done: Collection[Mapping[str, str]]) -> list[Grid]:
    """Grids of the combinations that are not done yet: each combination once, no other.

    Args:
        parameters: what a grid search varies.
        done: parameters of the finished backtests as LEAN writes them; further parameters in them, such as
            start_date, are passed over, and so are combinations that the search does not ask for.

    Returns:
        The grids of cover_with_grids when nothing is done, no grid when everything is.
    """
    axes = [_Values(parameter) for parameter in parameters]
    finished = {code for each in done if (code := _code(axes, each)) is not None}
    total = count_combinations(parameters)
    if not finished:
        return cover_with_grids(parameters)
    if len(finished) == total:
        return []
    missing = [code for code in range(total) if code not in finished]
    portions = _portions(axes, missing)
    effort = total + len(missing) * len(axes)
    candidates = [
        [box for codes in portion for box in _cut(axes, order, codes)]
        for order in _orders(axes, max(1, _WORK // effort))
        for portion in portions
    ]
    boxes = min((_joined(axes, boxes) for boxes in candidates), key=len)
    return [
        Grid({axis.name: axis.as_axis(piece) for axis, piece in zip(axes, box, strict=True)}) for box in sorted(boxes)
    ]


class _Values:
    """The values of a parameter, and how some of them are cut into axes of grids."""

    def __init__(self, parameter: Parameter) -> None:
        self.name = parameter.name
        self._lone_step = Decimal(1)
        self.values: Sequence[Decimal | str]
        if isinstance(parameter, ListParameter):
            self.values = parameter.values
        else:
            count = range_count(parameter.start, parameter.end, parameter.step)
            self.values = Progression(parameter.start, parameter.step, count).values()
            self._lone_step = parameter.step
        self.index = {canonical_value(str(value)): i for i, value in enumerate(self.values)}
        self._place = _places(self.values)
        self._known: dict[_Piece, list[_Piece]] = {}

    def cut(self, indices: Iterable[int]) -> list[_Piece]:
        """The indices as few pieces: progressions of the numbers, each text on its own."""
        wanted = tuple(sorted(indices))
        if wanted not in self._known:
            at = {self._place[i]: i for i in wanted if i in self._place}
            pieces = [tuple(at[place] for place in places) for places in _progressions(sorted(at))]
            self._known[wanted] = pieces + [(i,) for i in wanted if i not in self._place]
        return self._known[wanted]

    def as_axis(self, piece: _Piece) -> Axis:
        """What the parameter does within a grid."""
        numbers = [value for i in piece if isinstance(value := self.values[i], Decimal)]
        if not numbers:
            return str(self.values[piece[0]])
        step = numbers[1] - numbers[0] if len(numbers) > 1 else self._lone_step
        return Progression(numbers[0], step, len(numbers))


def _places(values: Sequence[Decimal | str]) -> dict[int, int]:
    """Whole numbers in the place of the numeric values, by index, in which the same progressions are found."""
    numbers = {i: Fraction(value) for i, value in enumerate(values) if isinstance(value, Decimal)}
    if not numbers:
        return {}
    least = min(numbers.values())
    scale = math.lcm(*(number.denominator for number in numbers.values()), least.denominator)
    whole = {i: int((number - least) * scale) for i, number in numbers.items()}
    unit = reduce(math.gcd, whole.values()) or 1
    return {i: number // unit for i, number in whole.items()}


def _progressions(places: Sequence[int]) -> list[list[int]]:
    """Cuts ascending numbers into disjoint progressions: the longest one first, again and again."""
    remaining = set(places)
    queue = [(-count, first, step) for first, step, count in _longest_of_each_step(places)]
    queue += [(-1, place, 1) for place in places]
    heapq.heapify(queue)
    pieces: list[list[int]] = []
    while remaining:
        count, first, step = heapq.heappop(queue)
        members = range(first, first - count * step, step)
        free = [[*run] for is_free, run in itertools.groupby(members, remaining.__contains__) if is_free]
        if len(free) == 1 and len(free[0]) == len(members):
            pieces.append(free[0])
            remaining.difference_update(members)
        else:
            for run in free:
                heapq.heappush(queue, (-len(run), run[0], step))
    return sorted(pieces)


def _longest_of_each_step(places: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """First, step and count of the progressions that cannot be continued at either end."""
    present = set(places)
    reach = len(places) if len(places) <= _ALL_PAIRS else _NEAR
    for i, first in enumerate(places):
        for second in places[i + 1 : i + 1 + reach]:
            step = second - first
            if first - step not in present:
                count = 2
                while first + count * step in present:
                    count += 1
                yield first, step, count


def _code(axes: Sequence[_Values], combination: Mapping[str, str]) -> int | None:
    """The combination's number in the product of all values; None when it is not asked for."""
    code = 0
    for axis in axes:
        index = axis.index.get(canonical_value(combination[axis.name])) if axis.name in combination else None
        if index is None:
            return None
        code = code * len(axis.values) + index
    return code


def _portions(axes: Sequence[_Values], missing: list[int]) -> list[list[list[int]]]:
    """The missing combinations in one portion, and where the search took several grids, by those too."""
    grid_of = [0]
    for axis in axes:
        pieces = axis.cut(range(len(axis.values)))
        piece_of = {index: number for number, piece in enumerate(pieces) for index in piece}
        grid_of = [grid * len(pieces) + piece_of[i] for grid in grid_of for i in range(len(axis.values))]
    by_grid: dict[int, list[int]] = defaultdict(list)
    for code in missing:
        by_grid[grid_of[code]].append(code)
    whole = [missing]
    return [whole, list(by_grid.values())] if len(by_grid) > 1 else [whole]


def _orders(axes: Sequence[_Values], most: int) -> list[tuple[int, ...]]:
    """Orders of the parameters worth trying; those of an interrupted run always."""
    varied = [i for i, axis in enumerate(axes) if len(axis.values) > 1]
    fixed = tuple(i for i, axis in enumerate(axes) if len(axis.values) == 1)
    by_name = sorted(varied, key=lambda i: axes[i].name)
    likely = [tuple(order) for order in (varied, by_name, varied[::-1], by_name[::-1])]
    others = itertools.islice(itertools.permutations(varied), most)
    return [order + fixed for order in dict.fromkeys([*likely, *others])]


def _cut(axes: Sequence[_Values], order: tuple[int, ...], missing: Sequence[int]) -> list[_Box]:
    """The missing combinations as boxes, cut along the parameters in the given order."""
    back = [order.index(i) for i in range(len(order))]
    boxes = _slabs([axes[i] for i in order], frozenset(_reordered(axes, order, missing)))
    return [tuple(box[i] for i in back) for box in boxes]


def _reordered(axes: Sequence[_Values], order: Sequence[int], codes: Sequence[int]) -> list[int]:
    """The codes of the same combinations in the product of the parameters in another order."""
    sizes = [len(axis.values) for axis in axes]
    weights = [math.prod(sizes[j] for j in order[order.index(i) + 1 :]) for i in range(len(sizes))]
    moved = [0]
    for size, weight in zip(sizes, weights, strict=True):
        moved = [code + i * weight for code in moved for i in range(size)]
    return [moved[code] for code in codes]


def _slabs(axes: Sequence[_Values], codes: frozenset[int]) -> list[_Box]:
    first, rest = axes[0], axes[1:]
    if not rest:
        return [(piece,) for piece in first.cut(codes)]
    size = math.prod(len(axis.values) for axis in rest)
    slabs: dict[int, list[int]] = defaultdict(list)
    for code in codes:
        slabs[code // size].append(code % size)
    alike: dict[frozenset[int], list[int]] = defaultdict(list)
    for index, slab in slabs.items():
        alike[frozenset(slab)].append(index)
    return [
        (piece, *box)
        for slab, indices in alike.items()
        for box in _slabs(rest, slab)
        for piece in first.cut(indices)
    ]  # fmt: skip


def _joined(axes: Sequence[_Values], boxes: list[_Box]) -> list[_Box]:
    """Joins boxes that differ in one parameter only, as long as that makes fewer."""
    before = len(boxes) + 1
    while len(boxes) < before:
        before = len(boxes)
        for i, axis in enumerate(axes):
            groups: dict[tuple[_Box, _Box], list[_Piece]] = defaultdict(list)
            for box in boxes:
                groups[box[:i], box[i + 1 :]].append(box[i])
            boxes = [
                (*head, piece, *tail)
                for (head, tail), pieces in groups.items()
                for piece in _fewer(pieces, axis.cut(itertools.chain.from_iterable(pieces)))
            ]
    return boxes


def _fewer(pieces: list[_Piece], others: list[_Piece]) -> list[_Piece]:
    return others if len(others) < len(pieces) else pieces
