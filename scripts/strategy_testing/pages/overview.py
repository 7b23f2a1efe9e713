"""The page of a batch, and the index of all that there is."""

from collections.abc import Iterator, Mapping, Sequence

from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import number_of
from strategy_testing.pages.charts.amounts import bars
from strategy_testing.pages.charts.theme import FAILED, PASSED, REJECTED, UNJUDGED
from strategy_testing.pages.model import Cell, Chart, Column, Explorer, Part, Table, Words
from strategy_testing.pages.reading import BatchFacts, IndexFacts, Row
from strategy_testing.pages.verdict import percent, ratio

_LOOKS = {
    "completed": UNJUDGED, "partial": FAILED, "failed": FAILED, "interrupted": FAILED,
    "refused": REJECTED, "running": UNJUDGED, "pending": UNJUDGED,
}  # fmt: skip
_STRATEGY_LOOKS = {"passed": "passed", "deployed": "passed", "rejected": "rejected"}
_MOST_BARS = 40


def verdict_of_batch(facts: BatchFacts) -> Words:
    """The answer first."""
    batch = facts.batch
    passed = sum(run["passed_combinations"] for run in facts.runs)
    ended = sum(1 for run in facts.runs if run["status"] == "completed")
    never = f" {number_of(len(facts.never_ran), 'config')} never ran." if facts.never_ran else ""
    look = {"completed": "passed" if passed else "rejected", "failed": "failed"}.get(batch["status"], "unjudged")
    configs = number_of(batch["total_configs"] or len(facts.runs), "config")
    met = number_of(passed, "combination")
    return Words(f"{batch['status'].capitalize()}: {ended} of {configs} completed, {met} passed.{never}", look)


def figures_of_batch(facts: BatchFacts) -> list[tuple[str, str]]:
    """What stands in large letters at the top."""
    return [
        ("Configs", str(facts.batch["total_configs"] or len(facts.runs))),
        ("Runs", str(len(facts.runs))),
        ("Combinations", str(sum(run["completed_combinations"] + run["failed_combinations"] for run in facts.runs))),
        ("Passed", str(sum(run["passed_combinations"] for run in facts.runs))),
    ]


def batch_runs(facts: BatchFacts) -> Iterator[Part]:
    """The runs of the batch beside each other."""
    drawn = [
        {"name": f"Run {run['id']}: {run['strategy']}", "value": float(run["sharpe"]), "look": run_look(run)}
        for run in facts.runs
        if run["sharpe"] is not None
    ]
    drawn.sort(key=lambda row: -float(str(row["value"])))
    if drawn:
        said = f"The best Sharpe ratio of each run; {drawn[0]['name']} leads"
        spec = bars(drawn[:_MOST_BARS], "Best Sharpe ratio", Unit.RATIO)
        yield Chart("batch-runs", f"{said}.", f"{said}.", spec)
    if not facts.runs:
        yield Words("No run of the batch has begun.")
        return
    yield _explorer(
        "batch-runs-table",
        "Runs of the batch",
        facts.runs,
        {run["id"]: f"../runs/run-{run['id']}.html" for run in facts.runs},
    )


def never_ran(facts: BatchFacts) -> Iterator[Part]:
    """Configs without a run, each with the reason."""
    if facts.never_ran:
        rows = [(row["config_file"], row["status"], row["reason"]) for row in facts.never_ran]
        yield Table("Configs that never ran", ("Config", "Status", "Why"), rows)
    else:
        yield Words("Every config of the batch has a run.")


def verdict_of_index(facts: IndexFacts) -> Words:
    """How many strategies there are, and how many pass."""
    passed = sum(1 for row in facts.leaderboard if row["status"] in ("passed", "deployed"))
    verb = "passes" if passed == 1 else "pass"
    if not facts.runs:
        return Words("Nothing was run or imported yet.", "unjudged")
    look = "passed" if passed else "rejected"
    return Words(
        f"{passed} of {len(facts.leaderboard)} strategies {verb}, after {number_of(len(facts.runs), 'run')}.", look
    )


def figures_of_index(facts: IndexFacts) -> list[tuple[str, str]]:
    """What stands in large letters at the top."""
    combinations = sum(run["completed_combinations"] + run["failed_combinations"] for run in facts.runs)
    return [
        ("Strategies", str(len(facts.leaderboard))),
        ("Runs", str(len(facts.runs))),
        ("Combinations", f"{combinations:,}"),
        ("Walk-forward", str(len(facts.analyses))),
        ("Batches", str(len(facts.batches))),
    ]


