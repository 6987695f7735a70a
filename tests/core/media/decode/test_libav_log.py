"""A decoder that logs damage on its own threads can be closed at any time."""

from __future__ import annotations

import io
import random
import subprocess
import sys

import av
import numpy as np
from av.container import InputContainer

from core.media.sandbox.child import silence_libav
from tests.support.progress import HANG_S

DAMAGED_BYTES = 400
ROUNDS = 60


def damaged_video() -> bytes:
    """60 frames of noise as H.264 in MP4, with changed bytes in the middle of the packets."""
    file = io.BytesIO()
    noise = np.random.default_rng(1)
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(60):
            frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (240, 320, 3), dtype=np.uint8), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    content = bytearray(file.getvalue())
    places = random.Random(3)
    for _ in range(DAMAGED_BYTES):
        content[places.randrange(2_000, len(content) - 4_000)] ^= 0xFF
    return bytes(content)


def decode_some(container: InputContainer, packets: int) -> None:
    """Feed packets to a decoder of four threads, and leave the rest to them."""
    stream = container.streams.video[0]
    stream.codec_context.thread_count, stream.codec_context.thread_type = 4, "FRAME"
    for number, packet in enumerate(container.demux(stream)):
        try:
            stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            continue  # damage is what this file is made of
        if number >= packets:
            return


def close_amid_damage() -> None:
    """Open, decode a few packets and close, again and again; what the tested process does."""
    silence_libav()
    content = damaged_video()
    for number in range(ROUNDS):
        with av.open(io.BytesIO(content)) as container:
            decode_some(container, number % 20 + 2)
    print(ROUNDS)


def test_a_decoder_closes_while_its_threads_log() -> None:
    script = f"from {__name__} import close_amid_damage; close_amid_damage()"
    closed = subprocess.run([sys.executable, "-c", script], timeout=HANG_S, capture_output=True, text=True, check=True)
    assert closed.stdout.split() == [str(ROUNDS)]
