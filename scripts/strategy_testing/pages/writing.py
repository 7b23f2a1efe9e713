"""Writes the pages: the registries of their sections, and a file for each page that holds all that it needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from strategy_testing.database.connection import Database
from strategy_testing.files import write_atomically
from strategy_testing.pages import analysis, combinations, curves, luck, overview, parameters, record, verdict
from strategy_testing.pages.model import Page, Part, Section
from strategy_testing.pages.reading import (
    AnalysisFacts,
    BatchFacts,
    IndexFacts,
    RunFacts,
    analysis_facts,
    batch_facts,
    index_facts,
    run_facts,
)
from strategy_testing.pages.rendering import INDEX, rendered

_Facts = TypeVar("_Facts")

RUN_SECTIONS: Sequence[Section[RunFacts]] = (
    Section("criteria", "Criteria", verdict.criteria),
    Section("curves", "Equity and drawdowns", curves.curve_section),
    Section("combinations", "All combinations", combinations.combinations),
    Section("sensitivity", "Each parameter", parameters.sensitivity),
    Section("heatmaps", "Pairs of parameters", parameters.heatmaps),
    Section("parallel", "All parameters at once", parameters.all_at_once),
    Section("luck", "Skill or luck", luck.luck),
    Section("rolling", "Rolling Sharpe ratio", curves.rolling),
    Section("months", "Months", curves.months),
    Section("fees", "Fees", record.fees),
    Section("failures", "Failures and warnings", record.failures),
    Section("reproduce", "How to reproduce it", record.reproduce),
)
"""What a run's page shows, in this order; a new section is a function and a line."""

ANALYSIS_SECTIONS: Sequence[Section[AnalysisFacts]] = (
    Section("windows", "Windows", analysis.windows),
    Section("choices", "In-sample and out-of-sample", analysis.choices),
    Section("stitched", "The stitched curve", analysis.stitched),
    Section("rolling", "Rolling Sharpe ratio", analysis.stitched_rolling),
    Section("months", "Months", analysis.stitched_months),
    Section("parts", "Its runs, and how to reproduce it", analysis.parts),
)

BATCH_SECTIONS: Sequence[Section[BatchFacts]] = (
    Section("runs", "Runs", overview.batch_runs),
    Section("never-ran", "Never ran", overview.never_ran),
)


@dataclass(frozen=True)
class Kind:
    """One kind of page: how its facts are read, and what is made of them."""

    folder: str
    noun: str
    page: Callable[[Database, int], Page | None]

    def address(self, number: int) -> str:
        """Of a page, below the folder of all pages."""
        return f"{self.folder}/{self.noun}-{number}.html"


def _page_of_run(database: Database, run_id: int) -> Page | None:
    facts = run_facts(database, run_id)
    if facts is None:
        return None
    run = facts.run
    links = (
        [(f"Analysis {run['analysis_id']}", f"../{ANALYSES.address(run['analysis_id'])}")] if run["analysis_id"] else []
    )
    links += [(f"Batch {run['batch_id']}", f"../{BATCHES.address(run['batch_id'])}")] if run["batch_id"] else []
    return Page(
        title=run["strategy"],
        kicker=f"Run {run_id} · {run['started_at']:%Y-%m-%d %H:%M} UTC · {run['optimization_type'] or 'other'}",
        verdict=verdict.verdict_of_run(facts),
        figures=verdict.figures_of_run(facts),
        sections=_made(RUN_SECTIONS, facts),
        links=links,
    )


def _page_of_analysis(database: Database, analysis_id: int) -> Page | None:
    facts = analysis_facts(database, analysis_id)
    if facts is None:
        return None
    return Page(
        title=facts.analysis["strategy"],
        kicker=f"Walk-forward analysis {analysis_id} · {facts.analysis['created_at']:%Y-%m-%d %H:%M} UTC",
        verdict=analysis.verdict_of_analysis(facts),
        figures=analysis.figures_of_analysis(facts),
        sections=_made(ANALYSIS_SECTIONS, facts),
    )


def _page_of_batch(database: Database, batch_id: int) -> Page | None:
    facts = batch_facts(database, batch_id)
    if facts is None:
        return None
    return Page(
        title=facts.batch["name"],
        kicker=f"Batch {batch_id} · {facts.batch['started_at']:%Y-%m-%d %H:%M} UTC",
        verdict=overview.verdict_of_batch(facts),
        figures=overview.figures_of_batch(facts),
        sections=_made(BATCH_SECTIONS, facts),
    )


RUNS = Kind("runs", "run", _page_of_run)
ANALYSES = Kind("analyses", "analysis", _page_of_analysis)
BATCHES = Kind("batches", "batch", _page_of_batch)


def write_page(database: Database, kind: Kind, number: int, folder: Path) -> Path | None:
    """Writes one page; None where there is nothing of this number.

    Args:
        database: with the current schema.
        kind: RUNS, ANALYSES or BATCHES.
        number: of the run, the analysis or the batch.
        folder: of all pages.

    Raises:
        OSError: it cannot be written.
        DatabaseError: it cannot be read.
    """
    page = kind.page(database, number)
    return None if page is None else _written(folder / kind.address(number), page, "../")


def write_index(database: Database, folder: Path) -> Path:
    """Writes the index of all that there is, with links to the pages that are written.

    Raises:
        OSError, DatabaseError: as write_page.
    """
    facts = index_facts(database)
    page = Page(
        title="Strategy tests",
        kicker="Index",
        verdict=overview.verdict_of_index(facts),
        figures=overview.figures_of_index(facts),
        sections=_made(_index_sections(folder), facts),
    )
    return _written(folder / INDEX, page, "")


def write_all(database: Database, folder: Path) -> Path:
    """Writes the pages of all runs, analyses and batches, and the index.

    Raises:
        OSError, DatabaseError: as write_page.
    """
    facts = index_facts(database)
    numbers = (
        (RUNS, [row["id"] for row in facts.runs]),
        (ANALYSES, [row["analysis_id"] for row in facts.analyses]),
        (BATCHES, [row["id"] for row in facts.batches]),
    )
    for kind, all_of_kind in numbers:
        for number in all_of_kind:
            write_page(database, kind, number, folder)
    return write_index(database, folder)


def _index_sections(folder: Path) -> Sequence[Section[IndexFacts]]:
    def pages(kind: Kind) -> Mapping[int, str]:
        found = (folder / kind.folder).glob(f"{kind.noun}-*.html")
        numbers = [int(file.stem.rpartition("-")[2]) for file in found if file.stem.rpartition("-")[2].isdigit()]
        return {number: kind.address(number) for number in numbers}

    return (
        Section("strategies", "Strategies", overview.strategies),
        Section("runs", "Runs", lambda facts: overview.runs(facts, pages(RUNS))),
        Section("analyses", "Walk-forward analyses", lambda facts: overview.analyses(facts, pages(ANALYSES))),
        Section("batches", "Batches", lambda facts: overview.batches(facts, pages(BATCHES))),
    )


def _made(sections: Sequence[Section[_Facts]], facts: _Facts) -> list[tuple[str, str, Sequence[Part]]]:
    return [(section.name, section.title, list(section.parts(facts))) for section in sections]


def _written(file: Path, page: Page, root: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, rendered(page, root))
    return file
