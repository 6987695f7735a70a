"""A walking person, made from real clips: a window moves over a clip with extended edges.

The clip's own edges are drawn out and blurred, so that there is room to walk and no person is seen twice. Where the
window is at each time is known; the person moves in it as in the clip, and with the window in addition.
"""

from __future__ import annotations

from pathlib import Path

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.vision.panels import Part

Picture = NDArray[np.uint8]
WIDE, HIGH, RATE = 1_280, 720, 25


class Walker(msgspec.Struct, frozen=True, kw_only=True):
    """A walker: part of a clip, its height, and the place of its middle over time (s, share)."""

    name: str
    part: Part
    left: float
    width: float
    """What of the clip is shown, in shares of its width: without bars."""
    high: int
    walk: list[tuple[float, float]]

    @property
    def length_s(self) -> float:
        """Length of the walk."""
        return self.walk[-1][0]


CAP, NVIDIA = "talking/cap12_webcam_54s_silent.mp4", "talking/nvidia_webcam_pillarbox_8s_720p.mp4"
OBAMA, STAGE = "talking/obama_speech_2faces_9s_240p.mp4", "talking/hamilton_whitehouse_10s_360p.mp4"
LECTURE = "talking/physicsworks_lecture_203s_240p.webm"
WALKERS = [
    Walker(
        name="once across",
        part=Part(file=CAP, start_s=16.0, end_s=34.0),
        left=0.0,
        width=1.0,
        high=720,
        walk=[(0, 0.25), (5, 0.25), (11, 0.72), (18, 0.72)],
    ),
    Walker(
        name="a step aside",
        part=Part(file=NVIDIA, start_s=0.0, end_s=7.8),
        left=0.14,
        width=0.72,
        high=720,
        walk=[(0, 0.4), (5, 0.4), (8, 0.65), (15, 0.65)],
    ),
    Walker(
        name="there and back",
        part=Part(file=CAP, start_s=16.0, end_s=34.0),
        left=0.0,
        width=1.0,
        high=600,
        walk=[(0, 0.3), (4, 0.3), (9, 0.68), (15, 0.68), (20, 0.34), (26, 0.34)],
    ),
    Walker(
        name="never rests",
        part=Part(file=NVIDIA, start_s=0.0, end_s=7.8),
        left=0.14,
        width=0.72,
        high=640,
        walk=[(0, 0.25), (4, 0.75), (8, 0.25), (12, 0.75), (16, 0.25)],
    ),
    Walker(
        name="stays and sways",
        part=Part(file=CAP, start_s=16.0, end_s=34.0),
        left=0.0,
        width=1.0,
        high=720,
        walk=[(0, 0.48), (3, 0.53), (6, 0.47), (9, 0.52), (12, 0.48)],
    ),
]
UNSEEN_WALKERS = [
    Walker(name="back to the desk", part=Part(file=OBAMA, start_s=0.1, end_s=8.5), left=0.45, width=0.36, high=720,
           walk=[(0, 0.72), (3, 0.72), (8, 0.3), (14, 0.3)]),
    Walker(name="paces", part=Part(file=LECTURE, start_s=23.0, end_s=32.0), left=0.3, width=0.45, high=720,
           walk=[(0, 0.3), (3, 0.3), (6, 0.6), (9, 0.6), (12, 0.3), (15, 0.3)]),
    Walker(name="drifts", part=Part(file=CAP, start_s=34.0, end_s=46.0), left=0.0, width=1.0, high=660,
           walk=[(0, 0.3), (16, 0.7)]),
    Walker(name="walks off", part=Part(file=STAGE, start_s=3.0, end_s=7.1), left=0.1, width=0.5, high=720,
           walk=[(0, 0.5), (6, 0.5), (9, 0.85), (14, 0.85)]),
]  # fmt: skip
"""Other people on other ways."""
REST_S, SPEED, REACH = (0.5, 5.0), (0.03, 0.2), (0.2, 0.8)
"""Of a way that is drawn: how long somebody stands, how much of the picture they walk in a second, and where."""
DRAWN_S = 12.0, 20.0


def drawn(seed: int) -> list[Walker]:
    """Each of the people above on a random path: standing, walking slowly or fast, standing again."""
    dice, walkers = np.random.default_rng(seed), list[Walker]()
    for number, template in enumerate({walker.part: walker for walker in (*WALKERS, *UNSEEN_WALKERS)}.values()):
        length_s, at_s, place = dice.uniform(*DRAWN_S), 0.0, dice.uniform(*REACH)
        walk = [(0.0, place)]
        while at_s < length_s:
            stands_s, goal, speed = dice.uniform(*REST_S), dice.uniform(*REACH), dice.uniform(*SPEED)
            arrives_s = at_s + stands_s + abs(goal - place) / speed
            walk += [(at_s + stands_s, place), (arrives_s, goal)]
            at_s, place = arrives_s, goal
        walkers.append(msgspec.structs.replace(template, name=f"by chance {seed}-{number}", walk=walk))
    return walkers


def pictures_of(media: Path, walker: Walker) -> list[Picture]:
    """The part's frames at 25 a second, cropped to it."""
    pictures: list[Picture] = []
    with av.open(str(media / walker.part.file)) as container:
        stream = container.streams.video[0]
        origin_s = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            at_s = (frame.time or 0.0) - origin_s
            if at_s > walker.part.end_s:
                break
            while at_s >= walker.part.start_s + len(pictures) / RATE:
                scaled = round(frame.width * walker.high / frame.height)
                scaled_frame = frame.to_ndarray(format="rgb24", width=scaled, height=walker.high)
                left = round(walker.left * scaled)
                pictures.append(scaled_frame[:, left : left + round(walker.width * scaled)])
    return pictures


def drawn_out(picture: Picture, middle: float) -> Picture:
    """The picture with its middle at a share of the canvas, its edges drawn out over the rest."""
    high, wide = picture.shape[:2]
    left = round(middle * WIDE - wide / 2)
    top = (HIGH - high) // 2
    edges = picture[:, [0, -1]].astype(np.float32)
    blurred = edges.copy()
    for step in range(1, 24):
        blurred += np.roll(edges, step, axis=0) + np.roll(edges, -step, axis=0)
    blurred /= 47
    sides = np.clip(blurred, 0, 255).astype(np.uint8)
    canvas = np.empty((high, WIDE, 3), np.uint8)
    canvas[:, : WIDE // 2], canvas[:, WIDE // 2 :] = sides[:, :1], sides[:, 1:]
    canvas[:, : max(0, left)] = sides[:, :1]
    canvas[:, min(WIDE, left + wide) :] = sides[:, 1:]
    start, end = max(0, left), min(WIDE, left + wide)
    canvas[:, start:end] = picture[:, start - left : end - left]
    return np.pad(canvas, ((top, HIGH - high - top), (0, 0), (0, 0)), mode="edge")


def make(media: Path, walker: Walker, folder: Path) -> Path:
    """One file, without sound, written; the clip goes forwards and backwards as long as it takes."""
    pictures = pictures_of(media, walker)
    turning = [*range(len(pictures)), *range(len(pictures) - 2, 0, -1)]
    times, places = zip(*walker.walk, strict=True)
    path = folder / f"walk-{walker.name.replace(' ', '-')}.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "superfast", "crf": "18"})
        video.width, video.height, video.pix_fmt = WIDE, HIGH, "yuv420p"
        for number in range(round(walker.length_s * RATE)):
            middle = float(np.interp(number / RATE, times, places))
            frame = drawn_out(pictures[turning[number % len(turning)]], middle)
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode(None))
    return path
