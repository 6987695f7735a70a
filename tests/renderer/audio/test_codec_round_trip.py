"""The result of AAC is known sample by sample before it is used, and is not computed twice."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from schemas.options.file_formats import AudioCodec, Container, FileKind
from streams.renderer.audio.codec_round_trip import CodecRoundTrip, EncodedAudio, decode_round_trip
from streams.renderer.audio.loudness import RATE_HZ, Sound
from streams.renderer.encoding.muxer import EncodedParts, Encoding, open_writer
from streams.renderer.timeline.slots import OutputTimeline


def test_decoded_sound_lines_up_with_the_encoded_sound() -> None:
    click = np.zeros((RATE_HZ, 2), np.float32)
    click[20_000:20_400] = 0.5
    heard = decode_round_trip(click, 160_000)
    assert heard.shape == click.shape
    assert np.abs(heard[19_990:20_410]).mean() > 5 * np.abs(heard[:19_000]).mean()


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_packets_of_a_round_trip_give_the_same_file(container: Container, tmp_path: Path) -> None:
    trial, sound = CodecRoundTrip(160_000, "aac"), noise()
    trial(sound * np.float32(0.5))
    trial(sound)
    coded = trial.packets_of(sound)
    assert coded is not None
    anew, again = (
        written(tmp_path / "anew", sound, None, container),
        written(tmp_path / "again", sound, coded, container),
    )
    assert again == anew, "byte for byte"
    short = coded[:3]
    with pytest.raises(StopIteration):
        written(tmp_path / "short", sound, short, container)


def test_other_sounds_and_codecs_are_encoded_for_the_file() -> None:
    trial, sound = CodecRoundTrip(160_000, "aac"), noise()
    trial(sound)
    assert trial.packets_of(sound.copy()) is None
    others: tuple[AudioCodec, ...] = ("opus", "mp3", "pcm")
    for audio in others:
        other = CodecRoundTrip(128_000, audio)
        other(sound)
        assert other.packets_of(sound) is None


def test_sound_is_encoded_again_for_files_without_edit_lists(tmp_path: Path) -> None:
    trial, sound = CodecRoundTrip(160_000, "aac"), noise()
    trial(sound)
    files = [written(tmp_path / name, sound, coded, "mp4", edit_lists=False) for name, coded in (
        ("anew", None), ("again", trial.packets_of(sound)),
    )]  # fmt: skip
    assert files[0] == files[1]


def noise() -> Sound:
    """Two seconds of sound that differ between the channels."""
    return np.random.default_rng(3).normal(0, 0.1, (2 * RATE_HZ, 2)).astype(np.float32)


def written(
    folder: Path, sound: Sound, coded: EncodedAudio | None, container: Container, *, edit_lists: bool = True
) -> bytes:
    """A small film with a sound."""
    folder.mkdir()
    path = folder / f"film.{container}"
    timeline = OutputTimeline(start_ms=0, rate_numerator=25, rate_denominator=1, count=50)
    encoding = Encoding(preset="ultrafast", file=FileKind(container=container), edit_lists=edit_lists)
    with open_writer(path, (64, 112), timeline, sound, encoding, EncodedParts(audio_packets=coded)) as writer:
        for number in range(50):
            grey = np.full((112 * 3 // 2, 64), 40 + number, np.uint8)
            writer.write(av.VideoFrame.from_ndarray(grey, "yuv420p"), number)
    return path.read_bytes()
