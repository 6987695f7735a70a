"""Containers in which players begin and seek at once: index first, no fragments, cues that are named."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest

from streams.ingest.probe.player_format import detect_player_format
from tests.support.media.hostile_files import film
from tests.support.media.shared_media import LECTURE


def remuxed(path: Path, to: Path, **options: str) -> Path:
    with av.open(str(path)) as source, av.open(str(to), "w", options=options) as target:
        streams = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    return to


def told(path: Path) -> str | None:
    with path.open("rb") as source:
        return detect_player_format(source)


def test_an_mp4_has_its_index_in_front(tmp_path: Path) -> None:
    plain = film(tmp_path / "plain.mp4")
    assert told(plain) is None, "its index stands at the end"
    assert told(remuxed(plain, tmp_path / "fast.mp4", movflags="+faststart")) == "mp4"
    assert told(remuxed(plain, tmp_path / "fast.mov", movflags="+faststart")) is None, "QuickTime"
    assert told(remuxed(plain, tmp_path / "parts.mp4", movflags="+frag_keyframe+empty_moov")) is None, "fragments"


def test_a_webm_names_its_cues(tmp_path: Path) -> None:
    assert told(LECTURE) == "webm"
    live = film(tmp_path / "live.webm", codec="libvpx", sound=False)
    assert told(live) == "webm"
    assert told(remuxed(live, tmp_path / "stream.webm", live="1")) is None, "a recording of a browser has no cues"
    assert told(film(tmp_path / "film.mkv")) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"OggS", "ogg"),
        (b"fLaC", "flac"),
        (b"RIFF\0\0\0\0WAVE", "wav"),
        (b"RIFF\0\0\0\0AVI ", None),
        (b"", None),
        (b"ID3", None),
        (b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\0moov", None),
        (b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x08free" * 100, None),
        (b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x01moov" + b"\xff" * 8, None),
    ],
)
def test_other_files_are_known_by_their_head(head: bytes, expected: str | None) -> None:
    assert detect_player_format(io.BytesIO(head)) == expected
