"""The Python blocks of a Markdown file."""

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

from strategy_testing.config.yaml_source import read_text

_BLOCK = re.compile(
    r"^ *(?P<fence>`{3,}|~{3,}) *(?P<language>[\w+-]*)[^\n]*\n(?P<text>.*?)^ *(?P=fence)[`~]* *$",
    re.MULTILINE | re.DOTALL,
)


class CodeBlock(NamedTuple):
    """What stands between the fences."""

    guide: Path
    workspace: Path
    """Whose libraries it imports."""
    text: str
    """With empty lines before it, so that its line numbers are the guide's."""


def python_blocks(guide: Path, workspace: Path) -> list[CodeBlock]:
    """All blocks fenced as ```python, in the guide's order.

    Raises:
        UserError: the guide cannot be read.
    """
    text = read_text(guide)
    found = [block for block in _BLOCK.finditer(text) if block["language"] == "python"]
    texts = ["\n" * text.count("\n", 0, block.start("text")) + textwrap.dedent(block["text"]) for block in found]
    return [CodeBlock(guide.resolve(), workspace, each) for each in texts]
