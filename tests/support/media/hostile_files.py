"""Hostile files, generated on the spot: small on disk, large in their claims."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def film(
    path: Path, *, codec: str = "libx264", seconds: int = 2, rate: int = 10, sound: bool = True, size: int = 64
) -> Path:
    """An ordinary little film: a moving gradient and a tone."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=rate)
        video.width = video.height = size
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        audio = container.add_stream("aac", rate=16000, layout="mono") if sound else None
        for number in range(seconds * rate):
            picture = np.full((size, size, 3), (number * 7) % 255, np.uint8)
            picture[:, : number % size] = 200
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            tone = (np.sin(np.arange(seconds * 16000) * 0.2) * 8000).astype(np.int16)
            for start in range(0, len(tone), 1024):
                chunk = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
                chunk.sample_rate, chunk.pts, chunk.time_base = 16000, start, Fraction(1, 16000)
                container.mux(audio.encode(chunk))
            container.mux(audio.encode(None))
    return path


def huge_picture(path: Path, side: int = 15_360, *, told: bool) -> Path:
    """An MP4 of JPEG frames that claim ``side``²; with ``told`` the container says so too, else it says 64²."""
    body = bytearray(film(path, codec="mjpeg", sound=False).read_bytes())
    at = 0
    while (at := body.find(b"\xff\xc0\x00\x11\x08", at)) >= 0:
        body[at + 5 : at + 9] = struct.pack(">HH", side, side)
        at += 9
    if told:
        entry = next(at for name in (b"jpeg", b"mp4v", b"mjpg") if (at := body.find(name, body.find(b"stsd"))) >= 0)
        body[entry + 28 : entry + 32] = struct.pack(">HH", side, side)
    path.write_bytes(body)
    return path


def lying_duration(path: Path, claim: int = 2**31 - 1) -> Path:
    """A two-second MP4 whose header boxes claim the longest possible duration."""
    body = bytearray(film(path).read_bytes())
    for name, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = 0
        while (at := body.find(name, at)) >= 0:
            body[at + offset : at + offset + 4] = struct.pack(">I", claim)
            at += 4
    path.write_bytes(body)
    return path


def many_streams(path: Path, count: int = 500) -> Path:
    """A file of ``count`` sound tracks."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(count)]
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 80), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, 0, Fraction(1, 8000)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def thousand_pictures_a_second(path: Path) -> Path:
    """Eight seconds of pictures at 1,000 a second."""
    return film(path, codec="mpeg4", seconds=8, rate=1000, sound=False, size=32)


def endless_silence(path: Path, minutes: int = 60) -> Path:
    """A FLAC of silence: an hour in a few hundred kilobytes."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=8000, layout="mono")
        for start in range(0, minutes * 60 * 8000, 480_000):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 480_000), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def broken_video(path: Path) -> Path:
    """A film with noise instead of video packets, and intact sound."""
    source = film(path.with_name("whole.mp4"))
    with av.open(str(source)) as whole, av.open(str(path), "w") as container:
        copies = {stream.index: container.add_stream_from_template(stream) for stream in whole.streams}
        noise = np.random.default_rng(3)
        for packet in whole.demux():
            if packet.dts is None:
                continue
            made = packet
            if packet.stream.type == "video":
                made = av.Packet(noise.bytes(packet.size))
                made.pts, made.dts, made.time_base = packet.pts, packet.dts, packet.time_base
                made.is_keyframe = packet.is_keyframe
            made.stream = copies[packet.stream.index]
            container.mux(made)
    return path


def truncated(path: Path, keep: float = 0.5) -> Path:
    """A Matroska film that ends in mid-sentence."""
    body = film(path, seconds=6).read_bytes()
    path.write_bytes(body[: int(len(body) * keep)])
    return path


def many_chapters(path: Path, count: int = 10_000) -> Path:
    """An ordinary film with ``count`` chapters."""
    tick = Fraction(1, count)
    chapters = [
        {"id": at, "start": at, "end": at + 1, "time_base": tick, "metadata": {"title": "x" * 50}}
        for at in range(count)
    ]
    with av.open(str(film(path.with_name("plain.mp4")))) as whole, av.open(str(path), "w") as container:
        copies = {stream.index: container.add_stream_from_template(stream) for stream in whole.streams}
        container.set_chapters(chapters)  # type: ignore[arg-type]
        for packet in whole.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                container.mux(packet)
    return path


def lying_rate(path: Path, gap_s: int) -> Path:
    """Pictures that claim 60 a second: two of them do, then ``gap_s`` without one, a hundred times."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=60)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        for number in range(200):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number // 2 * gap_s * 60 + number % 2, Fraction(1, 60)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path
