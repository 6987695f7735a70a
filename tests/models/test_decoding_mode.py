"""One meaning and one set of values for the mode of Whisper, wherever it is said."""

from __future__ import annotations

import base64
from typing import get_args

import msgspec
import pytest

from core.settings import MissingSettingError, Settings, load_settings
from schemas.access.process_settings import needed_by
from tests.models.load import REPOSITORY, load

modes = load("whisper", "decoding_mode")


@pytest.mark.parametrize(
    ("asked", "configured", "taken"),
    [
        ("auto", "auto", "batched"),
        ("auto", "sequential", "sequential"),
        ("batched", "sequential", "batched"),
        ("sequential", "auto", "sequential"),
    ],
)
def test_a_request_goes_before_the_setting_before_the_best(asked: str, configured: str, taken: str) -> None:
    assert modes.resolve(asked, configured) == taken


def test_an_unknown_mode_is_one_line_that_lists_the_known() -> None:
    with pytest.raises(ValueError, match="CLIPSTREAM_WHISPER_MODE is 'fast': give auto, batched or sequential"):
        modes.check("fast", "CLIPSTREAM_WHISPER_MODE")


def test_only_whispers_two_tasks_are_accepted() -> None:
    assert [modes.task(asked) for asked in (None, "", "translate")] == ["transcribe", "transcribe", "translate"]
    with pytest.raises(ValueError, match="task is 'sing': give transcribe or translate"):
        modes.task("sing")


def test_a_worker_refuses_an_unknown_mode_before_it_starts() -> None:
    required = {field.name for field in msgspec.structs.fields(Settings) if field.required}
    environ = {f"CLIPSTREAM_{name.upper()}": "x" for name in required | needed_by("listen")}
    environ |= {"CLIPSTREAM_SECRET": base64.b64encode(bytes(32)).decode(), "CLIPSTREAM_WHISPER_MODE": "fast"}
    with pytest.raises(MissingSettingError, match=r"CLIPSTREAM_WHISPER_MODE .* 'fast', not one of auto, batched"):
        load_settings(environ, "listen")


def test_workers_and_model_know_the_same_modes() -> None:
    field = next(field for field in msgspec.structs.fields(Settings) if field.name == "whisper_mode")
    assert set(get_args(field.type)) == set(modes.MODES)
    assert field.default == modes.AUTO
    assert f'key: "mode" value: {{ string_value: "{modes.AUTO}" }}' in (REPOSITORY / "whisper/config.pbtxt").read_text()
