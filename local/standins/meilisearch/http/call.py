"""One HTTP call in plain values, and the ways to read it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from local.standins.meilisearch.errors import MeiliError, unknown_field
from local.standins.meilisearch.keys import EVERYTHING, Grant
from local.standins.meilisearch.tasks.queue import Tasks

_UID = re.compile(r"^[A-Za-z0-9_-]{1,400}$")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, as a route gets it."""

    query: Mapping[str, str]
    body: bytes
    content_type: str
    grant: Grant = EVERYTHING
    """What its caller may do."""

    def json(self) -> Any:
        """The body as JSON; raises MeiliError as Meilisearch does."""
        if not self.content_type:
            message = (
                "A Content-Type header is missing. Accepted values for the Content-Type header are: `application/json`"
            )
            raise MeiliError("missing_content_type", message, status=415)
        if self.content_type.split(";")[0].strip() != "application/json":
            message = (
                f"The Content-Type `{self.content_type}` is invalid. "
                "Accepted values for the Content-Type header are: `application/json`"
            )
            raise MeiliError("invalid_content_type", message, status=415)
        if not self.body:
            raise MeiliError("missing_payload", "A json payload is missing.")
        return decode(self.body)

    def number(self, name: str, default: int | None, code: str) -> int | None:
        """A count in the query string."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdigit():
            raise MeiliError(
                code, f"Invalid value in parameter `{name}`: could not parse `{text}` as a positive integer"
            )
        return int(text)

    def documents(self) -> list[dict[str, Any]]:
        """Documents to add, as JSON: one, or a list; raises MeiliError."""
        body = self.json()
        documents = body if isinstance(body, list) else [body]
        if not all(isinstance(document, dict) for document in documents):
            message = "The `json` payload provided is malformed. `Couldn't serialize document value: expected a map`."
            raise MeiliError("malformed_payload", message)
        return documents


def decode(body: bytes) -> Any:
    """JSON; raises MeiliError malformed_payload."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"The json payload provided is malformed. `{error}`."
        raise MeiliError("malformed_payload", message) from None


def index_uid(uid: object) -> str:
    """A usable name of an index; raises MeiliError."""
    if not isinstance(uid, str) or not _UID.match(uid):
        message = (
            f"`{uid}` is not a valid index uid. Index uid can be an integer or a string containing only alphanumeric "
            "characters, hyphens (-) and underscores (_), and can not be more than 400 bytes."
        )
        raise MeiliError("invalid_index_uid", message)
    return uid


def page(items: list[Any], call: Call, kind: str) -> dict[str, Any]:
    """``offset`` and ``limit`` of a listing."""
    offset = call.number("offset", 0, f"invalid_{kind}_offset") or 0
    limit = call.number("limit", 20, f"invalid_{kind}_limit")
    return {"results": items[offset : offset + (limit or 0)], "offset": offset, "limit": limit, "total": len(items)}


Answer = tuple[int, Any]
"""HTTP status and JSON value."""


def enqueue(tasks: Tasks, call: Call, kind: str, uid: str | None, payload: dict[str, Any], **details: Any) -> Answer:
    """The answer of every route that makes a task."""
    metadata = call.query.get("customMetadata")
    return 202, tasks.enqueue(kind, uid, payload, details=details, metadata=metadata)


def known_fields(call: Call, names: set[str]) -> None:
    """Raise MeiliError when the query string holds another name."""
    for name in call.query:
        if name not in names:
            raise unknown_field(name, sorted(names))
