"""Settings of the writer and the judge: one without the other is refused, and secrets go to who needs them."""

from __future__ import annotations

import pytest

from core.settings import JudgeRules, MissingSettingError, Settings, load_settings, load_writing_rules

NEEDED = {
    f"CLIPSTREAM_{name}": "x" for name in ("KAFKA", "POSTGRES_WORKER", "S3", "S3_ACCESS_KEY", "S3_SECRET_KEY", "TRITON")
}
WRITER = {"CLIPSTREAM_WRITER_URL": "http://model", "CLIPSTREAM_WRITER_MODEL": "m", "CLIPSTREAM_WRITER_KEY": "sk-1"}


def load(process: str, **more: str) -> Settings:
    return load_settings(NEEDED | {f"CLIPSTREAM_{name}": value for name, value in more.items()}, process)


def test_it_is_off_unless_it_is_set() -> None:
    assert load("detect").judge == JudgeRules()
    assert JudgeRules().mode == "off"


@pytest.mark.parametrize("missing", ["URL", "MODEL"])
def test_a_judge_without_a_model_is_refused(missing: str) -> None:
    given = {name.removeprefix("CLIPSTREAM_"): value for name, value in WRITER.items() if not name.endswith(missing)}
    with pytest.raises(MissingSettingError, match=f"CLIPSTREAM_JUDGE_MODE is on: set CLIPSTREAM_WRITER_{missing}"):
        load("detect", JUDGE_MODE="on", **given)


@pytest.mark.parametrize(("name", "value"), [("MODE", "yes"), ("CALLS", "3"), ("CALLS", "many"), ("BUDGET", "-")])
def test_an_unusable_value_is_named(name: str, value: str) -> None:
    with pytest.raises(MissingSettingError, match=f"CLIPSTREAM_JUDGE_{name} is not usable"):
        load("detect", **{f"JUDGE_{name}": value})


def test_the_key_is_read_by_study_and_detect_alone() -> None:
    keys = {stage: load(stage, WRITER_KEY="sk-1").writer.key for stage in ("study", "detect", "frame", "listen")}
    assert keys == {"study": "sk-1", "detect": "sk-1", "frame": "", "listen": ""}


def test_a_tool_reads_them_without_the_rest() -> None:
    writer, judge = load_writing_rules(WRITER | {"CLIPSTREAM_JUDGE_CALLS": "8"})
    assert (writer.url, writer.model, writer.key, judge.calls) == ("http://model", "m", "sk-1", 8)
