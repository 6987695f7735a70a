"""What each kind of task does to the library. Returns the task's final details; raises MeiliError when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.standins.meilisearch.errors import MeiliError, index_not_found
from local.standins.meilisearch.index.attributes import Values
from local.standins.meilisearch.index.documents import Library
from local.standins.meilisearch.index.index_settings import merged
from local.standins.meilisearch.index.store import IndexRow
from local.standins.meilisearch.query.filters import parse_filter

Details = dict[str, Any]


def index_exists(uid: str) -> MeiliError:
    """The name is taken."""
    return MeiliError("index_already_exists", f"Index `{uid}` already exists.", status=409)


def add_documents(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """documentAdditionOrUpdate."""
    documents = payload["documents"]
    done = library.put(uid, documents, payload["primaryKey"], partial=payload["partial"])
    return {"receivedDocuments": len(documents), "indexedDocuments": done}


def delete_documents(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """documentDeletion: by ids, by a filter, or all."""
    row = library.store.index(uid)
    numbers = _chosen(library, row, payload)
    shown = payload.get("filter")
    return {
        "providedIds": len(payload.get("ids") or []),
        "originalFilter": f'"{shown}"' if isinstance(shown, str) else shown and str(shown),
        "deletedDocuments": library.delete(row, numbers),
    }


def _chosen(library: Library, row: IndexRow, payload: Mapping[str, Any]) -> list[int]:
    values = Values(library.store.read(), row.number)
    if payload.get("ids") is not None:
        return library.numbers_of(row, payload["ids"])
    node = parse_filter(payload.get("filter"))
    if node is None:
        return sorted(values.everything())
    return sorted(values.matching(node, merged(row.settings)["filterableAttributes"], "invalid_document_filter"))


def create_index(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """indexCreation."""
    if library.store.find_index(uid):
        raise index_exists(uid)
    library.create(uid, payload["primaryKey"])
    return {"primaryKey": payload["primaryKey"]}


def update_index(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """indexUpdate: primary key, name."""
    row = library.store.index(uid)
    if payload.get("primaryKey"):
        library.set_primary_key(row, payload["primaryKey"])
    if payload.get("uid") and payload["uid"] != uid:
        if library.store.find_index(payload["uid"]):
            raise index_exists(payload["uid"])
        library.rename(row, payload["uid"])
    return {"primaryKey": payload.get("primaryKey")}


def delete_index(library: Library, uid: str, _payload: Mapping[str, Any]) -> Details:
    """indexDeletion."""
    row = library.store.index(uid)
    count = library.store.count(row.number)
    library.drop(row)
    return {"deletedDocuments": count}


def swap_indexes(library: Library, _uid: str, payload: Mapping[str, Any]) -> Details:
    """indexSwap: all pairs, or none when one index is missing."""
    names = [name for swap in payload["swaps"] for name in swap["indexes"]]
    missing = [name for name in names if library.store.find_index(name) is None]
    if missing:
        raise index_not_found(missing[0])
    for swap in payload["swaps"]:
        left, right = swap["indexes"]
        library.swap(library.store.index(left), library.store.index(right))
    return {"swaps": payload["swaps"]}


def update_settings(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """settingsUpdate; makes the index if need be."""
    row = library.store.find_index(uid) or library.create(uid, None)
    library.change_settings(row, payload["settings"])
    return {name: value for name, value in payload["settings"].items() if value is not None}


OPERATIONS: Mapping[str, Callable[[Library, str, Mapping[str, Any]], Details]] = {
    "documentAdditionOrUpdate": add_documents,
    "documentDeletion": delete_documents,
    "indexCreation": create_index,
    "indexUpdate": update_index,
    "indexDeletion": delete_index,
    "indexSwap": swap_indexes,
    "settingsUpdate": update_settings,
}
