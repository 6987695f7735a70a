"""Proxies: the source's own time, a key frame each second, upright, small, index first."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from core.errors import InputRejected
from core.media.decode.reader import SourceReader
from core.media.playback import judge_playback
from schemas.common import TimeRange
from schemas.documents.source import SourceIndex
from streams.ingest.probe.player_format import detect_player_format
from streams.transcode.child import main
from streams.transcode.proxy_job import INDEX_FILE, PROXY_FILE
from streams.transcode.proxy_writer import fit_size, write_proxy
from tests.support.media.shared_media import media
from tests.support.media.synthetic_media import FLASH_MS, flash_and_beep, index_of, tone, write


def proxied(path: Path, index: SourceIndex, folder: Path) -> tuple[Path, SourceIndex, list[int]]:
    """The proxy of a file, its index and what was reported."""
    folder.mkdir()
    reports: list[int] = []
    with path.open("rb") as source:
        write_proxy(source, index, folder / PROXY_FILE, folder, reports.append)
    made = index_of(folder / PROXY_FILE)
    with (folder / PROXY_FILE).open("rb") as file:
        return folder / PROXY_FILE, msgspec.structs.replace(made, player_format=detect_player_format(file)), reports


def pictures_of(path: Path, index: SourceIndex) -> list[tuple[int, np.ndarray[Any, Any]]]:
    with path.open("rb") as source:
        reader = SourceReader(source, index)
        read = reader.read_frames(TimeRange(start_ms=0, end_ms=index.duration_ms))
        return [(at_ms, frame.to_ndarray(format="gray")) for at_ms, frame in read]


def test_picture_and_sound_keep_their_times(tmp_path: Path) -> None:
    index = flash_and_beep(tmp_path / "film.mp4", length_ms=3_000)
    path, made, reports = proxied(tmp_path / "film.mp4", index, tmp_path / "proxy")
    assert abs(made.duration_ms - index.duration_ms) <= 40
    assert abs(made.origin_us) < 1_000
    bright = [at_ms for at_ms, picture in pictures_of(path, made) if picture.mean() > 150]
    assert abs(bright[0] - FLASH_MS) <= 40
    pcm = np.abs(np.fromfile((tmp_path / "proxy" / PROXY_FILE).with_suffix(".pcm"), np.int16).astype(int))
    loud = np.flatnonzero(pcm > 0.3 * 32_768)
    assert abs(loud[0] / 16 - FLASH_MS) <= 25
    assert reports == sorted(reports)
    assert judge_playback(made).smooth, judge_playback(made).obstacle


def test_each_second_has_a_key_frame(tmp_path: Path) -> None:
    index = flash_and_beep(tmp_path / "film.mp4", length_ms=5_000, sound=False)
    _, made, _ = proxied(tmp_path / "film.mp4", index, tmp_path / "proxy")
    assert made.video is not None
    assert made.packets is not None
    assert made.audio is None
    base = Fraction(*made.video.time_base)
    keys = [float(pts * base) for pts, key in zip(made.packets.pts, made.packets.key, strict=True) if key]
    assert [round(at) for at in keys] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("coded", "shown"),
    [((1920, 1080), (1280, 720)), ((3840, 2160), (1280, 720)), ((1080, 1920), (720, 1280)), ((640, 360), (640, 360))],
)
def test_a_proxy_is_small(coded: tuple[int, int], shown: tuple[int, int], tmp_path: Path) -> None:
    track = flash_and_beep(tmp_path / "film.mp4", length_ms=200, sound=False).video
    assert track is not None
    assert fit_size(msgspec.structs.replace(track, display_width=coded[0], display_height=coded[1])) == shown


def test_half_of_sixty_pictures_a_second_are_kept(tmp_path: Path) -> None:
    pictures = [np.full((90, 160, 3), number * 4, np.uint8) for number in range(60)]
    index = write(tmp_path / "film.mp4", pictures, None, rate=Fraction(60))
    _, made, _ = proxied(tmp_path / "film.mp4", index, tmp_path / "proxy")
    assert made.packets is not None
    assert len(made.packets.pts) == 30


def test_sound_alone_becomes_a_file_of_sound(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "sound.mp3"), "w") as container:
        stream = container.add_stream("libmp3lame", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone(2_000)), format="fltp", layout="stereo")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    index = index_of(tmp_path / "sound.mp3")
    (tmp_path / INDEX_FILE).write_bytes(msgspec.msgpack.encode(index))
    with (tmp_path / "sound.mp3").open("rb") as source:
        made = main({"scratch": str(tmp_path)}, source, lambda _: None)
    assert made == {"content_type": "audio/mp4", "width_px": None, "height_px": None}
    proxy = index_of(tmp_path / PROXY_FILE)
    assert proxy.video is None
    assert abs(proxy.duration_ms - index.duration_ms) <= 30


def test_hevc_of_a_phone_becomes_h264(tmp_path: Path) -> None:
    path = media("talking/noface_then_face_6s.mov")
    index = index_of_shared(path, tmp_path)
    _, made, _ = proxied(path, index, tmp_path / "proxy")
    assert index.video is not None
    assert made.video is not None
    assert (index.video.codec, made.video.codec, made.video.pixel_format) == ("hevc", "h264", "yuv420p")
    assert (made.video.display_width, made.video.display_height) == fit_size(index.video)


def index_of_shared(path: Path, folder: Path) -> SourceIndex:
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    return index_of(copy)


def test_a_source_without_a_picture_that_decodes_is_refused(tmp_path: Path) -> None:
    index = flash_and_beep(tmp_path / "film.mp4", length_ms=1_000, sound=False)
    body = bytearray((tmp_path / "film.mp4").read_bytes())
    start = body.index(b"mdat") + 4
    body[start : body.index(b"moov") - 4] = bytes(body.index(b"moov") - 4 - start)
    (tmp_path / "film.mp4").write_bytes(bytes(body))
    with (tmp_path / "film.mp4").open("rb") as source, pytest.raises(InputRejected, match="No picture"):
        write_proxy(source, index, tmp_path / PROXY_FILE, tmp_path, lambda _: None)
