"""Stores as Protocols: objects, uploads, the event log, search, analytics. No implementation here."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import msgspec

from core.progress import Report
from schemas.common import ObjectRef


class Objects(Protocol):
    """Immutable objects. Raises Unavailable if the store is away, Gone (a KeyError) for a missing object."""

    async def put(self, prefix: str, body: bytes, content_type: str, suffix: str = "") -> ObjectRef:
        """Store bytes under ``<prefix>/<sha256><suffix>``."""
        ...

    async def put_file(
        self, prefix: str, path: Path, content_type: str, suffix: str = "", report: Report | None = None
    ) -> ObjectRef:
        """Store a file (multipart when large) under ``<prefix>/<sha256><suffix>``; ``report`` counts bytes."""
        ...

    async def get(self, ref: ObjectRef) -> bytes:
        """All bytes, checked against the reference's SHA-256."""
        ...

    async def read_range(self, key: str, start: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``start``."""
        ...

    def stream(self, ref: ObjectRef) -> AsyncIterator[bytes]:
        """All bytes in blocks; Unavailable at the end where they are not those of the reference's SHA-256."""
        ...

    async def size(self, key: str) -> int:
        """Bytes of an object."""
        ...

    async def copy(self, key: str, to: str) -> ObjectHead:
        """Copy an object inside the store, as it is now, and return what is there afterwards."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything under a prefix; says how many."""
        ...

    def presign_get(self, key: str, *, filename: str, expires_s: int, shown_as: str = "") -> str:
        """A URL that answers GET and Range for a while; ``shown_as``: a media type to show it as."""
        ...


class ObjectHead(msgspec.Struct, frozen=True, kw_only=True):
    """The store's facts about one object, without its bytes."""

    key: str
    size: int
    etag: str
    content_type: str = ""
    modified_at: dt.datetime | None = None


class UploadPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a multipart upload, as the store has it; ``number`` from 1."""

    number: int
    etag: str
    size: int = 0


class Uploads(Protocol):
    """Uploads by clients. Raises Unavailable, KeyError; InputRejected for parts that do not fit."""

    async def head(self, key: str) -> ObjectHead:
        """The object under ``key``, without its bytes."""
        ...

    async def copy(self, key: str, to: str) -> ObjectHead:
        """Copy an object inside the store, as it is now, and return what is there afterwards."""
        ...

    async def list_prefix(self, prefix: str, *, limit: int = 1000) -> list[ObjectHead]:
        """The first ``limit`` objects under a prefix, by key."""
        ...

    def presign_put(self, key: str, *, content_type: str, expires_s: int, size: int | None = None) -> str:
        """A URL that takes one PUT of exactly this content type (and this many bytes, when given)."""
        ...

    async def create_multipart(self, key: str, *, content_type: str) -> str:
        """Begin an upload in parts; returns its id."""
        ...

    def sign_part(self, key: str, upload_id: str, number: int, *, expires_s: int, size: int | None = None) -> str:
        """A URL that takes one PUT of part ``number``, 1 to 10,000, of exactly ``size`` bytes where given."""
        ...

    async def put_part(self, key: str, upload_id: str, number: int, body: bytes | bytearray) -> UploadPart:
        """Store part ``number`` of an upload in parts."""
        ...

    async def write(self, key: str, body: bytes | bytearray) -> None:
        """Store bytes under a key of the caller's choice."""
        ...

    async def read_range(self, key: str, start: int, length: int) -> bytes:
        """Up to ``length`` bytes of an object from ``start``."""
        ...

    async def delete_keys(self, keys: Sequence[str]) -> int:
        """Delete these objects; those that are not there count as well."""
        ...

    async def list_parts(self, key: str, upload_id: str) -> list[UploadPart]:
        """The parts that arrived, by number: what a client needs to resume."""
        ...

    async def complete_multipart(self, key: str, upload_id: str, parts: Sequence[UploadPart]) -> ObjectHead:
        """Make one object of the parts."""
        ...

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Forget an upload in parts; forgetting it twice is fine."""
        ...


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a topic, as it lies there."""

    key: str
    headers: dict[str, str]
    payload: bytes


class EventLog(Protocol):
    """The messages that topics still hold."""

    async def count_partitions(self, topic: str) -> int:
        """Number of partitions that the topic has now. Raises Unavailable."""
        ...

    def read(self, topic: str, partition: int, since: dt.datetime) -> AsyncIterator[Logged]:
        """Messages that the partition holds now, written at ``since`` or later, in order. Raises Unavailable."""
        ...


class NoVectors(Exception):
    """The engine cannot search by meaning: it is too old, or not migrated. Search by words instead."""


class Search(Protocol):
    """The search engine. A search may raise NoVectors where its options ask for ``hybrid``."""

    async def upsert(self, index: str, documents: Sequence[Mapping[str, Any]]) -> None:
        """Write documents by primary key and return when they can be found."""
        ...

    async def delete(self, index: str, filter_expression: str) -> None:
        """Delete what matches and return when it is gone."""
        ...

    async def search(self, index: str, query: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The engine's own answer."""
        ...


class OrganisationSearch(Protocol):
    """The search engine for those who ask. It may raise NoVectors where options ask for ``hybrid``."""

    async def search_each(
        self, org_id: UUID, index_queries: Sequence[tuple[str, Mapping[str, Any]]], query: str
    ) -> Sequence[Mapping[str, Any]]:
        """The engine's own answers to one question, one a pair of index and options, in their order.

        No document of another organisation is among them, whatever the options say.
        """
        ...


class Analytics(Protocol):
    """The column store. Only named statements with parameters, never a caller's SQL."""

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], token: str) -> None:
        """Insert a batch once per ``token``."""
        ...

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of a parameterised query, which may only read."""
        ...

    async def command(self, sql: str, parameters: Mapping[str, Any]) -> None:
        """Run a parameterised statement of ours that changes something."""
        ...
