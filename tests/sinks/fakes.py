"""In-memory fakes of the stores, for unit tests of the sinks. The contract suite tests the real ones alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from core.errors import Unavailable
from core.infra.clickhouse import schema_text
from local.standins.meilisearch.query.filters import And, Condition, Node, Not, Or, parse_filter
from schemas.common import ObjectRef
from streams.sinks.clickhouse import fact_rows
from streams.sinks.search.search_documents import SEARCHED_INDEXES, TOMBSTONES

KEYS: Mapping[str, tuple[str, ...]] = {
    "events": ("org_id", "project_id", "event_id"),
    "tombstones": ("org_id", "project_id"),
    "segments": ("org_id", "project_id", "version", "ordinal"),
    "moments": ("org_id", "project_id", "moment_id"),
    "sub_scores": ("org_id", "project_id", "moment_id", "name"),
    "inference_calls": ("org_id", "project_id", "event_id", "ordinal"),
    "certificate_checks": ("org_id", "project_id", "export_id", "name"),
    "labels": ("org_id", "project_id", "kind", "id"),
    "cost_items": ("org_id", "project_id", "event_id", "kind"),
}
"""What each table is sorted by: of two rows that share it one stays."""


class MemoryAnalytics:
    """Rows by table key; ignores a batch whose token came before."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {table: {} for table in KEYS}
        self.tokens: list[str] = []
        self.down = 0

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str) -> None:
        if self.down:
            self.down -= 1
            raise Unavailable("clickhouse", "down")
        if table == "events":
            self.tokens.append(token)
        for values in rows:
            row = dict(zip(columns, values, strict=True))
            self.tables[table][tuple(row[name] for name in KEYS[table])] = row

    @property
    def events(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        return self.tables["events"]

    @property
    def tombstones(self) -> set[tuple[Any, ...]]:
        return set(self.tables["tombstones"])

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert sql == schema_text("statements", "erased_projects.sql")
        asked = set(parameters["project_ids"])
        return [{"org_id": org, "project_id": p} for org, p in sorted(self.tombstones) if str(p) in asked]

    async def command(self, sql: str, parameters: Mapping[str, Any]) -> None:
        (table,) = (
            name for name in ("events", *fact_rows.TABLES) if sql == schema_text("statements", f"erase_{name}.sql")
        )
        gone = UUID(parameters["org_id"]), UUID(parameters["project_id"])
        self.tables[table] = {key: row for key, row in self.tables[table].items() if key[:2] != gone}


def _holds(node: Node, document: Mapping[str, Any]) -> bool:
    if isinstance(node, And):
        return all(_holds(part, document) for part in node.parts)
    if isinstance(node, Or):
        return any(_holds(part, document) for part in node.parts)
    if isinstance(node, Not):
        return not _holds(node.inner, document)
    assert isinstance(node, Condition)
    if node.operation == "EXISTS":
        return node.field in document
    value = document.get(node.field)
    if node.operation in ("<", ">="):
        return value is not None and (value < float(node.values[0])) == (node.operation == "<")
    if node.operation == "!=":
        return str(value) not in node.values
    return str(value) in node.values


class MemorySearch:
    """Documents by index and id, merged as they come."""

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in (*SEARCHED_INDEXES, TOMBSTONES)}
        self.before_upsert: Callable[[str], None] = lambda _: None
        self.tasks = 0

    async def upsert(self, index: str, documents: Sequence[Mapping[str, Any]]) -> None:
        self.tasks += 1
        self.before_upsert(index)
        for document in documents:
            self.indexes[index][document["id"]] = self.indexes[index].get(document["id"], {}) | dict(document)

    async def delete(self, index: str, filter_expression: str) -> None:
        self.tasks += 1
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
