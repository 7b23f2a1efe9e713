#!/bin/sh
""":"
# Stands in the place of LEAN's launcher: gives a backtest the parameters of its combination, and hands it to a LEAN
# that is up already. The optimizer starts this file for each backtest, in the folder of LEAN's config.json, with pairs
# `--NAME VALUE`, and kills it to abort one. What it needs lies beside config.json:
# - combinations.json, where LEAN counts through the parameter `combination` because it knows only min, max and step: a
#   list of {name: value}. The combination's row is put over the project's own parameters; a value may hold anything.
# - engine.json, where engines are kept warm: how many at most, and bounds. Without it, and wherever a warm engine
#   cannot do it, this file becomes LEAN's own launcher; which of both it was stands in the backtest's folder.
for python in python3 /opt/miniconda3/bin/python3 /usr/bin/python3 /usr/local/bin/python3; do
  command -v "$python" >/dev/null 2>&1 && exec "$python" -IS "$0" "$@"
done
echo "launcher: no Python 3 in this image: LEAN runs as it would without this file" >&2
exec dotnet QuantConnect.Lean.Launcher.dll "$@"
":"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import sys
import time
from typing import NoReturn

LEAN = ["dotnet", "QuantConnect.Lean.Launcher.dll"]
CONFIG, TABLE, SETTINGS, NOTE = "config.json", "combinations.json", "engine.json", "engine.json"
HOST = "strategy_testing_host.py"
COMBINATION, PARAMETERS = "combination", "parameters"
CREATION = "algorithm-creation-timeout"
_HANDSHAKE_SECONDS = 120
_SECONDS_TO_FIND = 5
_DEATHS = 3
"""Engines that may die in a backtest before all of an optimization go without."""
_TEXT_OR_REMARK = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)
_STATEMENTS = ("algorithm-location", "algorithm-type-name", "algorithm-language")


class ColdError(Exception):
    """A warm engine cannot do it; the message says why."""


class Backtest:
    """What LEAN's optimizer asks for."""

    def __init__(self, given: list[str]) -> None:
        """Reads the arguments, LEAN's config and the table.

        Raises:
            ValueError, LookupError, OSError, …: a file cannot be read, or names no such combination.
        """
        self.given = given
        self.options = {name[2:]: value for name, value in zip(given[::2], given[1::2])}
        self.config = json.loads(_TEXT_OR_REMARK.sub(lambda found: found[1] or "", _read(CONFIG, "utf-8-sig")))
        asked = dict(pair.split(":", 1) for pair in self.options[PARAMETERS].split(","))
        self.has_row = COMBINATION in asked or os.path.exists(TABLE)
        row = self._row(float(asked.pop(COMBINATION))) if self.has_row else {}
        self.parameters = {**(self.config.get(PARAMETERS) or {}), **asked, **row}

    def _row(self, number: float) -> dict[str, str]:
        rows = json.loads(_read(TABLE))
        place = int(number)
        if not 0 <= place == number < len(rows):
            raise LookupError(f"{number} is no place in a table of {len(rows)} combinations")
        return dict(rows[place])

    def cold_arguments(self) -> list[str]:
        """What LEAN's own launcher is given: the optimizer's words, or a config with the row's parameters."""
        if not self.has_row:
            return self.given
        import tempfile  # slow to import, and seldom needed

        descriptor, copy = tempfile.mkstemp(prefix="combination-", suffix=".json")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({**self.config, PARAMETERS: self.parameters}, file)
        at = self.given.index(f"--{PARAMETERS}")
        return ["--config", copy, *self.given[:at], *self.given[at + 2 :]]

    def warm_options(self) -> dict[str, str]:
        """What a host is sent: LEAN's options, with those of its config that the host's own start has replaced."""
        own = {key: str(self.config[key]) for key in _STATEMENTS if self.config.get(key)}
        limit = {CREATION: str(self.config.get(CREATION, 90))}
        return {**limit, **own, **self.options, PARAMETERS: json.dumps(self.parameters)}


