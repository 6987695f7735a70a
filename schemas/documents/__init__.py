"""The documents that events refer to: what each stage stores as one object. Pure data; times are ms of project time."""

from __future__ import annotations

import msgspec

from schemas.common import Value


def encode_document(document: Value) -> bytes:
    """Store form of a document: JSON with sorted keys, so equal content has equal bytes."""
    return msgspec.json.encode(document, order="sorted")
