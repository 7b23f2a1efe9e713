"""What FRAMEWORK_README.md and docs/ promise is so.

What they quote stands between marks or after a query and is compared with what the project prints now. Where a change
of the project changed it, `REWRITE_DOCS=1 make test` writes the new text into the documents; read the diff then.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from strategy_testing.errors import ExitCode
from strategy_testing.fees.estimate import DEFAULT_LIMIT
from strategy_testing.fees.models import FEE_MODELS, MOST_TAF, SEC_FEE, TAF
from strategy_testing.metrics.catalogue import LUCK_METRICS, METRICS
from support import PROJECT, ScriptResult, same_as_quoted

_README = PROJECT / "FRAMEWORK_README.md"
_DOCS = PROJECT / "docs"
_ARCHITECTURE = _DOCS / "ARCHITECTURE.md"
_BATCHES = _DOCS / "BATCHES.md"
_CONFIG_FORMAT = _DOCS / "CONFIG_FORMAT.md"
_DATABASE = _DOCS / "DATABASE.md"
_DIRECTOR = _DOCS / "DIRECTOR.md"
_GUIDE = _DOCS / "LEAN_DEVELOPER_GUIDE.md"
_REFERENCE = _DOCS / "REFERENCE.md"
_DOCUMENTS = (_README, *sorted(_DOCS.glob("*.md")))
_SCRIPTS = ("optimize_runner", "results_importer")
_FLAGS_OF_OTHERS = {"--strict", "--parameter", "--no-update", "--polygon-api-key", "--extra-docker-config"}
"""Of mypy and of the lean CLI."""
_PACKAGES = ("strategy_testing", "strategy_checks")
_HELP = PROJECT / "tests" / "help"
_README_LINES = 350

_QUERY = re.compile(r"```sql\n(?P<sql>.*?)```\n\n```text\n(?P<output>.*?)```\n", re.DOTALL)
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_PATH = re.compile(r"(?<![\w./<$~-])\.?[\w-]+(?:/[\w.-]+)+/?|(?<![\w./-])[\w-]+\.(?:py|sql|yaml|md|txt|json)\b")

_MADE_BY_RUNNING = (
    ".venv", ".venv-lean", ".postgres", ".demo", "lean_projects/.optimization", "lean_projects/results",
    "lean_projects/data", "lean.json", "lean_projects/lean.json", "optimization.yaml", "optimizer.json",
    "combinations.json", "lean-output.txt", "run-manifest.json", "log.txt", "optimizer-config.json", ".optimization",
    "engine.json", "strategy_testing_host.py", "check",
)  # fmt: skip
"""Files and folders that are written when the project is used."""
_CONFIGS_OF_A_TEST = ("invalid.yaml", "Idle_dear.yaml", "Idle_gone.yaml", "Crashy.yaml", "Small.yaml", "Long.yaml")
"""In the table that BATCHES.md shows."""
_NO_PATHS = ("lean-env/", "lean-workspace/")


@pytest.fixture(scope="module")
def readme() -> str:
    return _README.read_text(encoding="utf-8")


def _marked(document: Path, mark: str) -> str:
    """What stands between `<!-- mark -->` and `<!-- end -->`, the marks included."""
    begin = document.read_text(encoding="utf-8").index(f"<!-- {mark} -->\n")
    text = document.read_text(encoding="utf-8")[begin:]
    return text[: text.index("<!-- end -->")]


def _block(mark: str, text: str) -> str:
    return f"<!-- {mark} -->\n{text}\n"


def _rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table's rows, without its head."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def _rows_of_all_tables(text: str) -> list[list[str]]:
    return [row for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE) for row in _rows(table)]


def _section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    heading = re.search(rf"^(##+) {re.escape(title)}\n", text, re.MULTILINE)
    assert heading, title
    rest = text[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def _help(script: str) -> str:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / f"{script}.py"), "--help"],
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout


def _headings(document: Path, *levels: int) -> list[str]:
    """The document's headings of these levels, as they are written."""
    text = _FENCED.sub("", document.read_text(encoding="utf-8"))
    found = re.findall(r"^(#+) (.+)$", text, re.MULTILINE)
    return [title for marks, title in found if len(marks) in levels]


