"""The house rules hold everywhere, and the checker finds each break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import house

BREAKS = {
    "file-name": ("streams/asked.py", '"""A module."""\n'),
    "class-name": ("streams/plan.py", '"""A module."""\n\n\nclass Told:\n    """A class."""\n'),
    "function-name": ("streams/plan.py", '"""A module."""\n\n\ndef _wanted() -> None:\n    """Do it."""\n'),
    "docstring-length": ("streams/plan.py", f'"""{"long " * 21}."""\n'),
    "constant-unit": ("streams/plan.py", '"""A module."""\n\nLONGEST = 12\n"""How long."""\n'),
    "constant-docstring": ("streams/plan.py", '"""A module."""\n\nMAX_MS = 12\n"""… and so on."""\n'),
    "idiom": ("streams/plan.py", '"""Whoever asks is told."""\n'),
    "name-idiom": ("streams/plan.py", '"""A module."""\n\n\nclass SoundWish:\n    """A class."""\n'),
    "local-name": ("streams/plan.py", '"""A module."""\n\n\ndef plan(told: int) -> None:\n    """Plan."""\n'),
    "file-length": ("streams/plan.py", '"""A module."""\n' + "\n" * 401),
}


def test_nothing_breaks_a_rule() -> None:
    found = house.findings()
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    "line",
    [
        'raise InputRejected("media.bad", "Nobody can read it.")',
        'raise CliError(2, f"{text!r} is no time: write 1:30")',
        'log.info("search is filled anew", index="clips")',
        'NOTE: Final = "stretches of it"',
    ],
)
def test_texts_for_users_are_prose(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "REPO", tmp_path)
    path = tmp_path / "plan.py"
    path.write_text(f'"""A module."""\n\n{line}\n')
    assert [one.rule for one in house.check_module(path)] == ["idiom"]


@pytest.mark.parametrize(
    "line",
    [
        'NAME = "nobody_in_frame"',
        'USER = "nobody"',
        'PATTERN = re.compile(r"nobody (says|knows)")',
        'STOPS = set("nobody whoever anew".split())',
        'raise InputRejected("media.bad", "There is no sound in `whoever`.")',
    ],
)
def test_values_of_the_wire_are_not_read_as_texts(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "REPO", tmp_path)
    path = tmp_path / "plan.py"
    path.write_text(f'"""A module."""\n\n{line}\n')
    assert not list(house.check_module(path))


@pytest.mark.parametrize("rule", BREAKS)
def test_each_rule_finds_its_break(rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, text = BREAKS[rule]
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(text)
    monkeypatch.setattr(house, "REPO", tmp_path)
    monkeypatch.setattr(house, "wire_names", set)
    found = [*house.check_folders([path]), *house.check_classes([path]), *house.check_module(path)]
    assert rule in {one.rule for one in found}


def test_a_sixteenth_module_and_a_second_name_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "REPO", tmp_path)
    monkeypatch.setattr(house, "wire_names", set)
    for folder in ("streams/render", "streams/frame"):
        (tmp_path / folder).mkdir(parents=True)
    paths = [tmp_path / f"streams/render/plan_{number}.py" for number in range(16)]
    paths.append(tmp_path / "streams/frame/plan_0.py")
    for path in paths:
        path.write_text('"""A module."""\n\n\nclass Plan:\n    """A plan."""\n')
    rules = {one.rule for one in [*house.check_folders(paths), *house.check_classes(paths)]}
    assert {"folder-size", "file-name-twice", "class-name-twice"} <= rules


@pytest.mark.parametrize(
    "line",
    [
        "STRETCHES_PER_PICK = {2}",
        "def _add_wishes(parser): ...",
        "def shape(beside, above): ...",
        "class SoundWish: ...",
        "self._stretches = []",
        "for stretch in ranges: ...",
    ],
)
def test_a_name_with_a_word_of_the_idiom_is_found(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "REPO", tmp_path)
    monkeypatch.setattr(house, "wire_names", set)
    path = tmp_path / "plan.py"
    path.write_text(f'"""A module."""\n\n{line}\n')
    assert [one.rule for one in house.check_module(path)] == ["name-idiom"]
    monkeypatch.setattr(house, "wire_names", lambda: {"SoundWish"})
    assert len(list(house.check_module(path))) == ("SoundWish" not in line), "names of the wire stay"


@pytest.mark.parametrize("name", ["stretch_audio", "wished_for", "besides", "stretcher"])
def test_other_names_are_accepted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "REPO", tmp_path)
    monkeypatch.setattr(house, "wire_names", set)
    path = tmp_path / "plan.py"
    path.write_text(f'"""A module."""\n\n{name} = []\n')
    assert not list(house.check_module(path))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("test_what_was_made_is_told", 1),
        ("test_nobody_is_told", 2),
        ("test_a_wish_lies_beside_another", 2),
        ("test_a_killed_worker_loses_no_event", 0),
        ("test_retellings_and_besides_are_other_words", 0),
        (f"test_{'a' * 61}", 1),
        ("nobody_told", 0),
    ],
)
def test_a_test_name_with_a_word_of_the_idiom_is_found(
    name: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "REPO", tmp_path)
    path = tmp_path / "tests" / "test_plan.py"
    path.parent.mkdir()
    path.write_text(f'"""A module."""\n\n\ndef {name}() -> None: ...\n')
    assert [finding.rule for finding in house.check_test_names()] == ["test-name"] * count
