"""Every kind of file: written, certified, and broken on purpose."""

from __future__ import annotations

from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PIL import Image

from schemas.options.export_options import ExportOptions, VideoWish
from schemas.options.file_formats import KINDS, FileKind, FileWish, broken_file_rules, file_of
from streams.render.quality.container import has_edit_lists, is_index_first
from streams.render.quality.subject import NO_CAPTIONS_REASON, NO_VIDEO_REASON
from streams.renderer.encoding.animated_image import count_preview_frames, preview_size_px, shorten_timeline
from streams.renderer.encoding.muxer import build_encoding, encoding_for_export
from streams.renderer.timeline.slots import OutputTimeline
from tests.render.quality.test_certificate import break_sync
from tests.support.certificate_factory import TIMELINE, Making, bad, check_of, scene

SILENT = {"lufs", "true_peak", "clipping", "av_offset"}
UNSEEN = {"size", "frames", "caption_offset", "caption_cut_off", "nobody_in_frame", "cut_face", "jitter", "reversals"}
UNSEEN |= {"cut_letters"}
UNSEEN |= {"black", "frozen", "ssim"}
FILMS = [
    FileWish(),
    FileWish(video_codec="hevc"),
    FileWish(video_codec="av1"),
    FileWish(container="webm"),
    FileWish(container="webm", video_codec="av1"),
    FileWish(container="mov"),
    FileWish(container="mov", audio_codec="pcm"),
    FileWish(container="mov", video_codec="prores"),
]
OTHERS: list[tuple[FileWish, set[str]]] = [
    (FileWish(container="gif"), SILENT | {"faststart"}),
    (FileWish(container="webp"), SILENT | {"faststart", "caption_cut_off", "ssim", "black", "frozen"}),
    (FileWish(container="m4a"), UNSEEN),
    (FileWish(container="mp3"), UNSEEN | {"faststart"}),
    (FileWish(container="flac"), UNSEEN | {"faststart"}),
    (FileWish(container="wav"), UNSEEN | {"faststart"}),
]


def named(file: FileKind) -> str:
    return "-".join(str(part) for part in (file.container, file.video, file.audio) if part)


def making(wish: FileWish) -> Making:
    made = Making()
    made.encoding = build_encoding(VideoWish(quality="draft"), 1, file_of(wish))
    if made.encoding.file.video == "h264":
        made.encoding = msgspec.structs.replace(made.encoding, preset="ultrafast")  # no key picture where none is due
    return made


def stand_still(made: Making) -> None:
    made.spoils = lambda _number, _luma: scene(0)


@pytest.mark.parametrize("wish", FILMS, ids=lambda wish: named(file_of(wish)))
def test_a_good_film_passes_every_check_with_any_codecs(wish: FileWish, tmp_path: Path) -> None:
    certificate = making(wish).make(tmp_path)
    assert bad(certificate) == {}
    assert certificate.verdict == "pass"


@pytest.mark.parametrize(
    ("wish", "unknown"), OTHERS, ids=lambda one: named(file_of(one)) if not isinstance(one, set) else ""
)
def test_properties_a_format_lacks_are_not_measured(wish: FileWish, unknown: set[str], tmp_path: Path) -> None:
    certificate = making(wish).make(tmp_path)
    assert bad(certificate) == dict.fromkeys(unknown, "not_measured")
    kind = file_of(wish)
    without = {name: check_of(certificate, name).detail for name in unknown - {"faststart"}}
    if kind.video is None:
        assert set(without.values()) <= {NO_VIDEO_REASON, NO_CAPTIONS_REASON}
    else:
        assert {without[name] for name in SILENT} == {f"{kind.container} has no sound"}
    assert all(without.values())
    assert certificate.verdict == "pass"
    assert certificate.warnings == []


@pytest.mark.parametrize("wish", FILMS[1:], ids=lambda wish: named(file_of(wish)))
def test_other_codecs_are_caught_when_frozen_or_out_of_sync(wish: FileWish, tmp_path: Path) -> None:
    made = making(wish)
    stand_still(made)
    break_sync(made)
    certificate = made.make(tmp_path)
    assert bad(certificate)["av_offset"] == "fail", check_of(certificate, "av_offset")
    assert bad(certificate)["frozen"] in ("warn", "fail"), check_of(certificate, "frozen")


def test_a_frozen_gif_is_caught(tmp_path: Path) -> None:
    made = making(FileWish(container="gif"))
    stand_still(made)
    assert bad(made.make(tmp_path))["frozen"] in ("warn", "fail")


def test_a_file_of_another_kind_than_requested_is_caught(tmp_path: Path) -> None:
    """An MP4 of H.264 that was to be HEVC."""
    made = Making()
    made.make(tmp_path)
    hevc = making(FileWish(video_codec="hevc"))
    written = made.encoding
    hevc.after = lambda path: path.write_bytes((tmp_path / "kept.mp4").read_bytes())
    (tmp_path / "clip.mp4").rename(tmp_path / "kept.mp4")
    assert written.file != hevc.encoding.file
    assert bad(hevc.make(tmp_path))["streams"] == "fail"


