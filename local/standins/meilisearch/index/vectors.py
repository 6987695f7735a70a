"""Vectors of documents, given by the writer: stored as blobs, compared with the query's.

As in Meilisearch with embedders of source ``userProvided``: every document of such an index brings its vectors in
``_vectors``, or says ``null`` there. https://www.meilisearch.com/docs/reference/api/settings (embedders).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, TypeAlias

import msgspec

from local.standins.meilisearch.errors import MeiliError, not_here
from local.standins.meilisearch.index.store import Store

Embedders: TypeAlias = Mapping[str, Mapping[str, Any]]
ProvidedVectors: TypeAlias = dict[str, list[list[float]]]
"""By embedder; an empty list: the document wants none."""
FIELD = "_vectors"
MAX_DIMENSIONS = 4096
_KNOWN = {"source", "dimensions", "distribution", "binaryQuantized"}
_NO_VECTOR_PART = -1
"""Part number of a document that opted out of vectors."""


def check_embedders(value: object) -> None:
    """Raises MeiliError for what is no setting, or is one that this server cannot do."""
    if not isinstance(value, dict):
        raise MeiliError("invalid_settings_embedders", "Invalid value type at `.embedders`: expected an object")
    for name, rules in value.items():
        if rules is None:
            continue
        if not isinstance(rules, dict) or rules.get("source") != "userProvided" or set(rules) - _KNOWN:
            raise not_here(f"The embedder `{name}` (any but a `userProvided` one)")
        dimensions = rules.get("dimensions")
        if not isinstance(dimensions, int) or not 1 <= dimensions <= MAX_DIMENSIONS:
            note = "(note: this field is mandatory for source `userProvided`)"
            message = f"`.embedders.{name}`: Missing field `dimensions` {note}"
            raise MeiliError("invalid_settings_embedders", message)


def read_vectors(document: Mapping[str, Any], embedders: Embedders, identity: str) -> ProvidedVectors:
    """Vectors that a document brings for each configured embedder; raises MeiliError for other values."""
    raw = document.get(FIELD, {})
    if not isinstance(raw, dict):
        kind = {list: "sequence", str: "string", type(None): "null", bool: "boolean"}.get(type(raw), "number")
        message = f"invalid type: {kind}, expected a map at line 1 column 0"
        raise MeiliError("internal", message, status=500, kind="internal")  # so the real one, for what is a user's
    vectors: ProvidedVectors = {}
    for name, rules in embedders.items():
        if name in raw:
            rows = _rows(raw[name], f"`{FIELD}.{name}` of the document with id `{identity}`")
            for row in rows:
                check_dimensions(row, rules, f" in document with id `{identity}` in `.{FIELD}.{name}`")
            vectors[name] = rows
    return vectors


def _rows(value: object, place: str) -> list[list[float]]:
    inner = value.get("embeddings") if isinstance(value, dict) else value
    if isinstance(value, dict) and not isinstance(value.get("regenerate"), bool):
        message = f"Bad embedder configuration: {place} is an object without the field `regenerate`, true or false."
        raise MeiliError("invalid_vectors_type", message)
    if isinstance(value, dict) and value["regenerate"]:
        raise not_here("Generating embeddings")
    if inner is None:
        return []
    several = inner if isinstance(inner, list) and inner and isinstance(inner[0], list) else [inner]
    try:
        return [row for row in msgspec.convert(several, list[list[float]]) if row]
    except msgspec.ValidationError:
        message = f"Bad embedder configuration: {place} is neither an array of numbers nor of such arrays."
        raise MeiliError("invalid_vectors_type", message) from None


def check_dimensions(row: Sequence[float], rules: Mapping[str, Any], place: str = "") -> None:
    """Raises MeiliError where a vector has another length than its embedder's."""
    if len(row) != rules["dimensions"]:
        message = f"Invalid vector dimensions{place}: expected: `{rules['dimensions']}`, found: `{len(row)}`."
        raise MeiliError("invalid_vector_dimensions", message)


