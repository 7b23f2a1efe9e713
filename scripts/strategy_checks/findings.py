"""What is wrong with a strategy, and where."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake."""

    file: Path
    line: int
    message: str
    """What is wrong; what to do."""

    def __str__(self) -> str:
        """`lean_projects/X/main.py:LINE: what is wrong; what to do`, the path as seen from here."""
        here = Path.cwd()
        shown = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return f"{shown}:{self.line}: {self.message}"
