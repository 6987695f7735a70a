"""Makes the 1080p H.264 benchmark file from the shared talking media. Never measures anything.

``python -m benchmarks.harness.source_video --minutes 10 --out bench.mp4``: 1920 × 1080, 30 fps, 5 Mbit/s, a key picture
every 150, B-frames, film grain; the same for the same seed. The source lasts under ten minutes, so further passes take
it in another order, with other pairs of picture and sound, mirror, crop, tempo and grain. Prints the seconds of
distinct source.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from numpy.typing import NDArray

WIDTH, HEIGHT, RATE = 1920, 1080, 30
SOUND_HZ = 48_000
KEY_INTERVAL_FRAMES = 150
BIT_RATE = 5_000_000
PIECE_S = (20.0, 45.0)
"""Lengths of the pieces that later passes are made of."""
VIDEO_SUFFIXES = {".mp4", ".webm", ".mov", ".mpg"}
SOUND_SUFFIXES = {".wav", ".flac", ".mp3"}
Sound = NDArray[np.int16]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A range of one source, changed.

    ``sound`` None: its own; else cut from the speech sets at ``sound_at_s``.
    """

    picture: Path
    start_s: float
    length_s: float
    speech_at_s: float | None
    mirror: bool
    zoom: float
    across: float
    down: float
    tempo: float
    grain: int

    @property
    def output_s(self) -> float:
        """Length in the file."""
        return self.length_s / self.tempo


def sources(media: Path) -> tuple[list[tuple[Path, float, bool]], list[Path]]:
    """(path, seconds, has sound) of the talking videos, and the speech recordings."""
    videos = []
    for path in sorted((media / "talking").iterdir()):
        if path.suffix in VIDEO_SUFFIXES:
            with av.open(str(path)) as container:
                videos.append((path, float(container.duration or 0) / av.time_base, bool(container.streams.audio)))
    speech = sorted(path for path in (media / "speech").rglob("*") if path.suffix in SOUND_SUFFIXES)
    if not videos or not speech:
        raise SystemExit(f"{media} holds no talking/ or speech/ media: set CLIPSTREAM_MEDIA or --media")
    return videos, speech


def first_pass(videos: Sequence[tuple[Path, float, bool]], dice: random.Random) -> Iterator[Piece]:
    """Every source whole and unchanged; the silent ones, and one in four of the others, get speech."""
    for path, length_s, has_sound in videos:
        replaced = not has_sound or dice.random() < 0.25
        yield Piece(
            picture=path,
            start_s=0.0,
            length_s=length_s,
            speech_at_s=dice.random() if replaced else None,
            mirror=False,
            zoom=1.0,
            across=0.5,
            down=0.3,
            tempo=1.0,
            grain=6,
        )


def later_pass(videos: Sequence[tuple[Path, float, bool]], dice: random.Random) -> Iterator[Piece]:
    """Every source in pieces, in another order, each changed in its own way."""
    cuts = []
    for path, length_s, has_sound in videos:
        start_s = 0.0
        while start_s < length_s - 1.0:
            wanted_s = dice.uniform(*PIECE_S)
            cuts.append((path, start_s, min(wanted_s, length_s - start_s), has_sound))
            start_s += wanted_s
    dice.shuffle(cuts)
    for path, start_s, length_s, has_sound in cuts:
        yield Piece(
            picture=path,
            start_s=start_s,
            length_s=length_s,
            speech_at_s=dice.random() if not has_sound or dice.random() < 0.5 else None,
            mirror=dice.random() < 0.5,
            zoom=dice.uniform(1.0, 1.25),
            across=dice.random(),
            down=dice.uniform(0.1, 0.6),
            tempo=dice.uniform(0.94, 1.06),
            grain=dice.randint(4, 10),
        )


def plan(videos: Sequence[tuple[Path, float, bool]], minutes: float, seed: int) -> list[Piece]:
    """Pieces that fill ``minutes``; the last one is cut to length."""
    dice = random.Random(seed)
    left_s, pieces = minutes * 60.0, []
    passes: Iterator[Piece] = first_pass(videos, dice)
    while left_s > 0.5:
        for piece in passes:
            if left_s <= 0.5:
                break
            length_s = min(piece.length_s, left_s * piece.tempo)
            pieces.append(msgspec.structs.replace(piece, length_s=length_s))
            left_s -= length_s / piece.tempo
        passes = later_pass(videos, dice)
    return pieces


