"""A stand-in for the lean command: it takes the same arguments and replays a recorded run."""

import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import uuid
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from replay import arguments, console, containers, live, matching, mounted, optimizer_config, player
from replay.arguments import Arguments
from replay.launcher import Play, run_container
from replay.matching import Match
from replay.merging import merged
from replay.optimizer import Optimizer, judged_anew, single, with_fixed
from replay.plan import Plan, as_recorded, lasting
from replay.player import Player
from replay.recording import Recording, load, spec_name
from replay.refusals import HELP_URL, USAGE, CliError, ReplayError, UsageError

VERSION = "1.0.230"
_SKIPPED = {"bin", "obj", "__pycache__", "backtests", "live", "optimizations", "storage", "report"}
_SOURCES = {".py", ".cs", ".ipynb", ".css", ".html"}
_UNLABELLED = "Label 'lean_version' not found in image 'quantconnect/lean',"
_OPTIMUM = re.compile(r"ParameterSet: \(([^)]+)\) backtestId '([^']+)'")


def main(words: list[str]) -> int:
    """Run one command line and return the exit code."""
    spec = os.environ.get("LEAN_REPLAY_RECORDING", "")
    scratch: Path | None = None
    try:
        speed = _speed()
        name = spec_name(spec) if spec else "(none)"
        _remark(
            f"REPLAY: this is not LEAN but a replay of the recorded run {name} "
            f"(real CLI {VERSION}, engine v2.5.0.0) at {speed:g}× speed."
        )
        asked = _read_arguments(words)
        if asked is None:
            return 0
        if not spec:
            raise ReplayError("LEAN_REPLAY_RECORDING names no recording")
        scratch = containers.new_scratch()
        return Invocation(asked, load(spec, scratch), scratch, speed).run()
    except CliError as error:
        console.write(error.text())
        return 1
    except ReplayError as error:
        _remark(f"REPLAY: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        console.write("Aborted!")
        return 1
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


class Invocation:
    """One command in a workspace, answered from recordings."""

    def __init__(self, asked: Arguments, recordings: list[Recording], scratch: Path, speed: float) -> None:
        """Keep the command and find the workspace."""
        self._asked = asked
        self._recordings = recordings
        self._scratch = scratch
        self._speed = speed
        self._fault = player.read_fault(os.environ.get("LEAN_REPLAY_FAULT", ""))
        self._anything = os.environ.get("LEAN_REPLAY_ANY") == "1"
        self._workspace = _workspace(asked)
        self._algorithm = _algorithm(asked.project)
        folder = "optimizations" if asked.command == "optimize" else "backtests"
        default = self._algorithm.parent / folder / f"{datetime.now():%Y-%m-%d_%H-%M-%S}"
        self._output = asked.path("--output") or default

    def run(self) -> int:
        """Do what was asked and return the exit code."""
        self._refuse_modes()
        if not any(recording.ran for recording in self._recordings):
            return self._show_refusal(self._recordings[0])
        self._look_for_docker()
        return self._optimize() if self._asked.command == "optimize" else self._backtest()

    def _optimize(self) -> int:
        config = optimizer_config.build(self._asked)
        asked = matching.combinations(config)
        binds = mounted.read_binds(json.loads(self._asked.text("--extra-docker-config") or "{}"))
        real = mounted.real_parameters(binds, asked, self._scratch)
        table = list(zip(asked, real, strict=True)) if real != asked else []
        recording, match = self._choose("optimize", config, {}, table)
        self._output.mkdir(parents=True, exist_ok=True)
        text = json.dumps(config, indent=4) + "\n"
        (self._output / "optimizer-config.json").write_text(text, encoding="utf-8")
        is_live = match.jobs and (mounted.SETTINGS in binds or "LEAN_REPLAY_COLD" in os.environ)
        play = self._live(recording, match, config, binds, real) if is_live else None
        play = play or self._played(self._plan_optimization(recording, match, config))
        success = self._run_container(play, f"2{random.randint(100_000_000, 999_999_999)}")
        if success and _stopped_from_outside(recording, match):
            return int(recording.run["exit_code"])
        project, output = self._inside(self._asked.project), self._inside(self._output)
        if not success:
            raise CliError(f"Something went wrong while running the optimization, the output is stored in '{output}'")
        self._show_optimum()
        console.write(f"Successfully optimized '{project}' and stored the output in '{output}'")
        return 0

    def _backtest(self) -> int:
        parameters = {str(name): str(value) for name, value in self._asked.every("--parameter")}
        recording, match = self._choose("backtest", {}, parameters, [])
        if match.jobs:
            number = f"1{random.randint(100_000_000, 999_999_999)}"
            plan = single(recording, match.jobs[0].backtest, number)
            plan = Plan(plan.steps, plan.exit_code, renames=plan.renames, fixed=tuple(match.fixed.items()))
        else:
            number = str(json.loads((recording.output / "config").read_text(encoding="utf-8"))["id"])
            code = int(recording.run["exit_code"] != 0)
            plan = Plan(as_recorded(recording), code, bool(recording.run["hangs"]), fixed=tuple(match.fixed.items()))
        self._output.mkdir(parents=True, exist_ok=True)
        if "LEAN_REPLAY_COLD" in os.environ:
            plan = lasting(plan, live.Durations.read().cold)
        success = self._run_container(self._played(plan), number)
        # the real command names the project's folder here, also when a file was given
        project, output = self._inside(self._algorithm.parent), self._inside(self._output)
        environment = "in the 'backtesting' environment"
        if not success:
            raise CliError(
                f"Something went wrong while running '{project}' {environment}, the output is stored in '{output}'"
            )
        console.write(f"Successfully ran '{project}' {environment} and stored the output in '{output}'")
        return 0

    def _plan_optimization(self, recording: Recording, match: Match, config: dict[str, Any]) -> Plan:
        if not match.exact:
            plan = Optimizer(recording, config, match.jobs, optimizer_config.slots(config)).plan()
            return Plan(plan.steps, renames=plan.renames, fixed=tuple(match.fixed.items()))
        steps = as_recorded(recording)
        if match.jobs and _criteria(config) != _criteria(recording.config):
            steps, _ = judged_anew(steps, recording, config)
        if match.fixed:
            steps = with_fixed(steps, match.fixed)
        failed = recording.run["exit_code"] != 0 and not _stopped_from_outside(recording, match)
        return Plan(steps, int(failed), bool(recording.run["hangs"]), fixed=tuple(match.fixed.items()))

    def _choose(
        self,
        command: str,
        config: dict[str, Any],
        parameters: dict[str, str],
        table: list[tuple[dict[str, str], dict[str, str]]],
    ) -> tuple[Recording, Match]:
        found: list[tuple[Recording, Match]] = []
        problems: list[ReplayError] = []
        for recording in self._recordings:
            try:
                if command == "backtest":
                    match = matching.match_backtest(recording, parameters, self._anything)
                elif recording.command == command:
                    match = matching.match_optimization(recording, config, self._anything, table)
                else:
                    raise ReplayError(f"the recording {recording.name} is one of lean {recording.command}")
            except ReplayError as problem:
                problems.append(problem)
                continue
            found.append((recording, match))
        if not found and table and len(self._recordings) > 1:
            whole = merged(self._recordings, Path(tempfile.mkdtemp(dir=self._scratch)))
            found = [(whole, matching.match_optimization(whole, config, self._anything, table))]
        if not found:
            raise problems[0]
        return min(found, key=lambda pair: not pair[1].exact)

    def _played(self, plan: Plan) -> Play:
        player = partial(Player, plan, self._output, self._speed)
        return lambda say: player(say, self._fault).play()

    def _live(
        self,
        recording: Recording,
        match: Match,
        config: dict[str, Any],
        binds: dict[str, Path],
        real: list[dict[str, str]],
    ) -> Play:
        folder = containers.new_launcher_folder(self._scratch)
        jobs = match.jobs
        if len(real) != len(jobs):  # an Euler search, whose combinations nobody counts beforehand
            real = [job.parameters for job in jobs]
        live.prepare(binds, recording, jobs, real, folder, self._speed)
        slots = optimizer_config.slots(config)
        return live.LiveRun(recording, config, jobs, slots, folder, self._output, self._speed, self._fault).play

    def _run_container(self, play: Play, number: str) -> bool:
        name = f"lean_cli_{uuid.uuid4().hex}"
        text = json.dumps({"id": int(number), "container": name}, indent=4) + "\n"
        (self._output / "config").write_text(text, encoding="utf-8")
        _copy_code(self._algorithm.parent, self._algorithm.parent, self._output / "code")
        return run_container(name, play, self._scratch, self._fault)

    def _show_optimum(self) -> None:
        log = self._output / "log.txt"
        found = _OPTIMUM.search(log.read_text(encoding="utf-8")) if log.exists() else None
        if not found:
            return
        time.sleep(float(os.environ.get("LEAN_REPLAY_TAIL", "0")) / self._speed)
        try:
            result = json.loads((self._output / found[2] / f"{found[2]}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CliError(str(error)) from None
        console.write(f"Optimal parameters: {found[1].replace(':', ': ').replace(',', ', ')}")
        console.write("Optimal backtest results:")
        first = _pairs(result["runtimeStatistics"])
        for line in console.table(first + _pairs(result["statistics"]), len(first), console.width()):
            sys.stdout.write(line + "\n")

    def _refuse_modes(self) -> None:
        if self._asked.has("--estimate"):
            if not (self._algorithm.parent / "backtests").exists():
                raise CliError(
                    "Please run at least one backtest for this project in order to run an optimization estimate"
                )
            raise ReplayError("no recording holds an estimate")
        if self._asked.has("--detach"):
            raise ReplayError("no recording holds a detached run")
        if self._asked.has("--optimizer-config") and self._asked.has("--strategy"):
            raise CliError("--optimizer-config and --strategy are mutually exclusive")

    def _look_for_docker(self) -> None:
        docker = os.environ.get("DOCKER_STAND_IN", "")
        if docker == "down":
            raise CliError("Please make sure Docker is installed and running", HELP_URL)
        image = self._asked.text("--image")
        if docker == "no-image":
            wanted = image or "quantconnect/lean:latest"
            console.write(f"Pulling {wanted}...")
            raise CliError(f"Something went wrong while pulling {wanted}, see the logs above for more information")
        if image:
            console.write(f"Label 'lean_version' not found in image '{image.split(':')[0]}', using default None")
            console.write(f'A custom engine-image image: "{image}" is being used!')
        elif (first := next(iter(self._recordings[0].lines), "")).startswith(_UNLABELLED):
            console.write(first)

    def _show_refusal(self, recording: Recording) -> int:
        _, _, said = str(recording.run.get("note", "")).partition("stderr: ")
        if said:
            _remark(said)
        for line in recording.lines:
            console.write(line)
        return int(recording.run["exit_code"])

    def _inside(self, path: Path) -> str:
        try:
            return str(path.relative_to(self._workspace))
        except ValueError:
            raise CliError(
                f"'{path}' is not in the subpath of '{self._workspace}' "
                "OR one path is relative and the other is absolute."
            ) from None


def _read_arguments(words: list[str]) -> Arguments | None:
    command = words[0] if words else "--help"
    if command == "--version":
        console.write(f"lean {VERSION}")
        return None
    if command == "--help":
        console.write(f"Usage: {USAGE['']}")
        return None
    if command.startswith("-"):
        raise UsageError("", f"No such option '{command}'.")
    if command not in arguments.OPTIONS:
        raise UsageError("", f"No such command '{command}'.")
    asked = arguments.parse(command, words[1:]) if "--help" not in words else None
    if asked is None:
        console.write(f"Usage: {USAGE[command]}")
    return asked


def _workspace(asked: Arguments) -> Path:
    config = asked.path("--lean-config")
    here = Path.cwd()
    folders = [config.parent] if config else [here, *here.parents]
    for folder in folders:
        if config or (folder / "lean.json").exists():
            return folder
    raise CliError(
        "This command requires a Lean configuration file, run `lean init` in an empty directory to create one, "
        "or specify the file to use with --lean-config",
        HELP_URL,
    )


def _algorithm(project: Path) -> Path:
    if project.is_file():
        return project
    for name in ("main.py", "Main.cs"):
        if (project / name).exists():
            return project / name
    raise CliError("The specified project does not contain a main.py or Main.cs file")


def _copy_code(root: Path, folder: Path, target: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in _SKIPPED and path.name[0] != "." and not (path / "pyvenv.cfg").is_file():
                _copy_code(root, path, target)
        elif path.suffix in _SOURCES:
            copy = target / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _stopped_from_outside(recording: Recording, match: Match) -> bool:
    return match.exact and str(recording.run["signal"]).startswith("SIG")


def _criteria(config: dict[str, Any]) -> tuple[object, object]:
    return config.get("optimization-criterion"), config.get("constraints") or []


def _pairs(statistics: dict[str, str]) -> list[tuple[str, str, str, str]]:
    items = [*statistics.items(), *([("", "")] if len(statistics) % 2 else [])]
    return [(*first, *second) for first, second in zip(items[::2], items[1::2], strict=True)]


def _speed() -> float:
    text = os.environ.get("LEAN_REPLAY_SPEED", "1")
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if speed <= 0:
        raise ReplayError(f"LEAN_REPLAY_SPEED is no factor: {text}")
    return speed


def _remark(text: str) -> None:
    sys.stderr.buffer.write(f"{text}\n".encode())
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
