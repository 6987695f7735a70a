"""In-memory twins of the stores, for unit tests of the sinks. The contract suite holds the real ones to the same."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from local.search_front.filters import Both, Condition, Node, parse_filter
from schemas.media import ObjectRef
from streams.adapters.clickhouse import schema_text
from streams.errors import Unavailable


class MemoryAnalytics:
    """Rows by the key of their table; forgets a batch whose token came before."""

    def __init__(self) -> None:
        self.events: dict[tuple[UUID, UUID, UUID], dict[str, Any]] = {}
        self.tombstones: set[tuple[UUID, UUID]] = set()
        self.tokens: list[str] = []
        self.down = 0

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str) -> None:
        if self.down:
            self.down -= 1
            raise Unavailable("clickhouse", "down")
        self.tokens.append(token)
        for values in rows:
            row = dict(zip(columns, values, strict=True))
            if table == "tombstones":
                self.tombstones.add((row["org_id"], row["project_id"]))
            else:
                self.events[row["org_id"], row["project_id"], row["event_id"]] = row

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert sql == schema_text("statements", "erased_projects.sql")
        asked = set(parameters["project_ids"])
        return [{"org_id": org, "project_id": p} for org, p in sorted(self.tombstones) if str(p) in asked]

    async def command(self, sql: str, parameters: Mapping[str, Any]) -> None:
        assert sql == schema_text("statements", "erase_events.sql")
        gone = UUID(parameters["org_id"]), UUID(parameters["project_id"])
        self.events = {key: row for key, row in self.events.items() if key[:2] != gone}


def _holds(node: Node, document: Mapping[str, Any]) -> bool:
    if isinstance(node, Both):
        return all(_holds(part, document) for part in node.parts)
    assert isinstance(node, Condition)
    value = document.get(node.field)
    if node.operation == "<":
        return value is not None and value < float(node.values[0])
    return str(value) in node.values


class MemorySearch:
    """Documents by index and id, merged as they come."""

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, dict[str, Any]]] = {"segments": {}, "clips": {}, "tombstones": {}}
        self.before_upsert: Callable[[str], None] = lambda _: None

    async def upsert(self, index: str, documents: Sequence[Mapping[str, Any]]) -> None:
        self.before_upsert(index)
        for document in documents:
            self.indexes[index][document["id"]] = self.indexes[index].get(document["id"], {}) | dict(document)

    async def delete(self, index: str, filter_expression: str) -> None:
        node = parse_filter(filter_expression)
        assert node is not None
        self.indexes[index] = {k: d for k, d in self.indexes[index].items() if not _holds(node, d)}

    async def search(self, index: str, query: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        assert query == ""
        node = parse_filter(options["filter"])
        found = [d for d in self.indexes[index].values() if node is None or _holds(node, d)]
        for rule in options.get("sort", []):
            field, _, direction = rule.partition(":")
            found.sort(key=lambda d, field=field: d[field], reverse=direction == "desc")  # type: ignore[misc]
        return {"hits": found[: options["limit"]]}

    async def search_each(
        self, indexes: Sequence[str], query: str, options: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        return [await self.search(index, query, options) for index in indexes]

    def texts(self, index: str) -> list[str]:
        return sorted(document["text"] for document in self.indexes[index].values())


class MemoryObjects:
    """What `get` needs of the object store."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def store(self, prefix: str, body: bytes) -> ObjectRef:
        sha256 = hashlib.sha256(body).hexdigest()
        self.bodies[f"{prefix}/{sha256}"] = body
        return ObjectRef(key=f"{prefix}/{sha256}", sha256=sha256, size=len(body))

    async def get(self, ref: ObjectRef) -> bytes:
        return self.bodies[ref.key]