@pytest.mark.parametrize("wish", [FILMS[2], FILMS[3], OTHERS[0][0], OTHERS[1][0]], ids=lambda one: named(file_of(one)))
def test_the_same_pictures_give_the_same_bytes(wish: FileWish, tmp_path: Path) -> None:
    files = []
    for name in "ab":
        (tmp_path / name).mkdir()
        making(wish).make(tmp_path / name)
        files.append((tmp_path / name / f"clip{file_of(wish).suffix}").read_bytes())
    assert files[0] == files[1]


def test_hevc_has_the_tag_that_phones_know(tmp_path: Path) -> None:
    making(FileWish(video_codec="hevc")).make(tmp_path)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_a_preview_is_small_short_and_in_the_colours_of_the_clip(tmp_path: Path) -> None:
    making(FileWish(container="webp")).make(tmp_path)
    with Image.open(tmp_path / "clip.webp") as image:
        assert (image.size, image.n_frames) == ((270, 480), 30)  # type: ignore[attr-defined]
        grey = np.asarray(image.convert("RGB"), np.int16)[300:]
    assert np.abs(grey - grey.mean(axis=2, keepdims=True)).max() <= 4, "grey stays grey"
    assert [preview_size_px(size) for size in ((1080, 1920), (1080, 1080), (1920, 1080))] == [
        (270, 480), (480, 480), (480, 270),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "rate", "pictures"), [(1, 25, 1), (3, 25, 1), (4, 25, 2), (75, 25, 30), (30, 30, 10)]
)
def test_a_preview_has_ten_pictures_a_second(count: int, rate: int, pictures: int) -> None:
    timeline = OutputTimeline(start_ms=0, rate_numerator=rate, rate_denominator=1, count=count)
    assert count_preview_frames(timeline) == pictures


def test_a_preview_ends_after_six_seconds() -> None:
    long = OutputTimeline(start_ms=0, rate_numerator=25, rate_denominator=1, count=900)
    assert (shorten_timeline(long).count, shorten_timeline(long).timeline_parts[-1].end) == (150, 150)
    assert shorten_timeline(TIMELINE).count == TIMELINE.count


def test_an_index_behind_the_pictures_is_seen_in_webm(tmp_path: Path) -> None:
    for told in ({"cues_to_front": "1"}, {}):
        with av.open(str(tmp_path / "a.webm"), "w", format="webm", options=told) as container:
            stream = container.add_stream("libvpx-vp9", rate=10, options={"deadline": "realtime", "cpu-used": "8"})
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            for packet in stream.encode(av.VideoFrame(64, 64, "yuv420p")) + stream.encode(None):
                container.mux(packet)
        assert is_index_first(tmp_path / "a.webm") is bool(told)


def test_missing_options_take_the_containers_first_choice() -> None:
    assert file_of(FileWish()) == FileKind()
    assert named(file_of(FileWish(container="webm"))) == "webm-vp9-opus"
    assert named(file_of(FileWish(container="mov", video_codec="prores"))) == "mov-prores-pcm"
    assert named(file_of(FileWish(container="mp3"))) == "mp3-mp3"
    assert [(kind, file_of(FileWish(container=kind)).suffix) for kind in KINDS] == [
        (kind, f".{kind}") for kind in KINDS
    ]


@pytest.mark.parametrize(
    ("wish", "field", "rule"),
    [
        (FileWish(video_codec="vp9"), "video_codec", "h264 or hevc or av1 in mp4"),
        (FileWish(container="webm", audio_codec="aac"), "audio_codec", "opus in webm"),
        (FileWish(container="gif", audio_codec="aac"), "audio_codec", "left out: gif holds none that can be chosen"),
        (FileWish(container="mp3", video_codec="h264"), "video_codec", "left out: mp3 holds none that can be chosen"),
    ],
)
def test_incompatible_options_are_named_with_compatible_ones(wish: FileWish, field: str, rule: str) -> None:
    assert broken_file_rules(wish) == {field: rule}


def test_a_file_without_edit_lists_has_its_sound_in_time(tmp_path: Path) -> None:
    made = Making()
    wish = ExportOptions(preset="reels", video=VideoWish(quality="draft"))
    made.encoding = msgspec.structs.replace(encoding_for_export(wish, 1), preset="ultrafast")
    assert (made.encoding.edit_lists, made.encoding.audio_bit_rate) == (False, 128_000)
    certificate = made.make(tmp_path)
    assert not has_edit_lists(tmp_path / "clip.mp4")
    assert bad(certificate) == {}
    assert check_of(certificate, "av_offset").value == pytest.approx(0, abs=1)
    usual = Making()
    usual.make(tmp_path)
    assert has_edit_lists(tmp_path / "clip.mp4")


def test_the_certificate_holds_a_file_against_its_platform(tmp_path: Path) -> None:
    made = Making()
    made.preset = "tiktok"
    check = check_of(made.make(tmp_path), "preset")
    assert (check.verdict, check.value) == ("fail", 1), check
    assert "sides of 360" in check.detail