def distinct_seconds(pieces: Sequence[Piece]) -> float:
    """Seconds of source pictures that the pieces show at least once, to a tenth."""
    tenths = {
        (piece.picture, tenth)
        for piece in pieces
        for tenth in range(round(piece.start_s * 10), round((piece.start_s + piece.length_s) * 10))
    }
    return len(tenths) / 10


def chain(graph: Graph, filters: Sequence[tuple[str, str]], source: FilterContext) -> None:
    """Link filters (the last is a sink) behind ``source``, and configure."""
    last = source
    for name, arguments in filters:
        step = graph.add(name, arguments) if arguments else graph.add(name)
        last.link_to(step)
        last = step
    graph.configure()


def picture_filters(piece: Piece, width: int, height: int) -> list[tuple[str, str]]:
    """Cover 1920 × 1080 at the piece's zoom, mirror, grain."""
    scale = piece.zoom * max(WIDTH / width, HEIGHT / height)
    wide, high = 2 * -(-int(width * scale) // 2), 2 * -(-int(height * scale) // 2)
    wide, high = max(wide, WIDTH), max(high, HEIGHT)
    x, y = round((wide - WIDTH) * piece.across), round((high - HEIGHT) * piece.down)
    steps = [("hflip", "")] if piece.mirror else []
    return [
        *steps,
        ("scale", f"{wide}:{high}:flags=bilinear"),
        ("crop", f"{WIDTH}:{HEIGHT}:{x}:{y}"),
        ("format", "yuv420p"),
        ("noise", f"all_seed={piece.grain * 97}:c0s={piece.grain}:c0f=t"),
        ("buffersink", ""),
    ]


def decoded(piece: Piece) -> Iterator[tuple[float, av.VideoFrame]]:
    """(seconds from the piece's start, picture) of its range."""
    with av.open(str(piece.picture)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        origin_s = float((stream.start_time or 0) * (stream.time_base or 1))
        for frame in container.decode(stream):
            at_s = float(frame.time or 0.0) - origin_s - piece.start_s
            if at_s >= piece.length_s:
                return
            if at_s >= -0.5:
                yield at_s, frame


def at_rate(piece: Piece) -> Iterator[av.VideoFrame]:
    """The pictures shown at each 30th of a second of the piece, tempo applied.

    The last one holds to the end.
    """
    pictures = decoded(piece)
    current = next(pictures, None)
    coming = next(pictures, None)
    for number in range(round(piece.output_s * RATE)):
        while coming is not None and coming[0] <= number / RATE * piece.tempo:
            current, coming = coming, next(pictures, None)
        if current is not None:
            yield current[1]


def changed(piece: Piece) -> Iterator[av.VideoFrame]:
    """The piece's pictures, 1920 × 1080, with grain that differs in each."""
    graph = None
    for number, frame in enumerate(at_rate(piece)):
        if graph is None:
            graph = Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, RATE)
            )
            chain(graph, picture_filters(piece, frame.width, frame.height), source)
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        graph.push(frame)
        filtered = graph.pull()
        assert isinstance(filtered, av.VideoFrame)
        yield filtered


def sound_of(path: Path) -> Sound:
    """All sound of a file, 48 kHz stereo, shape (n, 2)."""
    parts = []
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("s16", "stereo", SOUND_HZ)
        for frame in container.decode(audio=0):
            parts += [part.to_ndarray() for part in resampler.resample(frame)]
        parts += [part.to_ndarray() for part in resampler.resample(None)]
    return interleaved(parts)


def interleaved(parts: Sequence[NDArray[Any]]) -> Sound:
    """Packed stereo arrays (1, 2n) as one (n, 2)."""
    joined = np.concatenate([np.zeros((1, 0), np.int16), *parts], axis=1)
    return joined.astype(np.int16, copy=False).reshape(-1, 2)


