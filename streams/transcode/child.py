"""Child entry of transcode: writes a copy of a source for players. Opens no file but its own.

Takes ``index.msgpack`` from ``args["scratch"]`` and leaves ``proxy.mp4`` there.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from schemas.documents.source import SourceIndex
from streams.transcode.proxy_job import INDEX_FILE, PROXY_FILE, ProxyResult
from streams.transcode.proxy_writer import fit_size, write_proxy


def main(args: dict[str, Any], source: BinaryIO | None, report: Callable[[int], None]) -> dict[str, Any]:
    """Write the proxy of ``source``; ``report`` counts ms of sound and pictures.

    Raises InputRejected where nothing of it can be decoded.
    """
    assert source is not None
    scratch = Path(args["scratch"])
    index = msgspec.msgpack.decode((scratch / INDEX_FILE).read_bytes(), type=SourceIndex)
    write_proxy(source, index, scratch / PROXY_FILE, scratch, report)
    width, height = fit_size(index.video) if index.video else (None, None)
    content_type = "video/mp4" if index.video else "audio/mp4"
    result: dict[str, Any] = msgspec.to_builtins(
        ProxyResult(content_type=content_type, width_px=width, height_px=height)
    )
    return result
