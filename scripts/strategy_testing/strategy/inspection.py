"""What a strategy's sources say without being run: the parameters it reads, its tickers, its syntax errors.

Pure: texts in, facts out. Names rarely stand in the call of get_parameter itself; they come through constants, loops,
helpers and tables. So every expression is given the set of values that it may have. What is not followed counts as a
read of names that cannot be known: it may hide that a parameter is not read, but none is wrongly said not to be.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from strategy_testing.strategy_evaluator import Evaluator

_TICKER = re.compile(r"[A-Za-z][A-Za-z0-9.\-]{0,11}")
_MOST_CHARACTERS = 400_000
"""Of all sources; Python alone takes a second to parse more."""


@dataclass(frozen=True)
class SyntaxFinding:
    """A file that Python does not compile."""

    file: str
    line: int | None
    text: str

    def __str__(self) -> str:
        """`main.py: line 8: '(' was never closed`."""
        line = f"line {self.line}: " if self.line is not None else ""
        return f"{self.file}: {line}{self.text}"


@dataclass(frozen=True)
class StrategyFacts:
    """What the sources say."""

    parameter_names: frozenset[str]
    """What some call of get_parameter reads."""
    reads_dynamic_names: bool
    """Some call reads a name that the sources alone do not tell: any other name may be read too."""
    tickers: frozenset[str]
    """What some call of add_equity subscribes to, as far as the sources tell."""
    index_tickers: frozenset[str]
    """Likewise of add_index."""
    syntax_errors: tuple[SyntaxFinding, ...]


def inspect_strategy(sources: Mapping[str, str], given: Mapping[str, Sequence[str]] | None = None) -> StrategyFacts:
    """Reads a LEAN project's Python sources.

    Args:
        sources: texts by path relative to the project, with `/`.
        given: texts that a run passes as parameters; they take the place of get_parameter's defaults.
    """
    found = {file: _syntax_error(file, text) for file, text in sorted(sources.items())}
    errors = tuple(error for error in found.values() if error is not None)
    trees = _trees({file: sources[file] for file, error in found.items() if error is None})
    if trees is None:
        return StrategyFacts(frozenset(), True, frozenset(), frozenset(), errors)
    evaluator = Evaluator(trees, given or {})
    evaluator.run()
    memory = evaluator.memory
    return StrategyFacts(
        parameter_names=frozenset(memory.names),
        reads_dynamic_names=memory.is_dynamic,
        tickers=frozenset(_tickers(memory.equities)),
        index_tickers=frozenset(_tickers(memory.indices)),
        syntax_errors=errors,
    )


def _syntax_error(file: str, text: str) -> SyntaxFinding | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, file, "exec", dont_inherit=True)  # finds what parsing does not: `return` outside a function
    except SyntaxError as error:
        return SyntaxFinding(file, error.lineno, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxFinding(file, None, str(error) or "nested too deeply")
    return None


def _trees(sources: Mapping[str, str]) -> dict[str, ast.Module] | None:
    """The syntax trees; None where there is more to them than can be gone through."""
    if sum(map(len, sources.values())) > _MOST_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {file: ast.parse(text, file) for file, text in sources.items()}
    except (RecursionError, MemoryError):
        return None


def _tickers(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for part in re.split(r"[|,]", text):
            if _TICKER.fullmatch(part.strip()):
                yield part.strip().upper()
