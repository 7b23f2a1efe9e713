"""What a run paid, what failed in it, and how it is done again."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from strategy_testing.fees.estimate import DEFAULT_LIMIT
from strategy_testing.metrics.catalogue import Unit
from strategy_testing.metrics.figures import number_of
from strategy_testing.pages.charts.amounts import bars
from strategy_testing.pages.charts.theme import BEYOND, WITHIN
from strategy_testing.pages.model import Chart, Group, Part, Table, Verbatim, Words
from strategy_testing.pages.reading import Row, RunFacts
from strategy_testing.pages.verdict import UNKNOWN, figure, percent

_MOST_MESSAGES = 20
_MOST_FILES = 400


def fees(facts: RunFacts) -> Iterator[Part]:
    """Fees as they were estimated, and as they were paid."""
    run, paid = facts.run, facts.fees
    if paid is None and run["estimated_fees"] is None:
        yield Words("No fees were estimated, and no backtest ran to its end that could have paid any.")
        return
    rows = []
    if run["estimated_fees"] is not None:
        rows.append(("Estimated", run["estimated_fees"], run["estimated_fee_pct"], run["estimated_orders"]))
    if paid is not None:
        shares = [row["fee_pct"] for row in facts.completed if row["fee_pct"] is not None]
        average = sum(shares) / len(shares) if shares else None
        rows.append(("Average paid", paid["avg_total_fees"], average, paid["avg_orders"]))
        worst = max(facts.completed, key=lambda row: row["fee_pct"] or 0)
        rows.append(("Worst paid", worst["total_fees"], worst["fee_pct"], worst["total_orders"]))
    if run["estimated_fees"] is None:
        yield Words(
            "No fees were estimated before the run: its config names no fee_assumptions, or it was run by hand.", "note"
        )
    limit = facts.config.max_fee_pct if facts.config and facts.config.max_fee_pct is not None else DEFAULT_LIMIT
    drawn = [
        {"name": name, "value": float(share), "look": BEYOND if share > limit else WITHIN}
        for name, _, share, _ in rows
        if share is not None
    ]
    if drawn:
        within = "all within" if all(each["look"] == WITHIN for each in drawn) else "not all within"
        said = f"Fees as a share of the starting capital, {within} the limit of {percent(limit)}"
        spec = bars(drawn, "Share of the starting capital", Unit.FRACTION, ("limit", float(limit)))
        yield Chart("fees", f"{said}, the dashed line.", f"{said}.", spec)
    yield Table(
        "Fees of a backtest", ("", "Fees", "Of the capital", "Orders"),
        [(name, figure(money, "total_fees"), percent(share), UNKNOWN if orders is None else f"{orders:,.0f}")
         for name, money, share, orders in rows],
        1,
    )  # fmt: skip
    if paid is not None and paid["avg_net_profit"] is not None:
        before, after = paid["avg_profit_before_fees"], paid["avg_net_profit"]
        yield Words(
            f"On average a backtest made {figure(before, 'net_profit')} before fees "
            f"and {figure(after, 'net_profit')} after."
        )


def failures(facts: RunFacts) -> Iterator[Part]:
    """What failed, each message once, and what else was found to be wrong."""
    run = facts.run
    if run["error_message"]:
        yield Words(str(run["error_message"]), "warning")
    by_message: dict[str, list[Row]] = defaultdict(list)
    for row in facts.results:
        if row["status"] == "failed":
            by_message[str(row["error_message"] or "no message")].append(row)
    ordered = sorted(by_message.items(), key=lambda found: -len(found[1]))
    if ordered:
        yield Table(
            "Failed combinations by their message", ("Combinations", "Message", "One of them"),
            [(str(len(rows)), message, facts.combination(rows[0])) for message, rows in ordered[:_MOST_MESSAGES]],
        )  # fmt: skip
        traces = [
            Verbatim(f"Stack trace: {facts.combination(rows[0])}", str(rows[0]["stack_trace"]), is_folded=True)
            for _, rows in ordered[:_MOST_MESSAGES]
            if rows[0]["stack_trace"]
        ]
        yield from traces
        if len(ordered) > _MOST_MESSAGES:
            yield Words(
                f"{len(ordered) - _MOST_MESSAGES} rarer messages stand in the table of all combinations.", "note"
            )
    for warning in run["warnings"]:
        yield Words(str(warning), "warning")
    if run["import_problems"]:
        yield Table(
            "Files that could not be imported", ("File and reason",), [(each,) for each in run["import_problems"]]
        )
    if not ordered and not run["warnings"] and not run["import_problems"] and not run["error_message"]:
        yield Words("Nothing failed, and nothing suspicious was found.")


def reproduce(facts: RunFacts) -> Iterator[Part]:
    """The command, the config, and what the results were made of."""
    run = facts.run
    if run["command"]:
        yield Verbatim("Command", str(run["command"]))
    else:
        yield Words("The command is not known: the run was imported from its folder.", "note")
    named = {
        "Config": run["config_file"],
        "Folder of the results": run["output_folder"],
        "Hash of the strategy's code": run["strategy_code_hash"],
        "Image of the engine": run["engine_image"] or "the CLI's default",
        "Id of the image": run["engine_digest"],
        "Engine": _engine(run),
        "Version of LEAN": run["lean_version"],
        "Identity of the run": run["run_uuid"],
        "Began": f"{run['started_at']:%Y-%m-%d %H:%M:%S} UTC",
        "Ended": run["completed_at"] and f"{run['completed_at']:%Y-%m-%d %H:%M:%S} UTC",
    }
    yield Table(
        "What it was made of", ("What", "Value"), [(name, str(value or "not known")) for name, value in named.items()]
    )
    if run["config"] is not None:
        text = json.dumps(run["config"], indent=2, ensure_ascii=False)
        yield Verbatim("Config as it judged the run, secrets masked", text, is_folded=True)
    yield _data(run["data_fingerprint"])


def _engine(run: Row) -> str | None:
    if run["engine"] is None:
        return None
    checked = f", {run['engine_checked']} combinations compared with a cold one" if run["engine"] == "warm" else ""
    return f"{run['engine']}{checked}" + (f"; {run['engine_note']}" if run["engine_note"] else "")


def _data(fingerprint: Mapping[str, Any] | None) -> Part:
    if not fingerprint:
        return Words("The fingerprint of the prices is not known: it is taken by the runner, and by no import.", "note")
    missing = sum(1 for value in fingerprint.values() if value is None)
    title = f"Fingerprint of the data: {number_of(len(fingerprint), 'file')}, {missing} missing"
    shown = list(fingerprint.items())[:_MOST_FILES]
    rows = [(name, str(value or "missing")) for name, value in shown]
    more = (
        [Words(f"and {len(fingerprint) - len(shown)} more, in the database.")] if len(fingerprint) > len(shown) else []
    )
    return Group(title, [Table("Data files", ("File", "First 16 digits of its SHA-256"), rows), *more], is_folded=True)
