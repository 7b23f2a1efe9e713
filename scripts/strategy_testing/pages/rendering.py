"""Makes a page's HTML: one template, the style, the script and the chart library, all in one file."""

import base64
import contextlib
import gzip
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert

from strategy_testing.files import write_atomically
from strategy_testing.pages.charts.theme import CONFIG
from strategy_testing.pages.model import Chart, Explorer, Group, Page, Part
from strategy_testing.paths import CACHE_DIR
from strategy_testing.texts import printable

INDEX = "index.html"
_TEMPLATES = Path(__file__).parent / "templates"
_EXPORT = "window.vegaEmbed = vegaEmbed;"
"""What the library leaves for the page's script."""


def get_ready() -> None:
    """Compiles the template, which takes longer than filling it in."""
    _template()


def rendered(page: Page, root: str) -> Iterator[str]:
    """The page as HTML that needs no other file, piece by piece: a table of thousands of rows is never held whole.

    Args:
        page: what it shows.
        root: the way to the folder of the index, such as `../`.
    """
    parts = list(_all_parts(part for _, _, parts in page.sections for part in parts))
    data = {
        "charts": {part.name: {**part.spec, "description": part.said} for part in parts if isinstance(part, Chart)},
        "tables": {part.name: _table(part) for part in parts if isinstance(part, Explorer)},
        "config": CONFIG,
    }
    library, digest = _library() if data["charts"] else ("", "")
    script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    hashes = [f"'sha256-{each}'" for each in (_sha256(script), digest) if each]
    return _template().generate(
        page=page,
        root=root,
        index=INDEX,
        style=(_TEMPLATES / "page.css").read_text(encoding="utf-8"),
        script=script,
        library=library,
        scripts_allowed=" ".join(hashes),
        data=_json(data),
    )  # fmt: skip


def _all_parts(parts: Iterable[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        if isinstance(part, Group):
            yield from _all_parts(part.parts)


def _table(part: Explorer) -> Mapping[str, Any]:
    columns = [{"label": column.label, "unit": column.unit} for column in part.columns]
    return {"columns": columns, "rows": part.rows, "looks": part.looks, "links": part.links}


def _json(value: Any) -> Iterator[str]:
    """Pieces of a value's JSON, as it may stand within a script."""
    match value:
        case Mapping():
            for number, (key, each) in enumerate(value.items()):
                yield f"{',' if number else '{'}{_encoded(str(key))}:"
                yield from _json(each)
            yield "}" if value else "{}"
        case list() | tuple():
            for number, each in enumerate(value):
                yield f"{',' if number else '['}{_encoded(each)}"
            yield "]" if value else "[]"
        case _:
            yield _encoded(value)


def _encoded(value: Any) -> str:
    text = json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _clean(value: Any) -> Any:
    """The value with every text in it as people may see it, and nothing for a number that JSON does not have."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case str():
            return printable(value)
        case Mapping():
            return {printable(str(key)): _clean(each) for key, each in value.items()}
        case list() | tuple():
            return [_clean(each) for each in value]
        case _:
            return value


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
    )
    return environment.get_template("page.html")


@cache
def _library() -> tuple[str, str]:
    """Vega-Embed with Vega and Vega-Lite, packed for a page, and its hash for the page's policy.

    Putting it together takes a second, so that it is kept.
    """
    versions = (
        vl_convert.get_vega_version(),
        vl_convert.get_vegalite_versions()[-1],
        vl_convert.get_vega_embed_version(),
    )
    kept = CACHE_DIR / f"vega-{'-'.join(versions)}.json"
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        return found["packed"], found["sha256"]
    except (OSError, ValueError, LookupError, TypeError):
        bundle = vl_convert.javascript_bundle(_EXPORT)
    packed = base64.b64encode(gzip.compress(bundle.encode(), mtime=0)).decode("ascii")
    made = {"packed": packed, "sha256": _sha256(bundle)}
    with contextlib.suppress(OSError):  # then it is made again the next time
        kept.parent.mkdir(exist_ok=True)
        write_atomically(kept, json.dumps(made))
    return made["packed"], made["sha256"]


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