def strategies(facts: IndexFacts) -> Iterator[Part]:
    """The strategies against each other, in the leaderboard's order."""
    if not facts.leaderboard:
        yield Words("There is no strategy yet: run a config, or import a folder.")
        return
    yield Table(
        "Strategies, best first; figures of each one's best backtest",
        ("Strategy", "Status", "Sharpe", "Annual return", "Excess", "Drawdown", "Trades", "Passed", "Note"),
        [
            (
                f"{row['rank']}. {row['strategy']}",
                Cell(row["status"], look=_STRATEGY_LOOKS.get(row["status"], "")), ratio(row["best_sharpe"]),
                percent(row["annual_return"]), percent(row["excess_return"]), percent(row["max_drawdown"]),
                "n/a" if row["total_trades"] is None else str(row["total_trades"]),
                f"{row['passed']} of {row['combinations']}", row["note"] or row["evidence"] or "",
            )
            for row in facts.leaderboard
        ],
    )  # fmt: skip


def runs(facts: IndexFacts, pages: Mapping[int, str]) -> Iterator[Part]:
    """All runs, the newest first."""
    if facts.runs:
        yield _explorer("runs", "All runs, the newest first", facts.runs, pages)
    else:
        yield Words("There is no run yet.")


def analyses(facts: IndexFacts, pages: Mapping[int, str]) -> Iterator[Part]:
    """All walk-forward analyses, the newest first."""
    if not facts.analyses:
        yield Words("There is no walk-forward analysis yet.")
        return
    looks = {True: Cell("passed", look="passed"), False: Cell("rejected", look="rejected"), None: Cell("not judged")}
    yield Table(
        "Walk-forward analyses, the newest first",
        ("Analysis", "Strategy", "Status", "Verdict", "Windows", "Out-of-sample Sharpe", "Efficiency"),
        [
            (
                Cell(f"Analysis {row['analysis_id']}", href=pages.get(row["analysis_id"], "")), row["strategy"],
                row["status"], looks[row["meets_criteria"]], str(row["windows"]), ratio(row["sharpe_ratio"]),
                percent(row["efficiency"], 0),
            )
            for row in facts.analyses
        ],
        4,
    )  # fmt: skip


def batches(facts: IndexFacts, pages: Mapping[int, str]) -> Iterator[Part]:
    """All batches, the newest first."""
    if not facts.batches:
        yield Words("There is no batch yet.")
        return
    yield Table(
        "Batches, the newest first", ("Batch", "Name", "Status", "Began", "Runs", "Passed"),
        [
            (
                Cell(f"Batch {row['id']}", href=pages.get(row["id"], "")), row["name"], row["status"],
                f"{row['started_at']:%Y-%m-%d %H:%M} UTC", str(row["runs"]), str(row["passed"] or 0),
            )
            for row in facts.batches
        ],
        4,
    )  # fmt: skip


def run_look(run: Row) -> str:
    """passed, rejected, failed or not judged."""
    if run["status"] == "completed" and run["is_judged"]:
        return PASSED if run["passed_combinations"] else REJECTED
    return _LOOKS[run["status"]]


def _explorer(name: str, caption: str, rows: Sequence[Row], pages: Mapping[int, str]) -> Explorer:
    columns = (
        Column("Run"), Column("Strategy"), Column("Status"), Column("Began (UTC)"), Column("Combinations", "count"),
        Column("Failed", "count"), Column("Passed", "count"), Column("Best Sharpe", "ratio"),
        Column("Best deflated Sharpe", "fraction"), Column("Part of"), Column("What went wrong"),
    )  # fmt: skip
    return Explorer(
        name=name,
        caption=caption,
        columns=columns,
        rows=[
            (
                f"Run {run['id']}", run["strategy"], run["status"], f"{run['started_at']:%Y-%m-%d %H:%M}",
                run["completed_combinations"] + run["failed_combinations"], run["failed_combinations"],
                run["passed_combinations"] if run["is_judged"] else None,
                None if run["sharpe"] is None else float(run["sharpe"]),
                None if run["deflated_sharpe"] is None else float(run["deflated_sharpe"]),
                f"analysis {run['analysis_id']}, {run['part']}" if run["analysis_id"] else "",
                (run["error_message"] or "").partition("\n")[0],
            )
            for run in rows
        ],
        looks=[run_look(run) for run in rows],
        links=[pages.get(run["id"], "") for run in rows],
    )  # fmt: skip