class Engines:
    """The warm engines of one optimization: a socket, a lock and a process a place, in a folder of their own."""

    def __init__(self, backtest: Backtest, settings: dict[str, float]) -> None:
        """Makes the folder.

        Raises:
            ColdError: it is somebody else's, or the optimization has come to go without.
        """
        self.backtest, self.settings = backtest, settings
        name = re.sub(r"[^\w-]", "_", backtest.options["optimization-id"])
        self.home = f"{os.environ.get('TMPDIR') or '/tmp'}/engines-{name}"  # noqa: S108 - the container's own
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        if os.stat(self.home).st_uid != os.getuid():
            raise ColdError(f"{self.home} belongs to somebody else")
        if os.path.exists(f"{self.home}/cold"):
            raise ColdError(_read(f"{self.home}/cold"))
        if backtest.warm_options().get("algorithm-language", "Python").lower() != "python":
            raise ColdError("only strategies in Python can be served by a warm engine")

    def serve(self) -> dict[str, object]:
        """Hands the backtest to an engine; the answer, when all of its files are written.

        Raises:
            ColdError: no engine could be had, or the one that was has died.
        """
        place, line = self._take()
        line = line or self._start_and_connect(place)
        line.settimeout(None)
        line.sendall((json.dumps(self.backtest.warm_options()) + "\n").encode())
        said = line.makefile().readline()
        answer = json.loads(said) if said.endswith("\n") else {"error": "it died"}
        if "error" in answer:
            raise self._death(place, str(answer["error"]).strip().splitlines()[-1])
        note = dict(answer, engine="warm", process=f"{place}-{_read(f'{self.home}/{place}.pid')}")
        if answer["replaced"]:
            self._start(place)  # for the next backtest, while others run
        return note

    def _take(self) -> tuple[int, socket.socket | None]:
        """A place of which nobody else has the lock, one with an engine that is up if there is any."""
        until = time.monotonic() + _SECONDS_TO_FIND
        while time.monotonic() < until:
            for must_be_up in (True, False):
                for place in range(int(self.settings["engines"])):
                    lock = os.open(f"{self.home}/{place}.lock", os.O_CREAT | os.O_RDWR, 0o600)
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except OSError:
                        os.close(lock)
                        continue
                    line = self._connect(place)
                    if line or not must_be_up:
                        return place, line  # the lock is held until this process ends
                    os.close(lock)
            time.sleep(0.01)
        raise ColdError("every engine was busy")

    def _connect(self, place: int) -> socket.socket | None:
        """A connection to the engine of a place, which has said that it is ready; None where none is up.

        Raises:
            ColdError: one is up and does not answer.
        """
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(self.settings.get("handshake_seconds", _HANDSHAKE_SECONDS))
        try:
            line.connect(f"{self.home}/{place}.socket")
            if line.makefile().readline():
                return line
        except socket.timeout:
            self._kill(place)
            raise self._all_cold("a warm engine is up and does not answer") from None
        except OSError:
            pass
        line.close()
        return None

    def _start_and_connect(self, place: int) -> socket.socket:
        if not self._is_alive(place):
            self._start(place)
        seconds = self.settings.get("handshake_seconds", _HANDSHAKE_SECONDS)
        until = time.monotonic() + seconds
        while self._is_alive(place):
            line = self._connect(place)
            if line:
                return line
            if time.monotonic() > until:
                self._kill(place)
                raise self._all_cold(f"a warm engine was not up after {seconds:g} seconds")
            time.sleep(0.01)
        error = f"{self.home}/{place}.socket.error"
        why = f": {_read(error).strip().splitlines()[-1]}" if os.path.exists(error) else ""
        raise self._all_cold(f"a warm engine could not start{why}")

    def _start(self, place: int) -> None:
        """Starts an engine and does not wait for it."""
        import subprocess  # slow to import, and seldom needed

        config, address = f"{self.home}/{place}.json", f"{self.home}/{place}.socket"
        _write(config, json.dumps({**self.backtest.config, CREATION: 10**6}))
        words = [*LEAN, "--config", config, "--algorithm-location", os.path.abspath(HOST)]
        words += ["--algorithm-type-name", "StrategyTestingHost", "--algorithm-language", "Python"]
        words += ["--algorithm-id", f"engine-{place}", "--results-destination-folder", f"{self.home}/engine-{place}"]
        words += ["--close-automatically", "true"]
        environment = {**os.environ, "STRATEGY_TESTING_SOCKET": address}
        environment["STRATEGY_TESTING_ENGINE"] = json.dumps(self.settings)
        for left in (address, f"{address}.error"):
            if os.path.exists(left):
                os.unlink(left)
        process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        _write(f"{self.home}/{place}.pid", str(process.pid))

    def _is_alive(self, place: int) -> bool:
        """Whether the engine's process runs: one that has ended may still be listed, and its number be another's."""
        try:
            process = f"/proc/{_read(f'{self.home}/{place}.pid')}"
            if _read(f"{process}/stat").rpartition(")")[2].split()[0] in "ZX":
                return False
            words = _read(f"{process}/cmdline")  # empty for a moment while the process becomes another program
        except OSError:
            return False
        return not words or f"{self.home}/{place}.json" in words

    def _kill(self, place: int) -> None:
        if self._is_alive(place):
            os.killpg(int(_read(f"{self.home}/{place}.pid")), signal.SIGKILL)

    def _death(self, place: int, why: str) -> ColdError:
        with open(f"{self.home}/deaths", "a", encoding="utf-8") as file:
            file.write("x")
        if os.path.getsize(f"{self.home}/deaths") >= _DEATHS:
            return self._all_cold(f"{_DEATHS} warm engines ended in a backtest, the last one: {why}")
        self._start(place)
        return ColdError(f"the warm engine ended in this backtest: {why}")

    def _all_cold(self, why: str) -> ColdError:
        """What this and every later backtest of the optimization says."""
        _write(f"{self.home}/cold", why)
        return ColdError(why)


