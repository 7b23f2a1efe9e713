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

from strategy_testing.errors import ExitCode
from strategy_testing.fees.commissions import DEFAULT_LIMIT, Pricing
from strategy_testing.metrics.catalogue import METRICS
from support import PROJECT, ScriptResult

_README = PROJECT / "FRAMEWORK_README.md"
_CONFIG_FORMAT = PROJECT / "docs" / "CONFIG_FORMAT.md"
_DATABASE = PROJECT / "docs" / "DATABASE.md"
_GUIDE = PROJECT / "docs" / "LEAN_DEVELOPER_GUIDE.md"
_DOCUMENTS = (_README, _CONFIG_FORMAT, _DATABASE)
_SCRIPTS = ("optimize_runner", "results_importer")
_DEVELOPERS_SCRIPTS = ("check_strategies", "indicator_reference")
_FLAGS_OF_OTHERS = {"--strict", "--parameter"}
"""Of mypy and of the lean CLI."""
_PACKAGES = ("strategy_testing", "strategy_checks", "api_reference")
_HELP = PROJECT / "tests" / "help"
_EXAMPLE = PROJECT / "configs" / "optimizations" / "rsi_etf_example.yaml"

_QUERY = re.compile(r"```sql\n(?P<sql>.*?)```\n\n```text\n(?P<output>.*?)```\n", re.DOTALL)
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_PATH = re.compile(r"(?<![\w./<$~-])\.?[\w-]+(?:/[\w.-]+)+/?|(?<![\w./-])[\w-]+\.(?:py|sql|yaml|md|txt|json)\b")

_MADE_BY_RUNNING = (
    ".venv", ".venv-lean", ".postgres", ".demo", "lean_projects/.optimization", "lean_projects/results",
    "lean_projects/data", "lean.json", "lean_projects/lean.json", "optimization.yaml", "optimizer.json",
    "lean-output.txt", "run-manifest.json", "log.txt", "optimizer-config.json", ".optimization",
)  # fmt: skip
"""Files and folders that are written when the project is used."""
_NO_PATHS = ("lean-env/", "lean-workspace/")


@pytest.fixture(scope="module")
def readme() -> str:
    return _README.read_text(encoding="utf-8")


def _same(document: Path, quoted: str, actual: str) -> None:
    """Whether a quotation is what the project prints; with REWRITE_DOCS it becomes so."""
    if quoted != actual and os.environ.get("REWRITE_DOCS"):
        text = document.read_text(encoding="utf-8") if document.exists() else ""
        document.write_text(text.replace(quoted, actual, 1) if quoted else actual, encoding="utf-8")
        quoted = actual
    assert quoted == actual


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


def _section(text: str, title: str) -> str:
    found = re.search(rf"^(##+) {re.escape(title)}\n(.*?)(?=^##? |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[2]


def _help(script: str) -> str:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / f"{script}.py"), "--help"],
        env=os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout


def test_readme_is_the_link() -> None:
    assert (PROJECT / "README.md").resolve() == _README


def test_the_exit_code_table_is_the_enum(readme: str) -> None:
    rows = _rows(_section(readme, "Exit codes"))
    assert [(int(row[0]), row[1].strip("`")) for row in rows] == [(int(code), code.name) for code in ExitCode]
    assert all(row[2] and row[3] for row in rows)


def test_the_metrics_table_is_the_catalogue() -> None:
    lines = ["| criteria | metric | unit | LEAN path for a target or constraint |", "|---|---|---|---|"]
    for metric in METRICS:
        names = ", ".join(f"`{name}`" for name in metric.criterion_names)
        lines.append(f"| {names} | {metric.label} | {metric.unit.value} | {_path_cell(metric.lean_path)} |")
    _same(_README, _marked(_README, "metrics"), _block("metrics", "\n".join(lines)))


def _path_cell(path: str | None) -> str:
    return f"`{path}`" if path else "none"


def test_the_fee_models_are_those_of_the_code(readme: str) -> None:
    rows = _rows(_section(readme, "Fees"))
    expected = [
        [f"`{pricing.name.lower()}`", pricing.value.name, f"${pricing.value.per_share.normalize():f}",
         f"${pricing.value.minimum:.2f}", f"{pricing.value.maximum_fraction * 100:.1f} %"]
        for pricing in Pricing
    ]  # fmt: skip
    assert rows == expected
    assert f"{DEFAULT_LIMIT * 100:.0f} %" in _section(readme, "Fees")


