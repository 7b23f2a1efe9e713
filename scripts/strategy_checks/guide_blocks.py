"""The Python blocks of a Markdown file."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.yaml_source import read_text

_BLOCK = re.compile(
    r"^ *(?P<fence>`{3,}|~{3,}) *(?P<language>[\w+-]*)[^\n]*\n(?P<text>.*?)^ *(?P=fence)[`~]*[ ]*$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Guide:
    """The guide's file and its blocks."""

    file: Path
    blocks: tuple[str, ...]
    """Each with empty lines before it, so that its line numbers are the guide's."""
    workspace: Path
    """Whose libraries the blocks import."""


def read_guide(file: Path, workspace: Path) -> Guide:
    """The blocks fenced as ```python, in their order.

    Raises:
        UserError: the guide cannot be read.
    """
    text = read_text(file)
    blocks = [
        "\n" * text.count("\n", 0, block.start("text")) + textwrap.dedent(block["text"])
        for block in _BLOCK.finditer(text)
        if block["language"] == "python"
    ]
    return Guide(file.resolve(), tuple(blocks), workspace)