def _anchor(heading: str) -> str:
    """What GitHub makes of a heading: small letters, no punctuation, hyphens for blanks."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_readme_is_the_link() -> None:
    assert (PROJECT / "README.md").resolve() == _README


def test_readme_can_be_read_in_one_go(readme: str) -> None:
    assert len(readme.splitlines()) <= _README_LINES


@pytest.mark.parametrize("document", [_README, _DIRECTOR, _REFERENCE], ids=lambda file: str(file.name))
def test_the_table_of_contents_is_the_headings(document: Path) -> None:
    before_first_section = document.read_text(encoding="utf-8").split("\n## ", maxsplit=1)[0]
    contents = re.findall(r"^(?:-|\d+\.) \[(.+)\]\(#(.+)\)$", before_first_section, re.MULTILINE)
    numbered = [re.sub(r"^\d+\. ", "", heading) for heading in _headings(document, 2)]
    assert contents == [
        (shown, _anchor(heading)) for shown, heading in zip(numbered, _headings(document, 2), strict=True)
    ]


def test_readme_names_every_document(readme: str) -> None:
    named = {link for link, _ in _LINK.findall(_section(readme, "All documents"))}
    assert {f"docs/{file.name}" for file in _DOCS.glob("*.md")} <= named


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda file: str(file.name))
def test_every_link_leads_to_a_heading(document: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", _FENCED.sub("", document.read_text(encoding="utf-8")))
    links = [(link, anchor) for link, anchor in _LINK.findall(text) if "://" not in link]
    for link, anchor in links:
        target = document.parent / link if link else document
        assert target.exists(), link
        anchors = [_anchor(heading) for heading in _headings(target, 1, 2, 3, 4)] if anchor else []
        assert not anchor or anchors.count(anchor) == 1, f"{link}#{anchor}"


def test_the_exit_code_table_is_the_enum() -> None:
    rows = _rows(_section(_REFERENCE.read_text(encoding="utf-8"), "Exit codes"))
    assert [(int(row[0]), row[1].strip("`")) for row in rows] == [(int(code), code.name) for code in ExitCode]
    assert all(row[2] and row[3] for row in rows)


def test_the_metrics_table_is_the_catalogue() -> None:
    lines = ["| criteria | metric | unit | LEAN path for a target or constraint |", "|---|---|---|---|"]
    for metric in (*METRICS, *LUCK_METRICS):
        names = ", ".join(f"`{name}`" for name in metric.criterion_names)
        lines.append(f"| {names} | {metric.label} | {metric.unit.value} | {_path_cell(metric.lean_path)} |")
    same_as_quoted(_CONFIG_FORMAT, _marked(_CONFIG_FORMAT, "metrics"), _block("metrics", "\n".join(lines)))


def _path_cell(path: str | None) -> str:
    return f"`{path}`" if path else "none"


def test_the_fee_models_are_those_of_the_code(readme: str) -> None:
    fees = _section(_CONFIG_FORMAT.read_text(encoding="utf-8"), "`fee_assumptions`")
    rows = _rows(fees.split("**The models:**")[1])
    expected = [
        [f"`{name}`", model.label, f"${model.per_share.normalize():f}",
         f"${model.minimum if model.minimum else 0}{', even above the maximum' if model.minimum_wins else ''}",
         f"{model.maximum_fraction * 100:.1f} %", "SEC and TAF" if model.has_regulatory_fees else "nothing"]
        for name, model in FEE_MODELS.items()
    ]  # fmt: skip
    assert rows == expected
    assert f"${SEC_FEE * 1_000_000:.2f} for a million dollars sold" in fees
    assert f"${TAF}\na share and at most ${MOST_TAF} a sale" in fees
    assert f"{DEFAULT_LIMIT * 100:.0f} %" in _section(readme, "Fees")


def test_the_estimate_is_what_the_command_prints(run_script: Callable[..., ScriptResult], readme: str) -> None:
    config = "configs/optimizations/bollinger_etf_rejected.yaml"
    result = run_script("optimize_runner.py", "--config", config, "--estimate")
    assert f"scripts/optimize_runner.py --config {config} --estimate" in readme
    assert result.exit_code == ExitCode.STOP_AND_REVISE
    printed = "\n".join(line.rstrip() for line in result.stdout.rstrip().splitlines())
    same_as_quoted(_README, _marked(_README, "estimate"), _block("estimate", f"```text\n{printed}\n```"))


def test_the_first_run_can_be_looked_at_as_written(readme: str, tmp_path: Path, database_url: str) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", _section(readme, "A first run"), re.DOTALL)
    chosen = [block for block in blocks if re.search(r"LEAN_WORKSPACE|^ *cp |--check", block, re.MULTILINE)]
    assert len(chosen) == 3
    (tmp_path / "lean-workspace").mkdir()
    (tmp_path / "lean-workspace" / "lean.json").write_text("{}\n", encoding="utf-8")
    stand_ins = PROJECT / "tests" / "replay" / "bin"
    done = subprocess.run(
        ["sh", "-euc", "".join(chosen).replace(".venv/bin/python", sys.executable)],
        cwd=PROJECT,
        env=os.environ
        | {"HOME": str(tmp_path), "DATABASE_URL": database_url, "REPLAY_PYTHON": sys.executable}
        | {"PATH": f"{stand_ins}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ strategy: compiles" in done.stdout
    assert "within 30.0%: go ahead" in done.stdout
    assert "lean optimize RSI_MeanReversion_ETF" in done.stdout


def test_what_is_said_of_the_sample_data_is_what_the_strategies_ask_for() -> None:
    guide = _GUIDE.read_text(encoding="utf-8")
    section = _section(guide, "Which strategies run on LEAN's sample data").split("**Data beyond")[0]
    prices = re.search(r"daily prices of (.*?) until", section, re.DOTALL)
    assert prices
    have = set(re.findall(r"[A-Z]+", prices[1]))
    (_, all_of_it), (_, part), (_, nothing) = _rows(section)
    named = [name for cell in (all_of_it, part, nothing) for name in re.findall(r"`(\w+)`", cell)]
    backlog = yaml.safe_load((PROJECT / "data" / "strategy_backlog.yaml").read_text(encoding="utf-8"))
    assert sorted(named) == sorted(strategy["lean_project_path"] for strategy in backlog["strategies"])
    for name in re.findall(r"`(\w+)`", all_of_it):
        wanted = _default_tickers(name)
        assert wanted, name
        assert wanted <= have, name
    leaders = _default_tickers("Relative_Strength_Leaders")
    assert f"({len(leaders & have)} of its {len(leaders)} stocks)" in part


def _default_tickers(strategy: str) -> set[str]:
    code = (PROJECT / "lean_projects" / strategy / "main.py").read_text(encoding="utf-8")
    found = re.search(r'words\(self, "tickers", "([A-Z|]+)"\)', code)
    return set(found[1].split("|")) if found else set()


def test_the_batches_are_those_that_ship() -> None:
    shipped = {f"configs/batches/{file.name}" for file in (PROJECT / "configs" / "batches").glob("*.yaml")}
    assert {row[0].strip("`") for row in _rows(_BATCHES.read_text(encoding="utf-8").split("## ")[0])} == shipped


def test_every_room_is_described() -> None:
    rooms = {file.parent.name for file in (PROJECT / "scripts" / "strategy_testing").glob("*/__init__.py")}
    described = {row[0].strip("`/") for row in _rows(_section(_ARCHITECTURE.read_text(encoding="utf-8"), "The rooms"))}
    assert described == rooms


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for file in _DOCUMENTS for target in _make_targets(file.read_text(encoding="utf-8"))}
    assert named <= targets
    assert {"demo", "test", "psql"} <= named


def _make_targets(text: str) -> list[str]:
    return re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)


def test_every_flag_exists() -> None:
    known = set(_FLAG.findall("".join(_help(script) for script in _SCRIPTS)))
    for file in _DOCUMENTS:
        allowed = known | _FLAGS_OF_OTHERS if file in (_GUIDE, _CONFIG_FORMAT, _ARCHITECTURE) else known
        assert set(_FLAG.findall(file.read_text(encoding="utf-8"))) <= allowed, file.name


@pytest.mark.parametrize("script", _SCRIPTS)
def test_the_reference_has_every_option(script: str) -> None:
    printed = _help(script).replace(" ...", "")
    options = re.findall(r"^  (?:-h, )?(--[a-z-]+(?: \[?[A-Z]+\]?)*)", printed, re.MULTILINE)
    described = _rows_of_all_tables(_section(_REFERENCE.read_text(encoding="utf-8"), f"{script}.py"))
    assert sorted(row[0].strip("`") for row in described) == sorted(options)
    assert all(row[1] for row in described)


@pytest.mark.parametrize("script", _SCRIPTS)
def test_the_help_is_the_pinned_one(script: str) -> None:
    pinned = _HELP / f"{script}.txt"
    same_as_quoted(pinned, pinned.read_text(encoding="utf-8") if pinned.exists() else "", _help(script))


@pytest.mark.parametrize("document", [file for file in _DOCUMENTS if file != _GUIDE], ids=lambda file: str(file.name))
def test_every_path_exists(document: Path) -> None:
    """Of the guide only the links are looked at: its paths are LEAN's, in a workspace with data."""
    text = re.sub(r"\w+://[^\s)]+", "", document.read_text(encoding="utf-8"))
    text = _QUERY.sub("", text)
    packages = [PROJECT / "scripts" / package for package in _PACKAGES]
    places = (PROJECT, PROJECT / "scripts", *packages, PROJECT / "lean_projects" / "_template", document.parent)
    quoted = "\n".join([*re.findall(r"`([^`\n]+)`", _FENCED.sub("", text)), *_FENCED.findall(text)])
    linked = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [
        path
        for path in [*_PATH.findall(quoted), *linked]
        if not _is_placeholder(path) and not any((place / path.rstrip(".")).exists() for place in places)
    ]
    assert missing == []
    assert all((document.parent / link).exists() for link in linked)


