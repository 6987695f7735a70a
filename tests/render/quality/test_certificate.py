"""The certificate against files that are broken on purpose, one property at a time, and against a good one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from schemas.common import Box, CropBox, TimeRange
from schemas.documents.export import CaptionCue, Certificate
from schemas.documents.frame_plan import Pane, PathKey, ShotCrop
from schemas.documents.quality import verdict_of
from schemas.documents.scene import Letters
from schemas.options.caption_template import CaptionTemplate, templates
from streams.render.quality.check_captions import MAX_LATE_MS
from streams.render.quality.check_frames import check_frames
from streams.render.quality.container import FileTracks
from streams.render.quality.probe import MAX_STILLS, ProbedFile, SampledFrame, pick_evenly, probe_file
from streams.render.quality.reference_frames import ReferenceFrames, sample_luma
from streams.render.quality.subject import CheckSubject, Expectation
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.audio.normalize import normalize_loudness
from streams.renderer.captions.look import build_look
from streams.renderer.timeline.slots import Slot
from tests.support.certificate_factory import (
    COUNT,
    CROP,
    CUE,
    FACE,
    RATE,
    SAID,
    SIZE,
    TIMELINE,
    Making,
    bad,
    check_of,
    frame,
    plan,
    scene,
    shot,
)
from tests.support.media.synthetic_media import words


def test_a_good_file_passes_every_check(tmp_path: Path) -> None:
    certificate = Making().make(tmp_path)
    assert bad(certificate) == {}
    assert certificate.verdict == "pass"
    assert len({check.name for check in certificate.checks}) == len(certificate.checks) == 19
    assert msgspec.json.decode(msgspec.json.encode(certificate), type=Certificate) == certificate


@pytest.mark.parametrize("template", templates().values(), ids=lambda one: one.template_id)
def test_the_captions_of_every_template_pass(template: CaptionTemplate, tmp_path: Path) -> None:
    making = Making()
    making.look = build_look(*SIZE, template)
    assert bad(making.make(tmp_path)) == {}


def test_a_caption_just_before_a_key_frame_is_in_time(tmp_path: Path) -> None:
    making = Making()
    making.said = words("said aloud here", 1_800, each_ms=300, gap_ms=20)
    making.drawn = making.told = [
        CaptionCue(start_ms=making.said[0].start_ms, end_ms=making.said[-1].end_ms, words=making.said)
    ]
    certificate = making.make(tmp_path)
    keys = probe_file(tmp_path / "clip.mp4", TIMELINE.rate).keys
    assert any(1_800 < key * TIMELINE.period_ms < 1_800 + MAX_LATE_MS for key in keys), keys
    assert check_of(certificate, "caption_offset").value == 0
    assert bad(certificate) == {}


def test_a_caption_ending_within_a_key_frame_is_not_missed(tmp_path: Path) -> None:
    making = Making()
    making.late_ms = 32.0
    making.said = words("said aloud here", 1_200, each_ms=280, gap_ms=20)
    making.drawn = making.told = [CaptionCue(start_ms=1_200, end_ms=making.said[-1].end_ms, words=making.said)]
    certificate = making.make(tmp_path)
    keys = probe_file(tmp_path / "clip.mp4", TIMELINE.rate).keys
    assert any(0 < making.said[-1].end_ms - key * TIMELINE.period_ms < making.late_ms for key in keys), keys
    assert bad(certificate) == {"caption_cut_off": "not_measured"}, "no other sampled picture has a caption"


def shifted(sound: Sound, ms: int) -> Sound:
    return np.roll(sound, ms * RATE_HZ // 1000, axis=0)


def remuxed(path: Path, *, faststart: bool = True, second_track: bool = False) -> None:
    """The same packets in another file."""
    out = path.with_suffix(".new.mp4")
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path)) as source, av.open(str(out), "w", format="mp4", options=options) as target:
        streams = {one.index: target.add_stream_from_template(one) for one in source.streams}
        extra = target.add_stream("aac", rate=RATE_HZ, layout="stereo") if second_track else None
        for packet in source.demux():
            if packet.dts is None:
                continue
            packet.stream = streams[packet.stream.index]
            target.mux(packet)
        if extra is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            silence.sample_rate, silence.pts, silence.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
            target.mux(extra.encode(silence))
            target.mux(extra.encode(None))
    shutil.move(out, path)


def shakes(source_ms: int) -> ShotCrop:
    """Fourteen pixels to and fro, a dozen times a second."""
    start = source_ms // 80 * 80
    crop = msgspec.structs.replace(CROP, x=CROP.x + 14 * (start // 80 % 2))
    return shot(crop, start, start + 80)


def break_duration(making: Making) -> None:
    making.written_sound = making.sound[: len(making.sound) // 2]


def break_streams(making: Making) -> None:
    making.after = lambda path: remuxed(path, second_track=True)


def break_size(making: Making) -> None:
    making.size_px = 1080, 1920


def break_frames(making: Making) -> None:
    making.count = COUNT - 3


def break_faststart(making: Making) -> None:
    making.after = lambda path: remuxed(path, faststart=False)


def break_offset_drawn(making: Making) -> None:
    making.drawn = [msgspec.structs.replace(CUE, start_ms=CUE.start_ms + 240)]


def break_offset_reported(making: Making) -> None:
    late = [msgspec.structs.replace(word, start_ms=word.start_ms + 180) for word in SAID]
    making.drawn = making.told = [msgspec.structs.replace(CUE, start_ms=late[0].start_ms, words=late)]


def break_missing(making: Making) -> None:
    making.drawn = []


def break_cut_off(making: Making) -> None:
    making.look = msgspec.structs.replace(making.look, font_px=90, smallest_font_px=90)


def break_low(making: Making) -> None:
    making.look = msgspec.structs.replace(making.look, centre_y_px=SIZE[1] - 6)


def swaying(start_ms: int = 10_000, every_ms: int = 3_000) -> ShotCrop:
    """A crop that moves right and back, 20 px a second."""
    path = [
        PathKey(at_ms=start_ms + every_ms * n, box=Box(x=200 + 0.02 * every_ms * (n % 2), y=0, width=180, height=320))
        for n in range(1 + 3_000 // every_ms)
    ]
    return msgspec.structs.replace(shot(), mode="follow", path=path)


def break_reversals(making: Making) -> None:
    making.crops = lambda _: swaying(every_ms=500)


def test_a_crop_that_moves_slowly_once_passes(tmp_path: Path) -> None:
    making = Making()
    making.crops = lambda _: swaying()
    certificate = making.make(tmp_path)
    assert bad(certificate) == {}, "it moves by 0.8 px of a source of 640 in a picture"
    assert check_of(certificate, "jitter").value == pytest.approx(0.8, abs=0.05)


def test_panes_are_checked_against_every_expected_face(tmp_path: Path) -> None:
    panes = [Pane(source=CropBox(x=int(x), y=40, width=180, height=160), share=0.5) for x in (FACE.x - 60, 20)]
    making = Making()
    making.crops = lambda _: msgspec.structs.replace(shot(), mode="split", panes=panes)
    assert bad(making.make(tmp_path)) == {}
    making.plan = plan(Box(x=500, y=100, width=60, height=80))
    assert bad(making.make(tmp_path)) == {"nobody_in_frame": "fail"}


def break_empty_frame(making: Making) -> None:
    making.plan = plan(Box(x=20, y=100, width=60, height=80))


def break_cut_face(making: Making) -> None:
    making.plan = plan(Box(x=220, y=100, width=60, height=80))


def break_letters(making: Making) -> None:
    sign = Letters(range=TimeRange(start_ms=10_000, end_ms=13_000), box=Box(x=220, y=20, width=300, height=30))
    making.plan = msgspec.structs.replace(making.plan, signs=[sign])


def break_jitter(making: Making) -> None:
    making.crops = shakes


def break_loud(making: Making) -> None:
    making.written_sound = np.clip(making.sound * 1.6, -0.8, 0.8)


def break_peak(making: Making) -> None:
    making.written_sound = making.sound.copy()
    making.written_sound[RATE_HZ : RATE_HZ + 960] = 1.6 * np.sin(np.arange(960) / 8)[:, None]


def break_clipping(making: Making) -> None:
    making.written_sound = np.clip(making.sound * 60, -1, 1)


def break_black(making: Making) -> None:
    making.spoils = lambda number, luma: np.full_like(luma, 16) if number >= 40 else luma


def break_frozen(making: Making) -> None:
    making.spoils = lambda number, luma: scene(min(number, 10))


def break_sync(making: Making) -> None:
    making.written_sound = shifted(making.sound, 90)


def break_sound(making: Making) -> None:
    making.written_sound = np.roll(making.sound[::-1], RATE_HZ // 3, axis=0)


def break_sync_of_pictures(making: Making) -> None:
    making.spoils = lambda number, luma: scene(max(0, number - 3))


def break_ssim(making: Making) -> None:
    blocks = np.random.default_rng(2).integers(-40, 40, (60, 34)).repeat(8, 0).repeat(8, 1)[: SIZE[1], : SIZE[0]]
    making.spoils = lambda _, luma: np.clip(luma + blocks, 16, 235).astype(np.uint8)


BROKEN: Sequence[tuple[Callable[[Making], None], str, str]] = [
    (break_duration, "duration", "fail"),
    (break_streams, "streams", "fail"),
    (break_size, "size", "fail"),
    (break_frames, "frames", "fail"),
    (break_faststart, "faststart", "fail"),
    (break_offset_drawn, "caption_offset", "fail"),
    (break_offset_reported, "caption_offset", "fail"),
    (break_missing, "caption_offset", "fail"),
    (break_cut_off, "caption_cut_off", "fail"),
    (break_low, "caption_cut_off", "fail"),
    (break_empty_frame, "nobody_in_frame", "fail"),
    (break_cut_face, "cut_face", "fail"),
    (break_letters, "cut_letters", "fail"),
    (break_jitter, "jitter", "fail"),
    (break_jitter, "reversals", "fail"),
    (break_reversals, "reversals", "fail"),
    (break_loud, "lufs", "fail"),
    (break_peak, "true_peak", "fail"),
    (break_clipping, "clipping", "fail"),
    (break_black, "black", "fail"),
    (break_frozen, "frozen", "warn"),
    (break_sync, "av_offset", "fail"),
    (break_sound, "av_offset", "fail"),
    (break_sync_of_pictures, "av_offset", "fail"),
    (break_ssim, "ssim", "fail"),
]


@pytest.mark.parametrize(("spoil", "name", "verdict"), BROKEN, ids=lambda one: getattr(one, "__name__", one))
def test_every_deliberate_fault_is_caught(
    spoil: Callable[[Making], None], name: str, verdict: str, tmp_path: Path
) -> None:
    making = Making()
    spoil(making)
    certificate = making.make(tmp_path)
    assert bad(certificate).get(name) == verdict, check_of(certificate, name)
    assert certificate.verdict == verdict_of(certificate.checks) != "pass"


def test_a_long_frozen_file_fails_with_sampled_key_frames() -> None:
    """Three minutes: a run of still frames must not end at the key frames between two sampled ones."""
    count, step = 180 * RATE, 2 * RATE
    keys = list(range(0, count, step))
    making, witness = Making(), ReferenceFrames()
    for number in range(0, count, 10):
        witness.add_frame(
            frame(scene(number % 60)), [Slot(number=number, at_ms=number * 40.0)], source_ms=0, shot=shot()
        )
    still = sample_luma(frame(scene(0)))
    tracks = FileTracks(
        width_px=SIZE[0], height_px=SIZE[1], frames=count, frame_rate=RATE, video_ms=count * 40.0, audio_ms=0,
        index_first=True,
    )  # fmt: skip
    film = ProbedFile(
        path=Path("clip.mp4"), tracks=tracks, sizes=[9_000 if number in keys else 20 for number in range(count)],
        keys=keys, sound=None,
        stills=[SampledFrame(number=number, luma=still) for number in pick_evenly(keys, MAX_STILLS)],
    )  # fmt: skip
    meant = Expectation(
        plan=making.plan, timeline=msgspec.structs.replace(TIMELINE, count=count), size_px=SIZE, sound=making.sound,
        reference=witness,
    )  # fmt: skip
    (frozen,) = (check for check in check_frames(CheckSubject(probed=film, expected=meant)) if check.name == "frozen")
    assert (frozen.verdict, frozen.at_ms) == ("fail", [40])


def test_a_black_or_still_source_does_not_fail_the_file(tmp_path: Path) -> None:
    making = Making()
    making.shows = lambda number: np.full((SIZE[1], SIZE[0]), 16, np.uint8) if number < 30 else scene(10)
    certificate = making.make(tmp_path)
    assert {name for name in bad(certificate) if name in ("black", "frozen", "av_offset", "ssim")} == set()
    assert "in the source" in check_of(certificate, "black").detail


def test_unmeasurable_checks_are_listed_and_fail_nothing(tmp_path: Path) -> None:
    making = Making()
    making.sound = np.zeros_like(making.sound)
    making.drawn = making.told = []
    making.plan = msgspec.structs.replace(making.plan, expected=[])
    certificate = making.make(tmp_path)
    unknown = {"lufs", "true_peak", "av_offset", "caption_offset", "caption_cut_off", "nobody_in_frame", "cut_face"}
    assert bad(certificate) == dict.fromkeys(unknown, "not_measured")
    assert all(check_of(certificate, name).detail for name in unknown)
    assert certificate.verdict == "pass"


def test_sound_too_soft_to_measure_is_described_as_in_the_warning(tmp_path: Path) -> None:
    making = Making()
    making.sound = making.sound * np.float32(1e-4)
    settled = normalize_loudness(making.sound, -14, lambda sound: sound)
    making.sound = settled.sound
    level = check_of(making.make(tmp_path), "lufs")
    assert settled.warnings[0].startswith("audio.silent")
    assert (level.verdict, level.value) == ("not_measured", None)
    assert "-70 LUFS" in level.detail


def test_a_room_alone_warns_and_is_not_called_loud_enough(tmp_path: Path) -> None:
    making = Making()
    hiss = np.random.default_rng(2).standard_normal(making.sound.shape) * 1e-3
    settled = normalize_loudness(hiss.astype(np.float32), -14, lambda sound: sound)
    making.sound = settled.sound
    assert settled.warnings[0].startswith("audio.quiet")
    assert check_of(making.make(tmp_path), "lufs").verdict == "warn"


def test_certificates_from_before_the_checks_still_decode() -> None:
    old = {
        "width_px": 1080, "height_px": 1920, "duration_ms": 1, "frames": 1, "frame_rate": 25.0, "caption_cues": 0,
        "integrated_lufs": None, "true_peak_dbtp": None, "encoder": "x",
    }  # fmt: skip
    certificate = msgspec.convert(old, Certificate)
    assert (certificate.checks, certificate.verdict) == ([], None)
