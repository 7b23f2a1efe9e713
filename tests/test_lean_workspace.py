"""What a lean.json says, and the folders around it."""

from pathlib import Path

import pytest

from strategy_testing.strategy.workspace import (
    LeanConfigError,
    data_folder,
    lean_config_file,
    library_folder,
    without_comments,
)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ('{"a": 1 // one\n}', '{"a": 1  \n}'),
        ('{"a": "http://x//y", /* "b": 2, */ "c": "/* */"}', '{"a": "http://x//y",   "c": "/* */"}'),
        ('{"a": "\\"//", }', '{"a": "\\"//" }'),
        ('{"a": ",}"}', '{"a": ",}"}'),
    ],
)
def test_comments_are_removed_and_texts_kept(text: str, bare: str) -> None:
    assert without_comments(text) == bare


def test_the_data_folder_is_the_one_that_lean_json_names(tmp_path: Path) -> None:
    config = tmp_path / "lean.json"
    config.write_text('{\n  // where "data" is\n  "data-folder": "prices", // here\n}\n', encoding="utf-8")
    assert data_folder(config) == tmp_path / "prices"
    config.write_text("{}", encoding="utf-8")
    assert data_folder(config) == tmp_path / "data"
    below = tmp_path / "projects" / "mine"
    below.mkdir(parents=True)
    assert lean_config_file(below) == config
    assert library_folder(below) == tmp_path / "Library"


@pytest.mark.parametrize("text", ["{", "[]", '{"data-folder": 1}'])
def test_a_lean_json_that_cannot_be_understood_is_said(text: str, tmp_path: Path) -> None:
    config = tmp_path / "lean.json"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(LeanConfigError, match=r"lean\.json"):
        data_folder(config)