def main() -> None:
    """Runs the backtest."""
    given, reason = sys.argv[1:], None
    try:
        backtest = Backtest(given)
    except Exception as error:
        _become_lean(given, f"LEAN runs without a combination's parameters: {error!r}")
    try:
        if os.path.exists(SETTINGS):
            note = Engines(backtest, json.loads(_read(SETTINGS))).serve()
            _leave_note(given, note)
            sys.exit(0 if note["status"] == "Completed" else 1)
    except ColdError as error:
        reason = str(error)
    except Exception as error:
        reason = repr(error)
    _become_lean(backtest.cold_arguments(), reason and f"LEAN's own launcher runs this backtest: {reason}", reason)


def _become_lean(arguments: list[str], said: str | None, reason: str | None = None) -> NoReturn:
    given = sys.argv[1:]
    if said:
        sys.stderr.write(f"launcher: {said}\n")
        sys.stderr.flush()
        _add_to_log(given, f"launcher: {said}")
    _leave_note(given, {"engine": "cold", "reason": reason or said})
    os.execvp(LEAN[0], [*LEAN, *arguments])  # noqa: S606 - the optimizer knows the process by its id


def _folder(given: list[str]) -> str | None:
    """Of the backtest's results."""
    name = "--results-destination-folder"
    return given[given.index(name) + 1] if name in given[:-1] else None


def _leave_note(given: list[str], note: dict[str, object]) -> None:
    folder = _folder(given)
    if folder:
        with contextlib.suppress(OSError):  # on a full disk the backtest does without
            _write(f"{folder}/{NOTE}", json.dumps(note))


def _add_to_log(given: list[str], line: str) -> None:
    folder = _folder(given)
    if folder:
        with contextlib.suppress(OSError), open(f"{folder}/log.txt", "a", encoding="utf-8") as log:
            log.write(time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z TRACE:: ", time.gmtime()) + line + "\n")


def _read(path: str, encoding: str = "utf-8") -> str:
    with open(path, encoding=encoding) as file:
        return file.read()


def _write(path: str, text: str) -> None:
    """Whole or not at all: others may read it meanwhile."""
    with open(f"{path}.{os.getpid()}", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.{os.getpid()}", path)


if __name__ == "__main__":
    main()
