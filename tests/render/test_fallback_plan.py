"""The fallback plan of a second try, and which of two files is kept."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from schemas.common import Box, CropBox, TimeRange
from schemas.documents.export import Certificate
from schemas.documents.frame_plan import FramePlan, PathKey, ShotCrop
from schemas.documents.quality import Check, CheckName, FaceExpectation, Outcome
from schemas.documents.scene import Letters
from schemas.options.caption_template import template_named
from streams.render.fallback_plan import MAX_FALLBACK_WORDS, build_fallback
from streams.render.retry import RenderedClip, choose_better, keep_first_try
from streams.renderer.job import RenderResult

LEFT, MIDDLE = CropBox(x=0, y=0, width=100, height=180), CropBox(x=110, y=0, width=100, height=180)
FACE = Box(x=10, y=40, width=40, height=50)


def shot(start_ms: int, crop: CropBox) -> ShotCrop:
    time = TimeRange(start_ms=start_ms, end_ms=start_ms + 1_000)
    return ShotCrop(range=time, mode="hold", crop=crop, reason="a face", shows="face")


PLAN = FramePlan(
    clip_id="clip", aspect="9:16", range=TimeRange(start_ms=0, end_ms=2_000), source_width=320, source_height=180,
    shots=[shot(0, LEFT), shot(1_000, MIDDLE)],
    expected=[FaceExpectation(at_ms=at_ms, box=FACE, speaks=True) for at_ms in range(0, 2_000, 100)],
)  # fmt: skip


@pytest.mark.parametrize("fault", ["nobody_in_frame", "cut_face"])
def test_only_shots_that_lose_a_face_are_fitted(fault: CheckName) -> None:
    safer = build_fallback(PLAN, None, [fault])
    assert safer is not None
    first, second = safer.plan.shots
    assert first == PLAN.shots[0]
    assert (second.mode, second.crop) == ("fit", CropBox(x=0, y=0, width=320, height=180))
    assert second.reason == "the whole picture, in a second try: a face"
    assert (safer.template, safer.changes) == (None, ["the whole picture in 1 of 2 shots"])


def test_only_shots_that_cut_letters_are_fitted() -> None:
    sign = Letters(range=TimeRange(start_ms=0, end_ms=2_000), box=Box(x=20, y=10, width=120, height=14))
    crops = [msgspec.structs.replace(LEFT, x=10, width=140), LEFT]
    shots = [shot(1_000 * number, crop) for number, crop in enumerate(crops)]
    safer = build_fallback(msgspec.structs.replace(PLAN, shots=shots, signs=[sign]), None, ["cut_letters"])
    assert safer is not None
    assert [one.mode for one in safer.plan.shots] == ["hold", "fit"]


def test_the_full_picture_is_the_content_area() -> None:
    content = CropBox(x=0, y=20, width=320, height=140)
    shots = [msgspec.structs.replace(one, content=content) for one in PLAN.shots]
    safer = build_fallback(msgspec.structs.replace(PLAN, shots=shots), None, ["cut_face"])
    assert safer is not None
    assert (safer.plan.shots[1].mode, safer.plan.shots[1].crop) == ("fit", content)


@pytest.mark.parametrize("fault", ["jitter", "reversals"])
def test_a_crop_that_moves_too_much_is_replaced_by_fit(fault: CheckName) -> None:
    safer = build_fallback(PLAN, None, [fault])
    assert safer is not None
    assert {one.mode for one in safer.plan.shots} == {"fit"}


def test_the_safer_shots_of_the_framing_plan_come_first() -> None:
    path = [PathKey(at_ms=0, box=Box(x=0, y=0, width=100, height=180))]
    moving = msgspec.structs.replace(PLAN.shots[0], mode="follow", path=path)
    planned = msgspec.structs.replace(PLAN, shots=[moving, PLAN.shots[1]], safer=PLAN.shots, expected=[])
    safer = build_fallback(planned, None, ["jitter"])
    assert safer is not None
    assert safer.plan.shots == PLAN.shots
    assert safer.changes == ["a still crop in 1 of 2 shots"]
    faces = build_fallback(msgspec.structs.replace(planned, expected=PLAN.expected), None, ["cut_face"])
    assert faces is not None
    assert [one.mode for one in faces.plan.shots] == ["hold", "fit"]
    assert faces.changes == ["the whole picture in 1 of 2 shots", "a still crop in 1 of 2 shots"]
    older = build_fallback(msgspec.structs.replace(planned, safer=[]), None, ["jitter"])
    assert older is not None
    assert older.plan.shots[0].path == []


@pytest.mark.parametrize("fault", ["caption_offset", "caption_cut_off"])
def test_captions_that_fail_become_plain_ones(fault: CheckName) -> None:
    safer = build_fallback(PLAN, template_named("typewriter"), [fault])
    assert safer is not None
    assert safer.plan == PLAN
    assert safer.template is not None
    assert (safer.template.highlight.how, safer.template.motion.enter) == ("colour", "none")
    assert safer.template.wrap.max_words == MAX_FALLBACK_WORDS
    assert build_fallback(PLAN, safer.template, [fault]) is None, "there is nothing plainer"
    again = build_fallback(PLAN, safer.template, [fault], has_styles=True)
    assert again is not None
    assert not again.keeps_styles, "segments with a look of their own have none in the second try"
    moved = build_fallback(PLAN, None, ["cut_face"], has_styles=True)
    assert moved is not None
    assert moved.keeps_styles


def test_faults_that_no_plan_can_help_are_not_retried() -> None:
    others: list[CheckName] = [
        "duration", "streams", "size", "frames", "faststart", "lufs", "true_peak", "clipping", "black", "frozen",
        "av_offset", "ssim",
    ]  # fmt: skip
    assert build_fallback(PLAN, None, others) is None
    whole = msgspec.structs.replace(PLAN, shots=[msgspec.structs.replace(one, mode="fit") for one in PLAN.shots])
    assert build_fallback(whole, None, ["jitter"]) is None, "all of it is shown already"


def check(name: CheckName, verdict: Outcome) -> Check:
    return Check(name=name, value=1.0, unit="", limit=0.0, side="at_most", verdict=verdict)


def rendered_clip(*checks: Check, cpu_ms: int = 5) -> RenderedClip:
    verdict = "fail" if any(one.verdict == "fail" for one in checks) else "pass"
    certificate = Certificate(
        width_px=1080, height_px=1920, duration_ms=1, frames=1, frame_rate=25.0, integrated_lufs=None,
        true_peak_dbtp=None, caption_cues=0, encoder="x", checks=list(checks), verdict=verdict,
    )  # fmt: skip
    return RenderedClip(folder=Path(), plan=PLAN, rendered=RenderResult(certificate=certificate), cpu_ms=cpu_ms)


def test_the_better_of_two_files_stays_and_the_other_is_reported() -> None:
    safer = build_fallback(PLAN, None, ["jitter"])
    assert safer is not None
    bad, good = rendered_clip(check("jitter", "fail")), rendered_clip(check("jitter", "warn"), cpu_ms=7)
    kept = choose_better(bad, good, safer)
    assert (kept.certificate.verdict, kept.certificate.tries, kept.cpu_ms) == ("pass", 2, 12)
    assert kept.certificate.safer == ["the whole picture in 2 of 2 shots"]
    other = kept.certificate.other_try
    assert other is not None
    assert (other.number, other.verdict, other.faults) == (1, "fail", ["jitter"])
    assert kept.certificate.warnings == [
        "export.second_try: the file as asked for failed (jitter); this is a second one, with the whole picture in 2 of"
        " 2 shots"
    ]


def test_two_failed_files_are_reported_with_the_chosen_one() -> None:
    safer = build_fallback(PLAN, None, ["jitter"])
    assert safer is not None
    worse, bad = rendered_clip(check("jitter", "fail"), check("lufs", "fail")), rendered_clip(check("lufs", "fail"))
    kept = choose_better(worse, bad, safer).certificate
    assert (kept.verdict, kept.tries, kept.other_try and kept.other_try.number) == ("fail", 2, 1)
    assert kept.warnings[-1].startswith(
        "export.failed_twice: both tries failed (the first: jitter, lufs; the second: lufs); this is the second one"
    )
    alike = choose_better(bad, rendered_clip(check("lufs", "fail")), safer).certificate
    assert (alike.safer, alike.other_try and alike.other_try.number) == ([], 2), "of two alike what was asked for"
    assert "this is the first" in alike.warnings[-1]


def test_a_failed_second_render_leaves_the_first_file() -> None:
    safer = build_fallback(PLAN, None, ["jitter"])
    assert safer is not None
    kept = keep_first_try(rendered_clip(check("jitter", "fail")), safer, "There is no picture.").certificate
    assert (kept.verdict, kept.tries, kept.safer) == ("fail", 2, [])
    assert kept.other_try is not None
    assert (kept.other_try.verdict, kept.other_try.why) == (None, "There is no picture.")
    assert "could not be made" in kept.warnings[-1]
