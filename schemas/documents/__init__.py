"""Documents that events refer to, each stored as one object. Pure data; project time in ms."""

from __future__ import annotations

import msgspec

from schemas.common import Value


def encode_document(document: Value) -> bytes:
    """Encode a document as JSON with sorted keys, so that equal content has equal bytes."""
    return msgspec.json.encode(document, order="sorted")
