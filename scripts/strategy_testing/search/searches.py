"""The searches there are, by the name that the config's `type` gives them. A new one is a module and a line here."""

from collections.abc import Mapping

from strategy_testing.search.euler_search import EulerSearch
from strategy_testing.search.grid_search import GridSearch
from strategy_testing.search.protocol import Search

_SEARCHES: tuple[type[Search], ...] = (
    GridSearch,
    EulerSearch,
)

SEARCHES: Mapping[str, type[Search]] = {search.name: search for search in _SEARCHES}