def at_tempo(sound: Sound, tempo: float) -> Sound:
    """The sound faster or slower at the same pitch."""
    if tempo == 1.0 or not len(sound):
        return sound
    graph = Graph()
    source = graph.add_abuffer(sample_rate=SOUND_HZ, format="s16", layout="stereo", time_base=Fraction(1, SOUND_HZ))
    steps = [("atempo", f"{tempo:.4f}"), ("aformat", "sample_fmts=s16:channel_layouts=stereo"), ("abuffersink", "")]
    chain(graph, steps, source)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.reshape(1, -1)), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, 0, Fraction(1, SOUND_HZ)
    graph.push(frame)
    graph.push(None)
    parts = []
    while True:
        try:
            part = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            break
        parts.append(part.to_ndarray())
    return interleaved(parts)


class Sounds:
    """Cuts the sound of pieces; keeps what it decoded."""

    def __init__(self, speech: Sequence[Path], seed: int) -> None:
        """``speech`` is joined in a seeded order, 0.4 s of silence between."""
        shuffled = list(speech)
        random.Random(seed).shuffle(shuffled)
        pause = np.zeros((SOUND_HZ * 2 // 5, 2), np.int16)
        self.speech: Sound = np.concatenate([part for path in shuffled for part in (sound_of(path), pause)])
        self._own: dict[Path, Sound] = {}

    def cut(self, piece: Piece) -> Sound:
        """Sound of exactly the piece's length; speech wraps round, own sound that ends early gets silence."""
        sample_count = round(piece.length_s * SOUND_HZ)
        if piece.speech_at_s is not None:
            start = int(piece.speech_at_s * len(self.speech))
            cut = np.take(self.speech, range(start, start + sample_count), axis=0, mode="wrap")
        else:
            if piece.picture not in self._own:
                self._own[piece.picture] = sound_of(piece.picture)
            start = round(piece.start_s * SOUND_HZ)
            cut = self._own[piece.picture][start : start + sample_count]
        sound = at_tempo(cut, piece.tempo)
        length = round(piece.output_s * RATE) * SOUND_HZ // RATE
        return np.pad(sound[:length], ((0, max(0, length - len(sound))), (0, 0)))


def write(path: Path, pieces: Sequence[Piece], sounds: Sounds) -> None:
    """Encode the file."""
    options = {"preset": "superfast", "maxrate": str(BIT_RATE), "bufsize": str(2 * BIT_RATE)}
    options["x264-params"] = (
        f"keyint={KEY_INTERVAL_FRAMES}:min-keyint={KEY_INTERVAL_FRAMES}:scenecut=0:bframes=3:b-adapt=1"
    )
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream("libx264", rate=RATE, options=options)
        video.width, video.height, video.pix_fmt, video.bit_rate = WIDTH, HEIGHT, "yuv420p", BIT_RATE
        video.time_base = Fraction(1, RATE)
        audio = container.add_stream("aac", rate=SOUND_HZ, layout="stereo")
        pictures = samples = 0
        for number, piece in enumerate(pieces):
            for frame in changed(piece):
                frame.pts, frame.time_base = pictures, Fraction(1, RATE)
                frame.pict_type = 0
                container.mux(video.encode(frame))
                pictures += 1
            sound = sounds.cut(piece)
            for start in range(0, len(sound), SOUND_HZ):
                part = np.ascontiguousarray(sound[start : start + SOUND_HZ].reshape(1, -1))
                chunk = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
                chunk.sample_rate, chunk.pts, chunk.time_base = SOUND_HZ, samples, Fraction(1, SOUND_HZ)
                samples += part.shape[1] // 2
                container.mux(audio.encode(chunk))
            print(f"\r{number + 1}/{len(pieces)} pieces, {pictures / RATE:.0f} s", end="", file=sys.stderr)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    print(file=sys.stderr)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    videos, speech = sources(options.media)
    pieces = plan(videos, options.minutes, options.seed)
    sounds = Sounds(speech, options.seed)
    write(options.out, pieces, sounds)
    distinct_s = distinct_seconds(pieces)
    size = options.out.stat().st_size
    print(f"distinct source: {distinct_s:.0f} s of picture, {len(sounds.speech) / SOUND_HZ:.0f} s of speech sets")
    rate_mbits = size * 8 / options.minutes / 60 / 1e6
    print(f"{options.out}: {options.minutes:g} min, {size / 1e6:.0f} MB, {rate_mbits:.1f} Mbit/s")


if __name__ == "__main__":
    main()
