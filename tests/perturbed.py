"""Runs of any size, made of a recorded one: each copy has ids, parameters and figures of its own."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from support import unpack_recording

RECORDED = "grid-72"
_PERIOD = "rsi_period"
_COPIES_APART = 12
"""What lies between the smallest and the largest recorded value of that parameter, and a step."""
_RETURNS = re.compile(rb'"Return": \{"name":"Return"[^\[]*"values":\[(.*?)\]\]')
_LAUNCHED = re.compile(r"(.*launched backtest )'(.*?)' with parameters '(.*?)'")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Template:
    """A recorded backtest, taken apart where copies differ."""

    id: str
    head: bytes
    returns: tuple[tuple[bytes, float], ...]
    """Moment as LEAN writes it, and percent."""
    tail: bytes
    summary: str
    """JSON."""
    others: tuple[tuple[str, bytes], ...]
    """Name and content of what LEAN lists beside."""
    log_line: str


def templates(home: Path) -> list[Template]:
    """The backtests of the recording, in the order in which they were launched; it is unpacked below a folder."""
    output = home / RECORDED / "output"
    if not output.exists():
        unpack_recording(RECORDED, home)
    lines = (output / "log.txt").read_text(encoding="utf-8").splitlines()
    return [_template(output / match[2], line) for line in lines if (match := _LAUNCHED.match(line))]


def _template(folder: Path, line: str) -> Template:
    large = (folder / f"{folder.name}.json").read_bytes()
    found = _RETURNS.search(large)
    assert found is not None, folder
    pairs = (pair.split(b",") for pair in found[1].lstrip(b"[").split(b"],["))
    return Template(
        folder.name,
        large[: found.start(1)],
        tuple((moment, float(percent)) for moment, percent in pairs),
        large[found.end(1) + 1 :],
        (folder / f"{folder.name}-summary.json").read_text(encoding="utf-8"),
        tuple((file.name, file.read_bytes()) for file in sorted(folder.glob("*-data-re*"))),
        line,
    )


def make_run(source: list[Template], home: Path, name: str, count: int) -> Path:
    """The folder `home/NAME` with an `output` of so many backtests, as `lean optimize` leaves it."""
    output = home / name / "output"
    output.mkdir(parents=True)
    recorded = home / RECORDED / "output"
    config = json.loads((recorded / "optimizer-config.json").read_text(encoding="utf-8"))
    config["parameters"][0]["max"] += _COPIES_APART * ((count - 1) // len(source))
    (output / "optimizer-config.json").write_text(json.dumps(config), encoding="utf-8")
    lines = (recorded / "log.txt").read_text(encoding="utf-8").splitlines()
    launched = [write_backtest(source, output, number) for number in range(count)]
    others = [line for line in lines if not _LAUNCHED.match(line) and "Optimization has ended" not in line]
    best = _GUID.sub(launched[0].split("'")[1], lines[-1].split("backtestId")[1])
    log = [*launched, *others, lines[-1].split("backtestId")[0] + "backtestId" + best]
    (output / "log.txt").write_text("\n".join(log) + "\n", encoding="utf-8")
    return output.parent


def write_backtest(source: list[Template], output: Path, number: int) -> str:
    """Writes the how-manieth backtest into an output folder and returns the line of LEAN's log that launched it."""
    one, copy = source[number % len(source)], number // len(source)
    own = str(uuid5(NAMESPACE_OID, f"{output.parent.name}-{number}"))
    folder = output / own
    folder.mkdir()
    factor = 1 + copy / 1000 + number / 1e6 if number >= len(source) else 1
    values = b",".join(b"[%s,%.7g]" % (moment, percent * factor) for moment, percent in one.returns)
    document = json.loads(one.summary)
    document["algorithmConfiguration"]["parameters"] |= dict(_moved(one.log_line, copy))
    for section in ("portfolioStatistics", "tradeStatistics"):
        figures = document["totalPerformance"][section]
        for figure in ("sharpeRatio", "sortinoRatio", "profitLossRatio", "expectancy"):
            if figure in figures:
                figures[figure] = f"{float(figures[figure]) * factor:.6f}"
    for file, content in one.others:
        (folder / file).write_bytes(content)
    (folder / f"{own}-summary.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    (folder / f"{own}.json").write_bytes(one.head + values + one.tail)
    parameters = ",".join(f"{name}:{value}" for name, value in _moved(one.log_line, copy))
    return _LAUNCHED.sub(rf"\1'{own}' with parameters '{parameters}'", one.log_line)


def _moved(line: str, copy: int) -> Iterator[tuple[str, str]]:
    match = _LAUNCHED.match(line)
    assert match is not None, line
    for name, _, value in (piece.partition(":") for piece in match[3].split(",")):
        yield name, str(int(value) + _COPIES_APART * copy) if name == _PERIOD else value
