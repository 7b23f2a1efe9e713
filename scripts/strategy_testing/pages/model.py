"""What a page is made of: sections of paragraphs, charts and tables. Values; the template gives them their form."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

Spec = Mapping[str, Any]
"""A Vega-Lite specification, with its data."""
Value = str | float | int | None


@dataclass(frozen=True)
class Words:
    """A paragraph.

    Its kind says how it looks: plain, note or warning; of a verdict passed, rejected, failed or unjudged.
    """

    text: str
    kind: str = "plain"
    form: ClassVar[str] = "words"


@dataclass(frozen=True)
class Chart:
    """A picture, and in words what it shows, for who does not see it."""

    name: str
    caption: str
    said: str
    spec: Spec
    is_small: bool = False
    """Whether several of its kind stand beside each other."""
    form: ClassVar[str] = "chart"


@dataclass(frozen=True)
class Cell:
    """What stands in a row of a table."""

    text: str
    href: str = ""
    look: str = ""
    """passed, failed, rejected, or up-1 to up-3 and down-1 to down-3 for gains and losses; empty for none."""


@dataclass(frozen=True)
class Table:
    """A short table, as it is written."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    numbers_from: int | None = None
    """The column from which on all hold numbers; None where none does."""
    form: ClassVar[str] = "table"


@dataclass(frozen=True)
class Column:
    """One column of an explorer."""

    label: str
    unit: str = ""
    """count, ratio, fraction, dollars or days for numbers; empty for text."""


@dataclass(frozen=True)
class Explorer:
    """A long table that the page's script sorts, filters and cuts into leaves."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    """Numbers as such, in the unit of their column."""
    looks: Sequence[str] = ()
    """Of each row: passed, rejected, failed or not judged; then the table can be filtered by them."""
    links: Sequence[str] = ()
    """Where the first cell of each row leads; empty for nowhere."""
    form: ClassVar[str] = "explorer"


@dataclass(frozen=True)
class Verbatim:
    """A text as it stands, such as a command; shown when it is asked for where it is long."""

    title: str
    text: str
    is_folded: bool = False
    form: ClassVar[str] = "verbatim"


@dataclass(frozen=True)
class Group:
    """Parts that stand beside each other, or that are shown when they are asked for."""

    title: str
    parts: Sequence["Part"]
    is_folded: bool = False
    form: ClassVar[str] = "group"


Part = Words | Chart | Table | Explorer | Verbatim | Group
Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Section(Generic[Facts]):
    """One heading of a page; what stands below it is made of the page's facts."""

    name: str
    title: str
    parts: Callable[[Facts], Iterable[Part]]


@dataclass(frozen=True)
class Page:
    """A whole page, ready to be written."""

    title: str
    kicker: str
    """What kind of page it is, above its title."""
    verdict: Words
    figures: Sequence[tuple[str, str]]
    """Name and value of what stands in large letters."""
    sections: Sequence[tuple[str, str, Sequence[Part]]]
    """Name, title and parts."""
    links: Sequence[tuple[str, str]] = field(default=())
    """Text and address of other pages."""
