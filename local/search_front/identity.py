"""What a document is known by: its id, and which of its attributes that is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from local.search_front.errors import MeiliError

_IDENTITY = re.compile(r"^[A-Za-z0-9_-]{1,511}$")
_MANUALLY = "Please specify the primary key manually using the `primaryKey` query parameter."


def identity_of(document: Mapping[str, Any], primary_key: str) -> str:
    """The id of a document as text; raises MeiliError when it has none or a bad one."""
    if primary_key not in document:
        shown = msgspec.json.encode(document)[:200].decode(errors="replace")
        message = f"Document doesn't have a `{primary_key}` attribute: `{shown}`."
        raise MeiliError("missing_document_id", message)
    value = document[primary_key]
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not _IDENTITY.match(str(value)):
        message = (
            f"Document identifier `{value!r}` is invalid. A document identifier can be of type integer or string, only "
            "composed of alphanumeric characters (a-z A-Z 0-9), hyphens (-) and underscores (_), "
            "and can not be more than 511 bytes."
        )
        raise MeiliError("invalid_document_id", message)
    return str(value)


def guess_primary_key(document: Mapping[str, Any]) -> str:
    """The one attribute that ends in ``id``; raises MeiliError when there is none, or more."""
    found = [name for name in document if name.lower().endswith("id")]
    if not found:
        detail = "the engine did not find any field ending with `id` in its name"
        message = f"The primary key inference failed as {detail}. {_MANUALLY}"
        raise MeiliError("index_primary_key_no_candidate_found", message)
    if len(found) > 1:
        message = (
            f"The primary key inference failed as the engine found {len(found)} fields ending with `id` "
            f"in their names: '{found[0]}' and '{found[1]}'. {_MANUALLY}"
        )
        raise MeiliError("index_primary_key_multiple_candidates_found", message)
    return found[0]