class Vectors:
    """The vectors of all indexes. Numpy is loaded with the first of them."""

    def __init__(self, store: Store) -> None:
        """Reads and writes by the store's connections."""
        self._store = store
        self._changes: Counter[int] = Counter()
        self._kept: dict[tuple[int, str], tuple[int, Any, Any]] = {}
        self._lock = threading.Lock()

    def put(
        self, connection: Connection, index_no: int, number: int, vectors: ProvidedVectors, missing: Iterable[str]
    ) -> None:
        """Replace the provided vectors; ``missing``: embedders whose vector the document should have brought."""
        for name in missing:
            message = (
                f"While embedding documents for embedder `{name}`: no vectors provided for a document. Documents must "
                f"provide embeddings as an array in `{FIELD}.{name}`, or opt out with `{FIELD}.{name}: null`."
            )
            raise MeiliError("vector_embedding_error", message)
        for name, rows in vectors.items():
            key = (index_no, name, number)
            connection.execute("delete from vectors where index_no = ? and embedder = ? and document_no = ?", key)
            bodies = [(*key, part, _encode_row(row)) for part, row in enumerate(rows)] or [(*key, _NO_VECTOR_PART, b"")]
            connection.executemany("insert into vectors values (?, ?, ?, ?, ?)", bodies)
        self._changes[index_no] += bool(vectors)

    def remove(self, connection: Connection, index_no: int, number: int) -> None:
        """Forget a document's."""
        connection.execute("delete from vectors where index_no = ? and document_no = ?", (index_no, number))
        self._changes[index_no] += 1

    def forget(self, connection: Connection, index_no: int, embedder: str) -> None:
        """Forget all of one embedder."""
        connection.execute("delete from vectors where index_no = ? and embedder = ?", (index_no, embedder))
        self._changes[index_no] += 1

    def vectors_of(self, index_no: int, number: int) -> dict[str, Any]:
        """A document's vectors as the API shows them."""
        import numpy as np  # noqa: PLC0415 - a third of a second that an index without vectors shall not pay

        sql = "select embedder, part, body from vectors where index_no = ? and document_no = ? order by embedder, part"
        entries: dict[str, Any] = {}
        for name, part, body in self._store.read().execute(sql, (index_no, number)):
            entry = entries.setdefault(name, {"embeddings": [], "regenerate": False})
            if part != _NO_VECTOR_PART:
                entry["embeddings"].append(np.frombuffer(body, "<f4").astype(float).round(7).tolist())
        return entries

    def nearest(self, index_no: int, embedder: str, vector: Sequence[float]) -> list[tuple[int, float]]:
        """Every document with a vector, nearest first, with its likeness 0..1: ``(1 + cosine) / 2``."""
        import numpy as np  # noqa: PLC0415 - as above

        numbers, matrix = self._matrix(index_no, embedder)
        if not len(numbers):
            return []
        query = np.asarray(vector, dtype=np.float32)
        likeness = (1 + matrix @ (query / max(float(np.linalg.norm(query)), 1e-9))) / 2
        likenesses: dict[int, float] = {}
        for at in np.argsort(-likeness, kind="stable"):
            likenesses.setdefault(int(numbers[at]), float(likeness[at]))
        return list(likenesses.items())

    def _matrix(self, index_no: int, embedder: str) -> tuple[Any, Any]:
        """Document numbers and unit vectors, one row each; cached until the next write."""
        import numpy as np  # noqa: PLC0415 - as above

        with self._lock:
            change, cached = self._changes[index_no], self._kept.get((index_no, embedder))
            if cached is not None and cached[0] == change:
                return cached[1], cached[2]
            sql = "select document_no, body from vectors where index_no = ? and embedder = ? and part >= 0"
            records = self._store.read().execute(sql, (index_no, embedder)).fetchall()
            numbers = np.array([number for number, _ in records], dtype=np.int64)
            rows = np.frombuffer(b"".join(body for _, body in records), "<f4").reshape(
                len(records), -1 if records else 0
            )
            matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9) if records else rows
            self._kept[index_no, embedder] = (change, numbers, matrix)
            return numbers, matrix


def _encode_row(row: Sequence[float]) -> bytes:
    import numpy as np  # noqa: PLC0415 - as above

    return np.asarray(row, dtype="<f4").tobytes()
