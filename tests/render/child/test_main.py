"""The whole render on synthetic media, decoded back."""

from __future__ import annotations

from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.domain.editing.clock import place_edit, single_segment
from core.errors import InputRejected
from schemas.common import Aspect, Box, CropBox, Face, TimeRange, Word
from schemas.documents.clip_tracks import FaceSample
from schemas.documents.edit import EditList, EditSegment, PlacedSegment
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.source import SourceIndex
from schemas.options.export_options import Quality, VideoWish
from streams.render.child.main import main, render
from streams.render.quality.container import list_boxes
from streams.renderer.encoding.muxer import Encoding, build_encoding
from streams.renderer.job import THUMBNAIL_FILE, VIDEO_FILE, RenderJob, RenderResult
from tests.support.media.synthetic_media import FLASH_LENGTH_MS, FLASH_MS, flash_and_beep, plan, words, write

FAST = Encoding(preset="ultrafast", crf=26)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SourceIndex]:
    path = tmp_path_factory.mktemp("source") / "flash.mp4"
    return path, flash_and_beep(path)


def make(
    source: tuple[Path, SourceIndex],
    scratch: Path,
    crops: FramePlan,
    heard: list[Word],
    *,
    captions: bool = True,
    encoding: Encoding = FAST,
    played: list[PlacedSegment] | None = None,
) -> tuple[RenderResult, list[int]]:
    path, index = source
    task = RenderJob(plan=crops, index=index, words=heard, captions=captions, encoding=encoding, pieces=played or [])
    ticks: list[int] = []
    with path.open("rb") as file:
        rendered = render(task, file, scratch, ticks.append)
    return rendered, ticks


