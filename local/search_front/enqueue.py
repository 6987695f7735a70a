"""Small steps that several routes share: put a task into the queue, refuse unknown query parameters."""

from __future__ import annotations

from typing import Any

from local.search_front.call import Call
from local.search_front.errors import unknown_field
from local.search_front.tasks import Tasks

Answer = tuple[int, Any]
"""HTTP status and JSON value."""


def enqueue(tasks: Tasks, call: Call, kind: str, uid: str | None, payload: dict[str, Any], **details: Any) -> Answer:
    """The answer of every route that makes a task."""
    metadata = call.query.get("customMetadata")
    return 202, tasks.enqueue(kind, uid, payload, details=details, metadata=metadata)


def known(call: Call, names: set[str]) -> None:
    """Raise MeiliError when the query string holds another name."""
    for name in call.query:
        if name not in names:
            raise unknown_field(name, sorted(names))