def test_the_estimate_is_what_the_command_prints(run_script: Callable[..., ScriptResult], readme: str) -> None:
    config = "configs/optimizations/bollinger_etf_rejected.yaml"
    result = run_script("optimize_runner.py", "--config", config, "--estimate")
    assert f"scripts/optimize_runner.py --config {config} --estimate" in readme
    assert result.exit_code == ExitCode.STOP_AND_REVISE
    printed = "\n".join(line.rstrip() for line in result.stdout.rstrip().splitlines())
    _same(_README, _marked(_README, "estimate"), _block("estimate", f"```text\n{printed}\n```"))


def test_every_query_prints_what_is_pasted(
    run_script: Callable[..., ScriptResult], unpacked: Callable[[str], Path], database_url: str
) -> None:
    recorded = unpacked("grid-72") / "output"
    imported = run_script("results_importer.py", "--optimization-dir", recorded, "--config", _EXAMPLE)
    assert imported.last_line == "72 runs complete, 3 passed, best Sharpe: 0.4"
    assert imported.last_line in _README.read_text(encoding="utf-8")
    queries = list(_QUERY.finditer(_README.read_text(encoding="utf-8")))
    assert len(queries) == 10
    for query in queries:
        printed = _psql(database_url, query["sql"])
        assert not printed.endswith("(0 rows)"), query["sql"]
        quoted = query[0]
        _same(_README, quoted, quoted.replace(f"```text\n{query['output']}```", f"```text\n{printed}\n```"))


def _psql(database_url: str, statement: str) -> str:
    """What `make psql` prints for a statement."""
    done = subprocess.run(
        [sys.executable, "-m", "strategy_testing.commands.psql", "--no-psqlrc", "-P", "pager=off", "-c", statement],
        env=os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(PROJECT / "scripts"), "LC_ALL": "C.UTF-8"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())


def test_the_flow_names_every_module(readme: str) -> None:
    named = set(re.findall(r"`(\w+)\.py`", _section(readme, "Where the code is")))
    files = [file for package in _PACKAGES for file in (PROJECT / "scripts" / package).glob("*.py")]
    modules = {file.stem for file in files} - {"__init__"}
    assert named == modules | set(_SCRIPTS) | set(_DEVELOPERS_SCRIPTS)


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for file in (*_DOCUMENTS, _GUIDE) for target in _make_targets(file.read_text(encoding="utf-8"))}
    assert named <= targets
    assert {"demo", "test", "psql"} <= named


def _make_targets(text: str) -> list[str]:
    return re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)


def test_every_flag_exists() -> None:
    known = set(_FLAG.findall("".join(_help(script) for script in _SCRIPTS)))
    assert set(_FLAG.findall(_GUIDE.read_text(encoding="utf-8"))) <= known | _FLAGS_OF_OTHERS
    for file in _DOCUMENTS:
        assert set(_FLAG.findall(file.read_text(encoding="utf-8"))) <= known, file.name
    assert known - {"--help"} <= set(_FLAG.findall(_README.read_text(encoding="utf-8")))


@pytest.mark.parametrize("script", _SCRIPTS)
def test_the_help_is_the_pinned_one(script: str) -> None:
    pinned = _HELP / f"{script}.txt"
    _same(pinned, pinned.read_text(encoding="utf-8") if pinned.exists() else "", _help(script))


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda file: str(file.name))
def test_every_path_exists(document: Path) -> None:
    text = re.sub(r"\w+://\S+", "", document.read_text(encoding="utf-8"))
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
    is_example = re.search(r"NAME|TIME|YYYY|^\d+/\d+$", path) is not None
    return made or is_example or path.startswith(_NO_PATHS)


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
    _same(_DATABASE, _marked(_DATABASE, "relations"), _block("relations", "\n\n".join(parts)))


def test_the_database_reference_names_every_trigger(ask: Callable[..., list[dict[str, object]]]) -> None:
    text = _DATABASE.read_text(encoding="utf-8")
    names = [str(row["name"]) for row in ask("SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal")]
    assert names
    assert [name for name in names if f"`{name}`" not in text] == []
