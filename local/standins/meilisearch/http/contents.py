"""Documents and searches: a call in, a status and a JSON value out. Knows no HTTP framework."""

from __future__ import annotations

from typing import Any

import msgspec

from local.standins.meilisearch.errors import MeiliError, invalid_key, not_here, unknown_field
from local.standins.meilisearch.http.call import Answer, Call, enqueue, index_uid, known_fields
from local.standins.meilisearch.index.attributes import Values
from local.standins.meilisearch.index.documents import Library
from local.standins.meilisearch.index.store import Store
from local.standins.meilisearch.index.vectors import FIELD
from local.standins.meilisearch.query.filters import parse_filter
from local.standins.meilisearch.search.search import Searcher
from local.standins.meilisearch.search.search_request import SearchRequest, read_search
from local.standins.meilisearch.tasks.queue import Tasks

_PAGE = {"offset", "limit", "fields", "retrieveVectors"}
_NOT_SERVED = {"filter", "ids", "sort"}


class Contents:
    """Routes that write, read and search documents."""

    def __init__(self, store: Store, library: Library, tasks: Tasks) -> None:
        """Joins what main made."""
        self._store, self._library, self._tasks = store, library, tasks

    def documents_put(self, call: Call, uid: str, *, partial: bool) -> Answer:
        """Add or replace (``partial``: update)."""
        known_fields(call, {"primaryKey", "customMetadata"})
        documents = call.documents()
        payload = {
            "documents": documents, "primaryKey": call.query.get("primaryKey"), "partial": partial,
            "may_create": call.grant.may("indexes.create"),
        }  # fmt: skip
        count: dict[str, Any] = {"receivedDocuments": len(documents), "indexedDocuments": None}
        return enqueue(self._tasks, call, "documentAdditionOrUpdate", index_uid(uid), payload, **count)

    def documents_fetch(self, call: Call, uid: str) -> Answer:
        """A page of documents in the order of their numbers, with the fields that the body names."""
        request_body: dict[str, Any] = call.json()
        for name in request_body:
            if name in _NOT_SERVED:
                raise not_here(f"The parameter `{name}` of this route")
            if name not in _PAGE:
                raise unknown_field(name, sorted(_PAGE | _NOT_SERVED))
        offset, limit, fields = (
            request_body.get("offset") or 0,
            request_body.get("limit", 20),
            request_body.get("fields") or [],
        )
        row = self._store.index(uid)
        numbers = sorted(Values(self._store.read(), row.number).everything())
        chosen = numbers[offset : offset + limit]
        bodies = self._store.bodies(chosen)
        if request_body.get("retrieveVectors"):
            bodies = {
                n: body | {FIELD: body.get(FIELD, {}) | self._library.vectors.vectors_of(row.number, n)}
                for n, body in bodies.items()
            }
        results = [_fields(bodies[n], fields) for n in chosen if n in bodies]
        return 200, {"results": results, "offset": offset, "limit": limit, "total": len(numbers)}

    def documents_delete_by_filter(self, call: Call, uid: str) -> Answer:
        """Delete by filter."""
        body = call.json()
        if not isinstance(body, dict) or "filter" not in body:
            raise MeiliError("missing_document_filter", "Missing field `filter`")
        try:
            node = parse_filter(body["filter"])
        except MeiliError as error:
            raise MeiliError("invalid_document_filter", error.message) from None
        if node is None:
            raise MeiliError("invalid_document_filter", "Sending an empty filter is forbidden.")
        counts: dict[str, Any] = {"providedIds": 0, "originalFilter": body["filter"], "deletedDocuments": None}
        payload = {"filter": body["filter"]}
        return enqueue(self._tasks, call, "documentDeletion", index_uid(uid), payload, **counts)

    # search

    def search(self, call: Call, uid: str) -> Answer:
        """One search."""
        return 200, self._search(call, uid, read_search(call.json()))

    def _search(self, call: Call, uid: str, request: SearchRequest) -> dict[str, Any]:
        narrowed = msgspec.structs.replace(request, filter=call.grant.narrow(uid, request.filter))
        with self._store.snapshot():
            row = self._store.index(uid)
            return Searcher(self._library, row).run(narrowed)

    def multi_search(self, call: Call) -> Answer:
        """Several searches at once."""
        body = call.json()
        if not isinstance(body, dict) or "queries" not in body:
            raise MeiliError("missing_multi_search_queries", "Missing field `queries`")
        if body.get("federation") is not None:
            raise not_here("Federated search")
        results = []
        for number, query in enumerate(body["queries"]):
            try:
                request = read_search(query)
                uid = index_uid(request.index_uid)
                if not call.grant.reaches(uid):
                    raise invalid_key()
                results.append({"indexUid": uid, **self._search(call, uid, request)})
            except MeiliError as error:
                message = f"Inside `.queries[{number}]`: {error.message}"
                raise MeiliError(error.code, message, status=error.status, kind=error.kind) from None
        return 200, {"results": results}


def _fields(document: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    return document if not fields or "*" in fields else {k: v for k, v in document.items() if k in fields}
