"""Reading the command line of lean, refusing what the real parser refuses, in its order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from replay.refusals import CliError, UsageError

Value = str | int | float | bool | Path | tuple[str | float, ...] | None
Converter = Callable[[str], Value]


def _text(value: str) -> Value:
    return value


def _whole(value: str) -> Value:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a valid integer.") from None


def _positive(value: str) -> Value:
    try:
        number = int(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a valid integer range.") from None
    if number < 1:
        raise ValueError(f"{number} is not in the range x>=1.")
    return number


def _real(value: str) -> Value:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a valid float.") from None


def _choice(*choices: str) -> Converter:
    def convert(value: str) -> Value:
        for choice in choices:
            if value.casefold() == choice.casefold():
                return choice
        names = ", ".join(map(repr, choices))
        raise ValueError(f"{value!r} is not {'one of ' if len(choices) > 1 else ''}{names}.")

    return convert


def _path(kind: str, exists: bool, file_okay: bool = True, dir_okay: bool = True) -> Converter:
    def convert(value: str) -> Value:
        path = Path(value).expanduser().resolve()
        if exists and not path.exists():
            raise ValueError(f"{kind} '{value}' does not exist.")
        if not file_okay and path.is_file():
            raise ValueError(f"{kind} '{value}' is a file.")
        if not dir_okay and path.is_dir():
            raise ValueError(f"{kind} '{value}' is a directory.")
        return path

    return convert


@dataclass(frozen=True)
class Option:
    """One option: a converter for each value it takes, none for a switch."""

    converters: tuple[Converter, ...] = ()
    multiple: bool = False
    eager: bool = False


_SWITCH = Option()
_WORD = Option((_text,))
_COMMON = {
    "--output": Option((_path("Directory", exists=False, file_okay=False),)),
    "--detach": _SWITCH,
    "--data-provider-historical": Option((_choice("Local", "Polygon"),)),
    "--polygon-api-key": _WORD,
    "--download-data": _SWITCH,
    "--data-purchase-limit": Option((_whole,)),
    "--release": _SWITCH,
    "--image": _WORD,
    "--update": _SWITCH,
    "--addon-module": Option((_text,), multiple=True),
    "--extra-config": Option((_text, _text), multiple=True),
    "--extra-docker-config": _WORD,
    "--no-update": _SWITCH,
    "--lean-config": Option((_path("File", exists=True, dir_okay=False),), eager=True),
    "--verbose": Option(eager=True),
    "--help": Option(eager=True),
}
OPTIONS: dict[str, dict[str, Option]] = {
    "optimize": _COMMON
    | {
        "--optimizer-config": Option((_path("File", exists=True, dir_okay=False),)),
        "--strategy": Option((_choice("Grid Search", "Euler Search"),)),
        "--target": _WORD,
        "--target-direction": Option((_choice("min", "max"),)),
        "--parameter": Option((_text, _real, _real, _real), multiple=True),
        "--constraint": Option((_text,), multiple=True),
        "--estimate": _SWITCH,
        "--max-concurrent-backtests": Option((_positive,)),
    },
    "backtest": _COMMON
    | {
        "--debug": Option((_choice("pycharm", "ptvsd", "debugpy", "vsdbg", "rider", "local-platform"),)),
        "--python-venv": _WORD,
        "--backtest-name": _WORD,
        "--parameter": Option((_text, _text), multiple=True),
    },
}


@dataclass
class Arguments:
    """A command line that was taken."""

    command: str
    project: Path
    values: dict[str, list[tuple[Value, ...]]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether an option was given."""
        return name in self.values

    def text(self, name: str) -> str | None:
        """Return the last value of an option of one word."""
        return str(self.values[name][-1][0]) if name in self.values else None

    def path(self, name: str) -> Path | None:
        """Return the last value of an option which takes a path."""
        value = self.values[name][-1][0] if name in self.values else None
        return value if isinstance(value, Path) else None

    def number(self, name: str) -> int | None:
        """Return the last value of an option which takes a whole number."""
        value = self.values[name][-1][0] if name in self.values else None
        return value if isinstance(value, int) else None

    def every(self, name: str) -> list[tuple[Value, ...]]:
        """Return all the values of an option that may be given more than once."""
        return self.values.get(name, [])


def parse(command: str, words: list[str]) -> Arguments:
    """Read the words after the command; raises what the real parser would say."""
    given, loose = _split(command, words)
    options = OPTIONS[command]
    arguments = Arguments(command, Path())
    for name in sorted(given, key=lambda known: not options[known].eager):
        option = options[name]
        uses = given[name] if option.multiple else given[name][-1:]
        arguments.values[name] = [_convert(command, name, option, use) for use in uses]
    if not loose:
        raise UsageError(command, "Missing argument 'PROJECT'.")
    try:
        project = _path("Path", exists=True)(loose[0])
    except ValueError as error:
        raise UsageError(command, f"Invalid value for 'PROJECT': {error}") from None
    if len(loose) > 1:
        plural = "s" if len(loose) > 2 else ""
        raise UsageError(command, f"Got unexpected extra argument{plural} ({' '.join(loose[1:])})")
    assert isinstance(project, Path)
    arguments.project = project
    return arguments


def _convert(command: str, name: str, option: Option, words: list[str]) -> tuple[Value, ...]:
    try:
        return tuple(convert(word) for convert, word in zip(option.converters, words, strict=True))
    except ValueError as error:
        raise UsageError(command, f"Invalid value for '{name}': {error}") from None


def _split(command: str, words: list[str]) -> tuple[dict[str, list[list[str]]], list[str]]:
    options = OPTIONS[command]
    given: dict[str, list[list[str]]] = {}
    loose: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return given, loose + rest
        if not word.startswith("-") or word == "-":
            loose.append(word)
            continue
        name, equals, value = word.partition("=")
        if not word.startswith("--"):
            name, equals, value = _short(command, word)
        if name not in options:
            raise UsageError(command, f"No such option '{name}'.{_suggestion(name, options)}")
        count = len(options[name].converters)
        if not count and equals:
            raise CliError(f"Option '{name}' does not take a value.")
        if equals:
            rest.insert(0, value)
        if len(rest) < count:
            wanted = "an argument" if count == 1 else f"{count} arguments"
            raise CliError(f"Option '{name}' requires {wanted}.")
        given.setdefault(name, []).append(rest[:count])
        del rest[:count]
    return given, loose


def _short(command: str, word: str) -> tuple[str, str, str]:
    if set(word[1:]) == {"d"}:
        return "--detach", "", ""
    wrong = next(letter for letter in word[1:] if letter != "d")
    raise UsageError(command, f"No such option '-{wrong}'.")


def _suggestion(name: str, options: dict[str, Option]) -> str:
    near = sorted(map(repr, get_close_matches(name, options)))
    if not near:
        return ""
    return f" (Did you mean {near[0]}?)" if len(near) == 1 else f" (Did you mean one of: {', '.join(near)}?)"
