"""Python sources as syntax trees, and what Python does not compile."""

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass


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


def parse(sources: Mapping[str, str]) -> tuple[dict[str, ast.Module], tuple[SyntaxFinding, ...]]:
    """The syntax trees of the files that Python compiles, and a finding for each of the others.

    Args:
        sources: texts by path.
    """
    trees: dict[str, ast.Module] = {}
    findings = []
    for file, text in sorted(sources.items()):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(text, file, "exec", dont_inherit=True)  # finds what parsing does not: `return` outside of `def`
                trees[file] = ast.parse(text, file)
        except SyntaxError as error:
            findings.append(SyntaxFinding(file, error.lineno, error.msg))
        except (ValueError, RecursionError, MemoryError) as error:
            findings.append(SyntaxFinding(file, None, str(error) or "nested too deeply"))
    return trees, tuple(findings)
