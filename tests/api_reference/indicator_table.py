"""Writes the table of LEAN's indicators into a Markdown document."""

import re
from collections.abc import Sequence

from api_reference.indicator_stubs import IndicatorMethod

BEGIN = "<!-- indicators -->\n"
END = "<!-- end -->\n"

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?<!Mc)(?<!De)(?=[A-Z])")
"""Between two words of a class' name; McGinley and DeMarker are one."""


def indicator_table(methods: Sequence[IndicatorMethod], patterns: Sequence[str], version: str) -> str:
    """The table as Markdown, with the counts above it and the candlestick patterns below.

    Args:
        methods: the rows.
        patterns: names of the methods of `self.candlestick_patterns`.
        version: of the stubs.
    """
    count = len({method.name for method in methods})
    lines = [
        f"{count} methods with {len(methods)} signatures, as in quantconnect-stubs {version}.",
        "",
        "| method | signature | what it is | input | further outputs |",
        "|---|---|---|---|---|",
        *(_row(method) for method in methods),
        "",
        f"`self.candlestick_patterns` has {len(patterns)} methods more, one for each pattern: "
        + ", ".join(f"`{name}`" for name in patterns)
        + ".",
    ]
    return "".join(f"{line}\n" for line in lines)


def with_table(document: str, table: str) -> str:
    """The document with the table between its two marks.

    Raises:
        ValueError: it does not have the first mark once, or the second does not follow.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after:
        raise ValueError(f"{BEGIN.strip()} and then {END.strip()} must stand there once, each on a line of its own")
    return f"{before}{BEGIN}{table}{END}{after}"


def _row(method: IndicatorMethod) -> str:
    outputs = ", ".join(f"`{name}`" for name in method.outputs)
    cells = (
        f"`{method.name}`",
        f"`{method.signature}`".replace("|", r"\|"),
        _WORD_ENDS.sub(" ", method.indicator),
        method.takes,
        outputs or "none",
    )
    return f"| {' | '.join(cells)} |"
