"""A worker's context opens ports on demand, once, and closes those that it opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.infra.llm import OpenAiChat
from core.infra.triton.embeddings import TritonVoices
from core.infra.triton.faces import TritonFaces
from core.infra.triton.names import TritonNames
from core.settings import JudgeRules, WriterRules
from streams.runtime.context import StageContext, open_context
from tests.api.fakes import make_settings
from tests.support.vectors import WordSentences

PORTS = {name for name, member in vars(StageContext).items() if isinstance(member, cached_property)}


def opened(context: StageContext) -> set[str]:
    """The ports that a context has open."""
    return PORTS & set(vars(context))


async def test_a_port_is_opened_at_its_first_use_and_once(tmp_path: Path) -> None:
    async with open_context(make_settings(work_dir=tmp_path), "look", pool()) as context:
        assert opened(context) == set()
        faces = context.faces
        assert isinstance(faces, TritonFaces)
        assert context.faces is faces
        assert opened(context) == {"faces"}


async def test_a_provided_port_is_used_as_it_is(tmp_path: Path) -> None:
    sentences = WordSentences()
    context = StageContext(settings=make_settings(work_dir=tmp_path), stage="test", pool=pool(), sentences=sentences)
    assert context.sentences is sentences
    assert opened(context) == {"sentences"}
    await context.close()


async def test_closing_closes_only_ports_opened_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr(TritonFaces, "close", noted(closed, "faces"))
    monkeypatch.setattr(TritonVoices, "close", noted(closed, "voices"))
    async with open_context(make_settings(work_dir=tmp_path), "look", pool()) as context:
        assert context.faces
        assert context.voices
    assert closed == ["voices", "faces"]


async def test_the_judge_is_opened_only_where_it_is_on(tmp_path: Path) -> None:
    settings = make_settings(work_dir=tmp_path, writer=WriterRules(url="http://127.0.0.1:9", model="m"))
    async with open_context(settings, "detect", pool()) as context:
        assert context.judge is None
        assert context.chat is not None
    judging = msgspec.structs.replace(settings, judge=JudgeRules(mode="on"))
    async with open_context(judging, "detect", pool()) as context:
        assert isinstance(context.judge, OpenAiChat)


def noted(closed: list[str], name: str) -> Callable[[object], Awaitable[None]]:
    async def close(_: object) -> None:
        closed.append(name)

    return close


async def test_a_writing_model_exists_only_if_configured(tmp_path: Path) -> None:
    async with open_context(make_settings(work_dir=tmp_path), "study", pool()) as context:
        assert context.chat is None


async def test_a_model_of_names_exists_only_if_configured(tmp_path: Path) -> None:
    async with open_context(make_settings(work_dir=tmp_path), "study", pool()) as context:
        assert context.names is None
    async with open_context(make_settings(work_dir=tmp_path, names_model="names"), "study", pool()) as context:
        assert isinstance(context.names, TritonNames)


async def test_scratch_is_removed_at_the_end_and_at_the_next_start(tmp_path: Path) -> None:
    for name in ("scratch", "cache", "downloads"):
        (tmp_path / "look" / name).mkdir(parents=True)
        (tmp_path / "look" / name / "file").touch()
    async with open_context(make_settings(work_dir=tmp_path), "look", pool()) as context:
        assert [path.name for path in (tmp_path / "look").iterdir()] == ["downloads"]
        with context.scratch() as scratch:
            (scratch / "file").touch()
        assert not scratch.exists()
        assert (context.persistent_dir("downloads") / "file").exists()


def pool() -> Any:
    """No test here asks Postgres anything."""
    return None
