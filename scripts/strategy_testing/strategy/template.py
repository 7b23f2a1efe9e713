"""Makes a new strategy from the template: its LEAN project, its config, and the library that both need."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from strategy_testing.errors import UserError
from strategy_testing.files import write_atomically
from strategy_testing.paths import OPTIMIZATIONS_DIR, TEMPLATE_CONFIG, TEMPLATE_PROJECT
from strategy_testing.strategy.sources import project_libraries
from strategy_testing.strategy.workspace import LIBRARY_FOLDER, NO_PROJECTS, library_folder

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,79}")
_TEMPLATE_CLASS = "TemplateStrategy"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+")


@dataclass(frozen=True)
class NewStrategy:
    """What was made."""

    project: Path
    config: Path
    libraries: tuple[Path, ...]
    """Those that were copied into the workspace because it had none of their name."""


def make_strategy(name: str, workspace: Path) -> NewStrategy:
    """Makes project and config of a strategy that runs as it stands; changes nothing that is there already.

    Args:
        name: of the strategy, its project and (in small letters) its config.
        workspace: the lean workspace.

    Raises:
        UserError: the name will not do, something of that name exists, or a file cannot be written.
    """
    project = workspace / name
    config = OPTIMIZATIONS_DIR / f"{config_stem(name)}.yaml"
    _refuse(name, project, config)
    try:
        libraries = _copy_libraries(workspace)
        with TemporaryDirectory(dir=workspace, prefix=".new-strategy-") as folder:
            draft = Path(folder) / name
            shutil.copytree(TEMPLATE_PROJECT, draft, ignore=shutil.ignore_patterns("__pycache__"))
            _rename_class(draft / "main.py", class_name(name))
            # The config in its place first: it is the one that can be taken away again without losing anything.
            write_atomically(config, _config_text(name))
            try:
                draft.rename(project)
            except OSError:
                config.unlink()
                raise
    except OSError as error:
        raise UserError(f"{name} cannot be made: {error.filename}: {error.strerror}") from None
    return NewStrategy(project, config, libraries)


def class_name(name: str) -> str:
    """`RSI_MeanReversion_ETF` as Python names classes: `RsiMeanReversionEtf`.

    A single word gets `Strategy` behind it: `Momentum` is an indicator of LEAN's, and `None` no name at all.
    """
    words = [word.capitalize() for word in _WORD.findall(name)]
    return "".join(words if len(words) > 1 else [*words, "Strategy"])


def config_stem(name: str) -> str:
    """`RSI_MeanReversion_ETF` as a file is named: `rsi_mean_reversion_etf`."""
    return "_".join(word.lower() for word in _WORD.findall(name))


def _refuse(name: str, project: Path, config: Path) -> None:
    problems = []
    if not _NAME.fullmatch(name):
        problems.append(
            f"--new-strategy {name}: a name has 2 to 80 letters, digits and underscores and begins with a letter, "
            "because folder, class and config are named after it"
        )
    elif name.lower() in NO_PROJECTS | {LIBRARY_FOLDER.lower()}:
        problems.append(f"--new-strategy {name}: this folder of a workspace has a meaning of its own; choose another")
    else:
        # On a file system that does not tell cases apart, and in people's heads, they are the same.
        taken = [entry for entry in project.parent.iterdir() if entry.name.lower() == name.lower()]
        problems += [f"{entry} exists already; choose another name" for entry in taken]
        if config.exists():
            problems.append(f"{config} exists already; choose another name")
    if problems:
        raise UserError("\n".join(problems))


def _copy_libraries(workspace: Path) -> tuple[Path, ...]:
    """Brings the template's libraries into a workspace that has none of their name."""
    own, _ = project_libraries(TEMPLATE_PROJECT, TEMPLATE_PROJECT.parent)
    copied = []
    for library in own:
        target = library_folder(workspace) / library.relative_to(TEMPLATE_PROJECT.parent / LIBRARY_FOLDER)
        if not target.exists():
            shutil.copytree(library, target, ignore=shutil.ignore_patterns("__pycache__"))
            copied.append(target)
    return tuple(copied)


def _rename_class(main: Path, name: str) -> None:
    text = main.read_text(encoding="utf-8")
    main.write_text(text.replace(f"class {_TEMPLATE_CLASS}(", f"class {name}("), encoding="utf-8")


def _config_text(name: str) -> str:
    """The template's config for another project, its comments kept."""
    text = TEMPLATE_CONFIG.read_text(encoding="utf-8")
    _, rest = text.split("\n\n", 1)
    head = f"# {name}: what is optimised, over which period, and what a result must reach. Every key is explained.\n\n"
    return head + rest.replace(f": {TEMPLATE_PROJECT.name}\n", f": {name}\n")