def lumas(path: Path) -> NDArray[np.uint8]:
    """Luma of every picture, shape (n, height / 8, width / 8)."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray()[: frame.height : 8, ::8] for frame in container.decode(video=0)])


def sound(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_captions_are_burned_at_their_words_times_and_only_there(
    source: tuple[Path, SourceIndex], tmp_path: Path
) -> None:
    crops = plan(source[1], 400, 2_400)
    heard = words("spoken words", 1_400, each_ms=400, gap_ms=0)
    with_captions, without = tmp_path / "with", tmp_path / "without"
    for folder in (with_captions, without):
        folder.mkdir()
    rendered, ticks = make(source, with_captions, crops, heard)
    make(source, without, crops, heard, captions=False)
    difference = np.abs(lumas(with_captions / VIDEO_FILE).astype(int) - lumas(without / VIDEO_FILE))
    changed = (difference > 40).reshape(len(difference), -1).sum(axis=1)
    first, last = np.nonzero(changed > 30)[0][[0, -1]]
    assert first == 25, "word starts 1,000 ms into the clip, at 25 pictures a second"
    assert last >= 44
    band = np.nonzero((difference[first:last] > 40).any(axis=(0, 2)))[0] * 8
    assert band.min() > 0.5 * 1920
    assert band.max() < 0.65 * 1920
    assert rendered.certificate.caption_cues == 1
    assert ticks == sorted(set(ticks))
    assert ticks


@pytest.mark.parametrize(("quality", "made_by"), [("draft", "ultrafast crf 23"), ("best", "slow crf 18")])
def test_the_requested_quality_is_the_encoders(
    quality: Quality, made_by: str, source: tuple[Path, SourceIndex], tmp_path: Path
) -> None:
    wish = VideoWish(quality=quality)
    rendered, _ = make(source, tmp_path, plan(source[1], 100, 600), [], encoding=build_encoding(wish, 1))
    assert f"libx264 {made_by} threads 1" in rendered.certificate.encoder


def test_size_length_tracks_and_loudness_are_as_promised(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    rendered, _ = make(source, tmp_path, plan(source[1], 100, 2_700), [], encoding=Encoding())
    certificate = rendered.certificate
    assert (certificate.width_px, certificate.height_px) == (1080, 1920)
    assert certificate.frames == 65
    assert abs(certificate.duration_ms - 2_600) <= 40
    assert certificate.integrated_lufs == pytest.approx(-14, abs=1)
    assert certificate.true_peak_dbtp is not None
    assert certificate.true_peak_dbtp <= -1
    assert certificate.warnings == []
    assert list_boxes(tmp_path / VIDEO_FILE).index("moov") < list_boxes(tmp_path / VIDEO_FILE).index("mdat")
    with av.open(str(tmp_path / VIDEO_FILE)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.profile, video.pix_fmt) == ("h264", "High", "yuv420p")
        assert (int(video.codec_context.colorspace), int(video.codec_context.color_range)) == (1, 1)
        assert (audio.codec_context.name, audio.sample_rate, audio.channels) == ("aac", 48_000, 2)
        assert not {"title", "encoder", "comment"} & set(container.metadata)


def test_picture_and_sound_stay_together(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    start_ms = 333
    make(source, tmp_path, plan(source[1], start_ms, 2_333), [])
    brightness = lumas(tmp_path / VIDEO_FILE)[:, 150:, :].mean(axis=(1, 2))
    flash = np.nonzero(brightness > 150)[0] * 40
    level = np.abs(sound(tmp_path / VIDEO_FILE))
    beep = np.nonzero(np.convolve(level, np.ones(96) / 96, "same") > 0.6 * level.max() / 1.5)[0] / 48
    assert abs(flash[0] - (FLASH_MS - start_ms)) <= 40
    assert abs(flash[0] - beep[0]) <= 40
    assert len(flash) * 40 == FLASH_LENGTH_MS


@pytest.mark.parametrize(("aspect", "size"), [("1:1", (1080, 1080)), ("16:9", (1920, 1080))])
def test_other_aspects_have_their_sizes(
    source: tuple[Path, SourceIndex], tmp_path: Path, aspect: Aspect, size: tuple[int, int]
) -> None:
    crops = plan(source[1], 0, 600, aspect=aspect)
    rendered, _ = make(source, tmp_path, crops, words("captions stand here too"))
    assert (rendered.certificate.width_px, rendered.certificate.height_px) == size
    assert rendered.certificate.caption_cues == 1


def test_the_crop_changes_with_the_very_picture_of_the_cut(tmp_path: Path) -> None:
    """Before the cut the left half is light, after it the right half: a crop late or early would show a dark one."""
    cut = 13
    pictures = []
    for number in range(25):
        picture = np.full((180, 320, 3), 30, np.uint8)
        picture[:, slice(0, 160) if number < cut else slice(160, 320)] = 220
        pictures.append(picture)
    path = tmp_path / "cut.mp4"
    index = write(path, pictures, None)
    single_segment = plan(index, 0, 1_000)
    borders = [(0, cut * 40, 20), (cut * 40, 1_000, 200)]
    shots = [
        ShotCrop(
            range=TimeRange(start_ms=start, end_ms=end),
            mode="hold",
            crop=CropBox(x=x, y=0, width=100, height=180),
            reason="test",
        )
        for start, end, x in borders
    ]
    make((path, index), tmp_path, msgspec.structs.replace(single_segment, shots=shots), [])
    found = lumas(tmp_path / VIDEO_FILE)
    assert len(found) == 25
    assert found.reshape(25, -1).min(axis=1).min() > 150


def test_an_edit_of_one_piece_gives_the_bytes_of_the_clip_itself(
    source: tuple[Path, SourceIndex], tmp_path: Path
) -> None:
    crops, found = plan(source[1], 133, 1_700), []
    for played in (None, single_segment(crops.range)):
        make(source, tmp_path, crops, words("the very same words"), played=played)
        found.append((tmp_path / VIDEO_FILE).read_bytes())
    assert found[0] == found[1]


def test_pieces_are_played_in_their_order_with_sound_and_captions(
    source: tuple[Path, SourceIndex], tmp_path: Path
) -> None:
    """The second with the flash first, at double speed, then the quiet one: picture, sound and captions follow."""
    segments = [
        EditSegment(segment_id="s1", range=TimeRange(start_ms=800, end_ms=1_600), speed=2.0),
        EditSegment(segment_id="s2", range=TimeRange(start_ms=0, end_ms=800)),
    ]
    played = place_edit(EditList(version=2, segments=segments))
    crops = plan(source[1], 0, 1_600)
    heard = words("loud", 1_000, each_ms=200, gap_ms=0)
    rendered, _ = make(source, tmp_path, crops, heard, played=played)
    assert (rendered.certificate.frames, rendered.certificate.caption_cues) == (30, 1)
    assert rendered.certificate.warnings == []
    found = lumas(tmp_path / VIDEO_FILE)
    flash = np.nonzero(found[:, 150:, :].mean(axis=(1, 2)) > 150)[0] * 40
    assert (flash[0], flash[-1]) == (120, 160), "from 100 to 200 ms of the output, on a clock of 40 ms"
    level = np.abs(sound(tmp_path / VIDEO_FILE))
    beep = np.nonzero(np.convolve(level, np.ones(96) / 96, "same") > 0.6 * level.max() / 1.5)[0] / 48
    assert beep[0] == pytest.approx(100, abs=30)
    assert beep[-1] == pytest.approx(200, abs=30)
    make(source, tmp_path, crops, heard, played=played, captions=False)
    difference = np.abs(found.astype(int) - lumas(tmp_path / VIDEO_FILE)) > 40
    assert np.nonzero(difference.reshape(30, -1).sum(axis=1) > 30)[0][0] == 3, "lit with its word, at 100 ms"


def test_the_same_task_gives_the_same_bytes(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        make(source, folder, plan(source[1], 0, 600), words("again and again"))
    first, second = ((folder / VIDEO_FILE).read_bytes() for folder in folders)
    assert first == second


def test_a_source_without_sound_gets_a_silent_track_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    index = flash_and_beep(path, length_ms=600, sound=False)
    rendered, _ = make((path, index), tmp_path, plan(index, 0, 600), [])
    assert [warning.split(":")[0] for warning in rendered.certificate.warnings] == ["audio.absent"]
    assert rendered.certificate.integrated_lufs is None
    assert abs(len(sound(tmp_path / VIDEO_FILE)) / 48 - 600) < 30


def test_a_range_beyond_the_source_holds_the_last_frame(tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    index = flash_and_beep(path, length_ms=600)
    rendered, _ = make((path, index), tmp_path, plan(index, 0, 1_600), [])
    assert rendered.certificate.frames == 40
    assert "video.frozen" in {warning.split(":")[0] for warning in rendered.certificate.warnings}


def test_a_range_without_pictures_is_refused(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    with pytest.raises(InputRejected, match="no picture"):
        make(source, tmp_path, plan(source[1], 60_000, 61_000), [])


def test_the_thumbnail_is_a_picture_of_the_clip(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    make(source, tmp_path, plan(source[1], 0, 2_000), words("no caption on it"))
    with av.open(str(tmp_path / THUMBNAIL_FILE)) as container:
        picture = next(container.decode(video=0))
    assert (picture.width, picture.height) == (1080, 1920)
    assert picture.to_ndarray(format="gray")[1200:1600].std() < 3


def test_the_thumbnail_shows_the_face_where_there_is_one(tmp_path: Path) -> None:
    """A fine chequerboard for 1.5 s, then the same with a plain patch that counts as a face."""
    board = np.kron(np.indices((90, 160)).sum(axis=0) % 2, np.ones((2, 2))).astype(np.uint8)[..., None] * 150 + 50
    pictures = [np.repeat(board, 3, axis=2) for _ in range(75)]
    face = np.random.default_rng(3).integers(90, 160, (60, 48, 1), np.uint8)
    for picture in pictures[38:]:
        picture[30:90, 136:184] = face
    index = write(tmp_path / "film.mp4", pictures, None)
    box = Box(x=136, y=30, width=48, height=60)
    seen = [FaceSample(at_ms=at_ms, face=Face(box=box, score=0.9)) for at_ms in range(1_520, 3_000, 160)]
    single_segment = plan(index, 0, 3_000)
    found = []
    for faces in ([], seen):
        make((tmp_path / "film.mp4", index), tmp_path, msgspec.structs.replace(single_segment, faces=faces), [])
        with Image.open(tmp_path / THUMBNAIL_FILE) as image:
            found.append(float(np.asarray(image.convert("L"), np.float64)[400:900, 300:780].std()))
    assert found[0] > 2 * found[1], "the patch knows neither black nor white"


def test_the_child_entry_speaks_plain_values(source: tuple[Path, SourceIndex], tmp_path: Path) -> None:
    task = RenderJob(plan=plan(source[1], 0, 400), index=source[1], encoding=FAST)
    with source[0].open("rb") as file:
        told = {"task": msgspec.json.encode(task).decode(), "plans": "[]", "folders": [str(tmp_path)]}
        (made,) = main(told, file, lambda _: None)["rendered"]
    assert msgspec.convert(made, RenderResult).certificate.frames == 10
