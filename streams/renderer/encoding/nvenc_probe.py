"""Tests once per process, in a child, whether NVENC can encode a frame on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import structlog

from core.errors import InputRejected, Unavailable
from core.media.sandbox.confinement import ChildLimits
from core.media.sandbox.parent import ChildFailed, run_child
from streams.renderer.codecs import NVENC_ENCODERS

ADDRESS_SPACE_BYTES = 64 * 2**30
"""CUDA reserves far more address space than it uses."""
PROBE_LIMITS = ChildLimits(memory_bytes=ADDRESS_SPACE_BYTES, cpu_s=30, wall_s=30.0, uses_device=True)
PROBE_SIDE_PX = 256


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Child entry: encode one frame with ``args["encoder"]``.

    Returns ``refused``: why it failed; empty where it works.
    """
    del source, report
    try:
        encoder = av.codec.CodecContext.create(args["encoder"], "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width = encoder.height = PROBE_SIDE_PX
        encoder.pix_fmt, encoder.framerate = "yuv420p", Fraction(30)
        picture = av.VideoFrame(PROBE_SIDE_PX, PROBE_SIDE_PX, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        encoder.encode(picture)
        encoder.encode(None)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    return {"refused": ""}


class NvencProbe:
    """Whether a worker's NVENC works. It is tested only where the operator asks for it."""

    def __init__(
        self,
        *,
        requested: bool,
        scratch: Callable[[], AbstractContextManager[Path]],
        encoder: str = NVENC_ENCODERS["h264"],
    ) -> None:
        """``requested``: whether the operator asks for NVENC; ``scratch`` makes a folder for the child."""
        self._scratch, self._encoder = scratch, encoder
        self._works: bool | None = None if requested else False
        self._lock = asyncio.Lock()

    async def is_available(self) -> bool:
        """Whether NVENC works; tested once, and logged once where it does not."""
        async with self._lock:
            if self._works is None:
                refusal = await self._probe()
                self._works = not refusal
                if refusal:
                    structlog.get_logger().warning("NVENC does not work: encoding by processor", reason=refusal)
        return self._works

    async def _probe(self) -> str:
        with self._scratch() as folder:
            try:
                result = await run_child(
                    "streams.renderer.encoding.nvenc_probe:main",
                    {"encoder": self._encoder},
                    scratch=folder,
                    limits=PROBE_LIMITS,
                )
            except (ChildFailed, InputRejected, Unavailable) as error:
                return f"{type(error).__name__}: {error}"
        return str(result["refused"])
