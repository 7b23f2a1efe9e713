"""The Python blocks of a Markdown file."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from strategy_testing.config.yaml_source import read_text

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[\w+-]*)")


@dataclass(frozen=True)
class CodeBlock:
    """What stands between the fences."""

    line: int
    """The guide's line of the block's first line."""
    text: str

    @property
    def in_place(self) -> str:
        """The block with empty lines before it, so that its line numbers are the guide's."""
        return "\n" * (self.line - 1) + self.text


def python_blocks(guide: Path) -> list[CodeBlock]:
    """All blocks fenced as ```python, in the guide's order.

    Raises:
        UserError: the guide cannot be read.
    """
    lines = read_text(guide).splitlines()
    blocks: list[CodeBlock] = []
    opened: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines, start=1):
        fence = _FENCE.match(line)
        if opened is None:
            if fence is not None:
                opened, start = fence, number + 1
        elif fence is not None and fence["fence"].startswith(opened["fence"]) and not fence["language"]:
            if opened["language"] == "python":
                inside = (each.removeprefix(opened["indent"]) for each in lines[start - 1 : number - 1])
                blocks.append(CodeBlock(start, textwrap.dedent("\n".join(inside)) + "\n"))
            opened = None
    return blocks