def _is_placeholder(path: str) -> bool:
    made = any(path.rstrip("/") == name or path.startswith(f"{name}/") for name in _MADE_BY_RUNNING)
    is_example = re.search(r"NAME|TIME|YYYY|^\d+/\d+$|^n/a$", path) is not None
    return made or is_example or path.startswith(_NO_PATHS) or path in _CONFIGS_OF_A_TEST


def test_the_config_reference_names_every_key(readme: str) -> None:
    text = _CONFIG_FORMAT.read_text(encoding="utf-8")
    for schema in ("optimization", "batch"):
        content = (PROJECT / "configs" / "schemas" / f"{schema}.schema.json").read_text(encoding="utf-8")
        keys = set(re.findall(r'"(\w+)": \{"(?:type|enum|\$ref)"', content)) - {"items", "additionalProperties", "date"}
        assert [key for key in sorted(keys) if f"`{key}`" not in text] == []
    assert "docs/CONFIG_FORMAT.md" in readme


def test_the_database_reference_is_what_the_database_says(ask: Callable[..., list[dict[str, object]]]) -> None:
    relations = ask(
        "SELECT oid::int, relname AS name, CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind, "
        "obj_description(oid, 'pg_class') AS comment FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY relkind, oid"
    )
    parts = []
    for relation in relations:
        columns = ask(
            "SELECT attname AS name, format_type(atttypid, atttypmod) AS type, col_description(attrelid, attnum) AS "
            "comment FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            relation["oid"],
        )
        lines = [f"### {relation['kind']} `{relation['name']}`", "", f"{relation['comment']}.", ""]
        lines += ["| column | type | meaning and unit |", "|---|---|---|"]
        lines += [f"| `{row['name']}` | {row['type']} | {row['comment']} |" for row in columns]
        parts.append("\n".join(lines))
    same_as_quoted(_DATABASE, _marked(_DATABASE, "relations"), _block("relations", "\n\n".join(parts)))


def test_the_database_reference_names_every_trigger(ask: Callable[..., list[dict[str, object]]]) -> None:
    text = _DATABASE.read_text(encoding="utf-8")
    names = [str(row["name"]) for row in ask("SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal")]
    assert names
    assert [name for name in names if f"`{name}`" not in text] == []
