"""How near exports come to −14 LUFS under −1 dBTP on the decoded AAC.

Compared with plain gain and libav's own loudnorm.

``python -m benchmarks.render.loudness``. Ranges of the shared media as they are, and some made harder: soft,
clipped, whispered with a shout, three seconds, mostly silent, one-sided, with bumps. The judge is libav's ebur128, not
our own meter. A range in which nothing is to be heard is left out by all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial

import av
import numpy as np

from schemas.common import Value
from streams.renderer.audio.codec_round_trip import decode_round_trip
from streams.renderer.audio.loudness import RATE_HZ, Sound, integrated_lufs
from streams.renderer.audio.normalize import normalize_loudness
from streams.renderer.audio.soundtrack import fade_edges, gather_audio
from tests.support.media.shared_media import media

BIT_RATE = 160_000
TARGET_LUFS, NEAR_LU, CEILING_DBTP = -14.0, 0.5, -1.0
LONG_S = 20
SOURCES = (
    ("talking/physicsworks_lecture_203s_240p.webm", (10, 80, 150)),
    ("talking/auto-editor_example_42s_720p.mp4", (0, 20)),
    ("talking/hamilton_whitehouse_10s_360p.mp4", (0,)),
    ("talking/googlework_35s_180p.mp4", (0, 15)),
    ("talking/tears_of_steel_dialogue_9s.mp4", (0,)),
    ("talking/nasa_13013_voiceover.mp4", (0,)),
    ("talking/obama_speech_2faces_9s_240p.mp4", (0,)),
    ("speech/jfk.flac", (0,)),
    ("speech/lucier_101s.wav", (0, 60)),
    ("speech/word_level/acoustic_corpus.wav", (0,)),
    ("speech/librispeech/1221-135766-0001.wav", (0,)),
    ("diarization/pyannote_sample.wav", (0,)),
    ("diarization/ami/dev00.wav", (0,)),
    ("diarization/ami/trn01.wav", (0,)),
    ("music/Kevin_MacLeod-Vibe_Ace.ogg", (0, 30)),
    ("music/Kevin_MacLeod-Nutcracker.ogg", (0, 60)),
    ("music/Hungarian_Dance_5.ogg", (0,)),
    ("shots/bbb_trailer_55s_720p.mp4", (0, 30)),
)
WAYS = ("plain gain", "loudnorm", "ours")


class Outcome(Value, frozen=True, kw_only=True):
    """One range by one way."""

    name: str
    lufs: float
    peak_dbtp: float
    told: bool = False
    """Whether the way itself said that it could not."""


def list_sounds() -> Iterator[tuple[str, Sound]]:
    """Name and sound of each: those of the media, then the harder ones made of some."""
    voices = []
    for file, starts in SOURCES:
        for start_s in starts:
            sound = loaded(file, start_s, LONG_S)
            yield f"{file.rsplit('/', 1)[-1]} {start_s} s", sound
            if file.startswith("speech/") and len(voices) < 4:
                voices.append(sound)
    for number, voice in enumerate(voices):
        for make in (soft, softer, clipped, shouted, short, mostly_silent, one_sided, bumped):
            yield f"{make.__name__} {number}", make(voice)


def loaded(file: str, start_s: float, length_s: float) -> Sound:
    """48 kHz stereo of a range; shorter where the file ends."""
    with av.open(str(media(file))) as container:
        stream = container.streams.audio[0]
        length_s = min(length_s, (container.duration or 0) / 1e6 - start_s)
        frames = ((round((frame.time or 0) * 1000), frame) for frame in container.decode(stream))
        near = (timed_frame for timed_frame in frames if timed_frame[0] > (start_s - 1) * 1000)
        sound = gather_audio(
            until(near, (start_s + length_s + 1) * 1000), round(start_s * 1000), round(length_s * RATE_HZ)
        )
    assert sound is not None
    return sound


def until(frames: Iterator[tuple[int, av.AudioFrame]], end_ms: float) -> Iterator[tuple[int, av.AudioFrame]]:
    """Frames that begin no later than ``end_ms``."""
    for at_ms, frame in frames:
        if at_ms > end_ms:
            return
        yield at_ms, frame


def soft(voice: Sound) -> Sound:
    """20 dB softer."""
    return voice * np.float32(0.1)


def softer(voice: Sound) -> Sound:
    """32 dB softer, in steps of 16 bits, as a telephone lying at the back of a hall records."""
    return (np.round(voice * 0.025 * 32_768) / 32_768).astype(np.float32)


def clipped(voice: Sound) -> Sound:
    """Driven into full scale."""
    return np.clip(voice * np.float32(12), -1, 1)


def shouted(voice: Sound) -> Sound:
    """Whispered, with a shout of half a second."""
    gain = np.full((len(voice), 1), 0.03, np.float32)
    gain[2 * RATE_HZ : 5 * RATE_HZ // 2] = 1
    return voice * gain


def short(voice: Sound) -> Sound:
    """Three seconds."""
    return voice[RATE_HZ : 4 * RATE_HZ]


def mostly_silent(voice: Sound) -> Sound:
    """Three seconds of voice behind half a minute of nothing."""
    return np.concatenate([np.zeros((30 * RATE_HZ, 2), np.float32), short(voice)])


def one_sided(voice: Sound) -> Sound:
    """On the left alone."""
    return voice * np.array([[1, 0]], np.float32)


def bumped(voice: Sound) -> Sound:
    """A bump of full scale each second."""
    sound = voice * np.float32(0.1)
    sound[RATE_HZ // 2 :: RATE_HZ] = 0.95
    return sound


def plain_gain(sound: Sound) -> Sound:
    """The baseline: one gain by the loudness of the whole, cut off at full scale."""
    before = integrated_lufs(sound)
    return sound if before is None else np.clip(sound * np.float32(10 ** ((TARGET_LUFS - before) / 20)), -1, 1)


def loudnorm(sound: Sound) -> Sound:
    """libav's, in its one pass, asked for the same."""
    chain = (("loudnorm", f"I={TARGET_LUFS}:TP=-2:LRA=11"), ("aresample", str(RATE_HZ)))
    normalised = np.concatenate([frame.to_ndarray().T for frame in through(sound, chain)])[: len(sound)]
    return np.pad(normalised, ((0, len(sound) - len(normalised)), (0, 0))).astype(np.float32)


