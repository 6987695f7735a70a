"""Two or three people side by side who speak in turn, made by a seed from real clips.

Whose turn it is is known to the picture. While one speaks, with the clip's own sound, the others are ``still`` (one
picture stands), ``listen`` (people who are silent in their clip; a person who speaks at other times stands still) or
``mute`` (they visibly talk, and nothing of it is heard).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Sound = NDArray[np.float32]
Others = Literal["still", "listen", "mute"]

WIDE, HIGH, RATE, RATE_HZ = 426, 480, 25, 16_000
TURNS, TURN_S, GAP_S = 5, (1.6, 3.2), 0.32
NOISE_LEVEL = 0.0015
"""Of the room, under everything: digital silence would tell the turns."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of a file."""

    file: str
    start_s: float
    end_s: float


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person: place in the frame (left, top, width as shares), speaking parts, silent parts."""

    name: str
    place: tuple[float, float, float]
    talks: list[Part] = []
    listens: list[Part] = []


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """The speaker (place from the left) in ``start_ms`` up to ``end_ms``."""

    who: int
    start_ms: int
    end_ms: int


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One made file."""

    file: str
    others: Others
    people: list[str]
    turns: list[Turn]
    spoken_ms: list[int]
    """Steps of 40 ms at which the turn's own sound is loud."""


LECTURE, GOOGLE = "talking/physicsworks_lecture_203s_240p.webm", "talking/googlework_35s_180p.mp4"
OBAMA, STAGE = "talking/obama_speech_2faces_9s_240p.mp4", "talking/hamilton_whitehouse_10s_360p.mp4"
PEOPLE = [
    Person(name="grid", place=(0.16, 0.0, 0.7), talks=[Part(file="talking/grid_swwp2s.mpg", start_s=0.3, end_s=2.7)]),
    Person(name="president", place=(0.45, 0.0, 0.36), talks=[Part(file=OBAMA, start_s=0.1, end_s=8.5)]),
    Person(name="performer", place=(0.1, 0.0, 0.5), talks=[Part(file=STAGE, start_s=3.0, end_s=7.1)]),
    Person(name="engineer", place=(0.1, 0.0, 0.45), talks=[Part(file=GOOGLE, start_s=27.7, end_s=31.8)]),
    Person(name="manager", place=(0.5, 0.0, 0.45), talks=[Part(file=GOOGLE, start_s=20.7, end_s=23.7)]),
    Person(name="lecturer", place=(0.3, 0.0, 0.45), talks=[Part(file=LECTURE, start_s=23.0, end_s=32.0)]),
]
LISTENERS = [
    Person(name="vice-president", place=(0.1, 0.1, 0.33), listens=[Part(file=OBAMA, start_s=0.1, end_s=8.5)]),
    Person(name="webcam", place=(0.25, 0.0, 0.5), listens=[Part(file="talking/cap12_webcam_54s_silent.mp4",
           start_s=16.0, end_s=34.0)]),
    Person(name="reader", place=(0.15, 0.05, 0.45), listens=[Part(file="talking/nvidia_webcam_pillarbox_8s_720p.mp4",
           start_s=0.0, end_s=7.8)]),
    Person(name="smiler", place=(0.3, 0.0, 0.48), listens=[Part(file="talking/noface_then_face_6s.mov",
           start_s=4.1, end_s=6.2)]),
    Person(name="mourner", place=(0.4, 0.0, 0.5), listens=[Part(file="talking/face_offcentre_20s.mp4",
           start_s=10.0, end_s=16.0)]),
]  # fmt: skip
"""Who is seen well enough to speak (with the clip's own sound), and who is only ever seen silent."""


def pictures_of(media: Path, part: Part, place: tuple[float, float, float], count: int) -> Iterator[Picture]:
    """``count`` pictures at 25 a second from the part's start, its last one held; RGB, cut to the person."""
    picture: Picture | None = None
    number = 0
    with av.open(str(media / part.file)) as container:
        stream = container.streams.video[0]
        origin_s = float((stream.start_time or 0) * (stream.time_base or 0))
        for frame in container.decode(stream):
            at_s = (frame.time or 0.0) - origin_s
            while picture is not None and number < count and part.start_s + number / RATE < at_s:
                yield picture
                number += 1
            if number >= count or at_s > part.end_s:
                break
            if at_s >= part.start_s - 0.2:
                picture = framed(frame, place)
    while number < count:
        assert picture is not None, f"{part} holds no picture"
        yield picture
        number += 1


def framed(frame: av.VideoFrame, place: tuple[float, float, float]) -> Picture:
    """The person's part of a picture, at the panel's size."""
    left, top, share = place
    wide = share * frame.width
    high = min(wide * HIGH / WIDE, frame.height * (1 - top))
    scale = WIDE / wide
    scaled = frame.to_ndarray(format="rgb24", width=round(frame.width * scale), height=round(frame.height * scale))
    x, y = round(left * frame.width * scale), round(top * frame.height * scale)
    cut = scaled[y : y + round(high * scale), x : x + WIDE]
    panel = np.zeros((HIGH, WIDE, 3), np.uint8)
    panel[: min(HIGH, len(cut)), : min(WIDE, cut.shape[1])] = cut[:HIGH, :WIDE]
    return panel


