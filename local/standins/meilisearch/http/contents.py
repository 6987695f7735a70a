"""Documents and searches: a call in, a status and a JSON value out. Knows no HTTP framework."""

from __future__ import annotations

from typing import Any

from local.standins.meilisearch.errors import MeiliError, document_not_found, not_here, unknown_field
from local.standins.meilisearch.http.call import Answer, Call, enqueue, index_uid, known
from local.standins.meilisearch.index.attributes import Values
from local.standins.meilisearch.index.documents import Library
from local.standins.meilisearch.index.index_settings import merged
from local.standins.meilisearch.index.store import Store
from local.standins.meilisearch.index.vectors import FIELD
from local.standins.meilisearch.query.filters import parse_filter
from local.standins.meilisearch.search.ordering import NO_RANK, ordered
from local.standins.meilisearch.search.search import Searcher
from local.standins.meilisearch.search.search_request import SearchRequest, read_search
from local.standins.meilisearch.tasks.queue import Tasks

_FETCH = {"offset", "limit", "fields", "filter", "ids", "sort", "retrieveVectors"}


class Contents:
    """Routes that write, read and search documents."""

    def __init__(self, store: Store, library: Library, tasks: Tasks) -> None:
        """Joins what main made."""
        self._store, self._library, self._tasks = store, library, tasks

    def documents_put(self, call: Call, uid: str, *, partial: bool) -> Answer:
        """Add or replace (``partial``: update)."""
        call.access.require("documents.add", uid)
        known(call, {"primaryKey", "customMetadata"})
        documents = call.documents()
        payload = {"documents": documents, "primaryKey": call.query.get("primaryKey"), "partial": partial}
        count: dict[str, Any] = {"receivedDocuments": len(documents), "indexedDocuments": None}
        return enqueue(self._tasks, call, "documentAdditionOrUpdate", index_uid(uid), payload, **count)

    def document_get(self, call: Call, uid: str, identity: str) -> Answer:
        """One document."""
        call.access.require("documents.get", uid)
        found = self._store.document(self._store.index(uid).number, identity)
        if found is None:
            raise document_not_found(identity)
        wanted = [name for name in call.query.get("fields", "").split(",") if name]
        return 200, _fields(found, wanted)

    def documents_get(self, call: Call, uid: str) -> Answer:
        """A page of documents, asked for in the query string."""
        given: dict[str, Any] = dict(call.query)
        for name in ("offset", "limit"):
            if name in given:
                given[name] = call.number(name, 0, f"invalid_document_{name}")
        for name in ("fields", "ids", "sort"):
            if name in given:
                given[name] = given[name].split(",")
        return self._fetch(call, uid, given)

    def documents_fetch(self, call: Call, uid: str) -> Answer:
        """A page of documents, asked for in the body."""
        return self._fetch(call, uid, call.json())

    def _fetch(self, call: Call, uid: str, given: dict[str, Any]) -> Answer:
        call.access.require("documents.get", uid)
        for name in given:
            if name not in _FETCH:
                raise unknown_field(name, sorted(_FETCH))
        row = self._store.index(uid)
        settings = merged(row.settings)
        values = Values(self._store.read(), row.number)
        node = parse_filter(given.get("filter"))
        filterable = settings["filterableAttributes"]
        numbers = values.everything() if node is None else values.matching(node, filterable, "invalid_document_filter")
        if given.get("ids") is not None:
            numbers &= set(self._library.numbers_of(row, map(str, given["ids"])))
        hits = ordered([(n, NO_RANK) for n in sorted(numbers)], given.get("sort") or [], settings, values)
        offset, limit = given.get("offset") or 0, given.get("limit", 20)
        chosen = [number for number, _ in hits[offset : offset + limit]]
        bodies = self._store.bodies(chosen)
        if given.get("retrieveVectors"):
            bodies = {
                n: body | {FIELD: body.get(FIELD, {}) | self._library.vectors.of(row.number, n)}
                for n, body in bodies.items()
            }
        results = [_fields(bodies[n], given.get("fields") or []) for n in chosen if n in bodies]
        return 200, {"results": results, "offset": offset, "limit": limit, "total": len(hits)}

    def document_delete(self, call: Call, uid: str, identity: str) -> Answer:
        """Delete one."""
        return self._delete(call, uid, {"ids": [identity]})

    def documents_delete_all(self, call: Call, uid: str) -> Answer:
        """Delete all."""
        return self._delete(call, uid, {})

    def documents_delete_batch(self, call: Call, uid: str) -> Answer:
        """Delete by ids."""
        given = call.json()
        if not isinstance(given, list):
            raise MeiliError("bad_request", "Invalid value type: expected an array of document ids")
        return self._delete(call, uid, {"ids": [str(identity) for identity in given]})

    def documents_delete_by_filter(self, call: Call, uid: str) -> Answer:
        """Delete by filter."""
        given = call.json()
        if not isinstance(given, dict) or "filter" not in given:
            raise MeiliError("missing_document_filter", "Missing field `filter`")
        try:
            node = parse_filter(given["filter"])
        except MeiliError as error:
            raise MeiliError("invalid_document_filter", error.message) from None
        if node is None:
            raise MeiliError("invalid_document_filter", "Sending an empty filter is forbidden.")
        return self._delete(call, uid, {"filter": given["filter"]})

    def _delete(self, call: Call, uid: str, payload: dict[str, Any]) -> Answer:
        call.access.require("documents.delete", uid)
        return enqueue(
            self._tasks,
            call,
            "documentDeletion",
            index_uid(uid),
            payload,
            providedIds=len(payload.get("ids", [])),
            originalFilter=payload.get("filter"),
            deletedDocuments=None,
        )

    # search

    def search(self, call: Call, uid: str) -> Answer:
        """One search."""
        return 200, self._search(call, uid, read_search(call.json()))

    def search_get(self, call: Call, uid: str) -> Answer:
        """One search, asked for in the query string."""
        given: dict[str, Any] = dict(call.query)
        for name in ("offset", "limit", "page", "hitsPerPage", "cropLength"):
            if name in given:
                given[name] = call.number(name, 0, "invalid_search_limit")
        for name in ("facets", "attributesToRetrieve", "attributesToCrop", "attributesToHighlight", "sort", "locales"):
            if name in given:
                given[name] = given[name].split(",")
        for name in ("showRankingScore", "showMatchesPosition"):
            if name in given:
                given[name] = given[name] == "true"
        return 200, self._search(call, uid, read_search(given))

    def _search(self, call: Call, uid: str, request: SearchRequest) -> dict[str, Any]:
        call.access.require("search", uid)
        with self._store.snapshot():
            row = self._store.index(uid)
            return Searcher(self._library, row).run(request, call.access.filter_for(uid))

    def multi_search(self, call: Call) -> Answer:
        """Several searches at once."""
        given = call.json()
        if not isinstance(given, dict) or "queries" not in given:
            raise MeiliError("missing_multi_search_queries", "Missing field `queries`")
        if given.get("federation") is not None:
            raise not_here("Federated search")
        results = []
        for number, query in enumerate(given["queries"]):
            try:
                request = read_search(query)
                uid = index_uid(request.index_uid)
                results.append({"indexUid": uid, **self._search(call, uid, request)})
            except MeiliError as error:
                message = f"Inside `.queries[{number}]`: {error.message}"
                raise MeiliError(error.code, message, status=error.status, kind=error.kind) from None
        return 200, {"results": results}


def _fields(document: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    return document if not wanted or "*" in wanted else {k: v for k, v in document.items() if k in wanted}