def through(sound: Sound, chain: Sequence[tuple[str, str]]) -> Iterator[av.AudioFrame]:
    """Frames of a sound behind some of libav's filters."""
    graph = av.filter.Graph()
    head = graph.add_abuffer(format="fltp", sample_rate=RATE_HZ, layout="stereo", time_base=Fraction(1, RATE_HZ))
    for name, options in (*chain, ("aformat", "sample_fmts=fltp:channel_layouts=stereo")):
        following = graph.add(name, options)
        head.link_to(following)
        head = following
    head.link_to(graph.add("abuffersink"))
    graph.configure()
    for start in range(0, len(sound), RATE_HZ):
        piece = np.ascontiguousarray(sound[start : start + RATE_HZ].T)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        graph.push(frame)
        yield from pulled(graph)
    graph.push(None)
    yield from pulled(graph)


def pulled(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    """Frames that a graph has ready."""
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame


def judged(sound: Sound) -> tuple[float, float]:
    """Loudness and true peak by libav's ebur128, which names the peak in dBTP."""
    lufs = peak = -99.0
    for frame in through(sound, (("ebur128", "metadata=1:peak=true"),)):
        metadata = frame.metadata
        lufs = float(metadata.get("lavfi.r128.I", lufs))
        sides = [float(metadata.get(f"lavfi.r128.true_peaks_ch{side}", 0.0)) for side in (0, 1)]
        peak = max(peak, *(20 * float(np.log10(max(side, 1e-6))) for side in sides))
    return lufs, peak


def outcomes(way: str, sounds: Sequence[tuple[str, Sound]]) -> tuple[list[Outcome], float]:
    """Each range by one way, and CPU seconds a minute of sound, the encoding of the file left out."""
    results, spent_s, length_s = [], 0.0, 0.0
    for name, sound in sounds:
        began, warned = time.process_time(), False
        if way == "ours":
            normalised = normalize_loudness(
                fade_edges(sound), TARGET_LUFS, partial(decode_round_trip, bit_rate=BIT_RATE)
            )
            output, warned = normalised.sound, bool(normalised.warnings)
        else:
            output = plain_gain(sound) if way == "plain gain" else loudnorm(sound)
        spent_s += time.process_time() - began
        length_s += len(sound) / RATE_HZ
        lufs, peak = judged(decode_round_trip(output, BIT_RATE))
        results.append(Outcome(name=name, lufs=lufs, peak_dbtp=peak, told=warned))
    return results, spent_s * 60 / length_s


def main() -> None:
    """A line for each way, then ours where it misses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="print every range")
    parser.add_argument("--way", choices=WAYS, action="append", help="only this one")
    args = parser.parse_args()
    sounds = [(name, sound) for name, sound in list_sounds() if integrated_lufs(sound) is not None]
    print(f"{len(sounds)} ranges, {sum(len(sound) for _, sound in sounds) / RATE_HZ:.0f} s")
    for way in args.way or WAYS:
        results, cpu_s = outcomes(way, sounds)
        near = [abs(outcome.lufs - TARGET_LUFS) <= NEAR_LU for outcome in results]
        low = [outcome.peak_dbtp <= CEILING_DBTP for outcome in results]
        off = np.array([abs(outcome.lufs - TARGET_LUFS) for outcome in results])
        both_count = sum(a and b for a, b in zip(near, low, strict=True))
        print(
            f"{way:<11} loudness {sum(near):>3}, peak {sum(low):>3}, both {both_count:>3} of {len(results)}; off by "
            f"{np.median(off):.2f} LU (worst {off.max():.1f}); highest peak "
            f"{max(outcome.peak_dbtp for outcome in results):.1f} dBTP; {cpu_s:.1f} CPU-s a minute"
        )
        for outcome, ok in zip(results, near, strict=True):
            if way == "ours" and (args.all or not ok or outcome.peak_dbtp > CEILING_DBTP):
                warning = ", told" if outcome.told else ""
                print(f"   {outcome.name}: {outcome.lufs:.1f} LUFS, {outcome.peak_dbtp:.1f} dBTP{warning}")


if __name__ == "__main__":
    main()