def sound_of(media: Path, part: Part) -> Sound:
    """Mono 16 kHz of a part, at a common loudness."""
    resampler = av.AudioResampler("fltp", "mono", RATE_HZ)
    pieces, first_s = [], None
    with av.open(str(media / part.file)) as container:
        video = container.streams.video[0]
        origin_s = float((video.start_time or 0) * (video.time_base or 0))
        for frame in container.decode(audio=0):
            first_s = frame.time if first_s is None else first_s
            frame.pts = None
            pieces += [out.to_ndarray().reshape(-1) for out in resampler.resample(frame)]
    samples = np.concatenate(pieces)
    start = round((part.start_s + origin_s - (first_s or 0.0)) * RATE_HZ)
    cut = samples[max(0, start) : start + round((part.end_s - part.start_s) * RATE_HZ)]
    return (cut * (0.08 / max(1e-4, float(np.sqrt((cut**2).mean()))))).astype(np.float32)


def piece_of(parts: Sequence[Part], length_s: float, dice: random.Random) -> Part:
    """A random range of about that length from one of the parts."""
    part = dice.choice(parts)
    length_s = min(length_s, part.end_s - part.start_s)
    start_s = dice.uniform(part.start_s, part.end_s - length_s)
    return Part(file=part.file, start_s=start_s, end_s=start_s + length_s)


def plan(behaviour: Others, dice: random.Random) -> tuple[list[Person], list[tuple[int, list[Part | None]]]]:
    """People from left to right, and turns: who speaks, and what each of them shows (None: stands still)."""
    count = dice.choice((2, 3))
    people = dice.sample(PEOPLE, count if behaviour != "listen" else dice.choice((1, count - 1)))
    people = [*people, *(dice.sample(LISTENERS, count - len(people)))]
    dice.shuffle(people)
    speakers = [place for place, person in enumerate(people) if person.talks]
    turns: list[tuple[int, list[Part | None]]] = []
    for number in range(TURNS):
        who = speakers[number % len(speakers)]
        spoken_part = piece_of(people[who].talks, dice.uniform(*TURN_S), dice)
        length_s = spoken_part.end_s - spoken_part.start_s
        panel_parts: list[Part | None] = []
        for place, person in enumerate(people):
            if place == who:
                panel_parts.append(spoken_part)
            else:
                parts = person.talks if behaviour == "mute" else person.listens
                panel_parts.append(piece_of(parts, length_s, dice) if parts and behaviour != "still" else None)
        turns.append((who, panel_parts))
    return people, turns


def make(media: Path, seed: int, number: int, behaviour: Others, folder: Path) -> Scene:
    """Write one file."""
    dice = random.Random(f"{seed}-{number}-{behaviour}")
    people, turns = plan(behaviour, dice)
    name = f"{behaviour}-{number:02}.mp4"
    noise = np.random.default_rng(number)
    last = [next(pictures_of(media, (person.listens or person.talks)[0], person.place, 1)) for person in people]
    at, scene_turns, spoken_ms, sounds = 0, list[Turn](), list[int](), list[Sound]()
    gap = round(GAP_S * RATE)
    grains = noise.normal(0, 1.5, (7, HIGH, WIDE * len(people), 1)).astype(np.float32)
    with av.open(str(folder / name), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "20"})
        video.width, video.height, video.pix_fmt = WIDE * len(people), HIGH, "yuv420p"
        audio = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for who, panel_parts in turns:
            spoken_part = panel_parts[who]
            assert spoken_part is not None
            count = int((spoken_part.end_s - spoken_part.start_s) * RATE)
            scene_turns.append(Turn(who=who, start_ms=at * 40, end_ms=(at + count) * 40))
            speech = sound_of(media, spoken_part)
            spoken_ms += [at * 40 + step for step in loud_steps(speech, count)]
            sounds.append(np.pad(speech, (0, RATE_HZ))[: (count + gap) * RATE_HZ // RATE])
            sounds[-1][count * RATE_HZ // RATE :] = 0
            streams = [
                pictures_of(media, part, person.place, count) if part is not None else None
                for part, person in zip(panel_parts, people, strict=True)
            ]
            for step in range(count + gap):
                if step < count:
                    last = [
                        next(stream) if stream is not None else old for stream, old in zip(streams, last, strict=True)
                    ]
                joined = np.clip(np.concatenate(last, axis=1) + grains[step % 7], 0, 255).astype(np.uint8)
                container.mux(video.encode(av.VideoFrame.from_ndarray(joined, format="rgb24")))
            at += count + gap
        container.mux(video.encode(None))
        soundtrack = np.concatenate(sounds)
        write_sound(container, audio, soundtrack + noise.normal(0, NOISE_LEVEL, len(soundtrack)).astype(np.float32))
    return Scene(
        file=name, others=behaviour, people=[person.name for person in people], turns=scene_turns, spoken_ms=spoken_ms
    )


def loud_steps(sound: Sound, count: int) -> list[int]:
    """Starts of the 40 ms steps within 25 dB of the loud ones: there somebody is heard to speak."""
    step = RATE_HZ // RATE
    padded = np.pad(sound, (0, max(0, count * step - len(sound))))[: count * step].reshape(count, step)
    level = 10 * np.log10((padded**2).mean(axis=1) + 1e-9)
    return [place * 40 for place in np.flatnonzero(level > np.percentile(level, 90) - 25).tolist()]


def write_sound(container: av.container.OutputContainer, stream: av.AudioStream, sound: Sound) -> None:
    """Encode mono sound after the pictures."""
    for start in range(0, len(sound), 1024):
        piece = np.ascontiguousarray(sound[start : start + 1024].reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
