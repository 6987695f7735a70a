"""What the worker and its child agree on. The worker loads no parser of media."""

from __future__ import annotations

import msgspec

INDEX_FILE = "index.msgpack"
PROXY_FILE = "proxy.mp4"


class ProxyResult(msgspec.Struct, frozen=True, kw_only=True):
    """The child's result, in addition to its file."""

    content_type: str
    width_px: int | None
    height_px: int | None
