"""Run a task of each kind on the library: its final details, or a MeiliError."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.standins.meilisearch.errors import MeiliError
from local.standins.meilisearch.index.attributes import Values
from local.standins.meilisearch.index.documents import Library
from local.standins.meilisearch.index.index_settings import merge_defaults
from local.standins.meilisearch.query.filters import parse_filter

Details = dict[str, Any]


def index_exists(uid: str) -> MeiliError:
    """The name is taken."""
    return MeiliError("index_already_exists", f"Index `{uid}` already exists.", status=409)


def add_documents(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """documentAdditionOrUpdate."""
    documents = payload["documents"]
    if not payload["may_create"]:
        library.store.index(uid)
    done = library.put(uid, documents, payload["primaryKey"], partial=payload["partial"])
    return {"receivedDocuments": len(documents), "indexedDocuments": done}


def delete_documents(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """documentDeletion, by a filter."""
    row, expression = library.store.index(uid), payload["filter"]
    node = parse_filter(expression)
    if node is None:
        raise MeiliError("invalid_document_filter", "Sending an empty filter is forbidden.")
    values = Values(library.store.read(), row.number)
    numbers = sorted(
        values.matching(node, merge_defaults(row.settings)["filterableAttributes"], "invalid_document_filter")
    )
    return {
        "providedIds": 0,
        "originalFilter": f'"{expression}"' if isinstance(expression, str) else str(expression),
        "deletedDocuments": library.delete(row, numbers),
    }


def create_index(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """indexCreation."""
    if library.store.find_index(uid):
        raise index_exists(uid)
    library.create(uid, payload["primaryKey"])
    return {"primaryKey": payload["primaryKey"]}


def delete_index(library: Library, uid: str, _payload: Mapping[str, Any]) -> Details:
    """indexDeletion."""
    row = library.store.index(uid)
    count = library.store.count(row.number)
    library.drop(row)
    return {"deletedDocuments": count}


def update_settings(library: Library, uid: str, payload: Mapping[str, Any]) -> Details:
    """settingsUpdate; makes the index if need be."""
    row = library.store.find_index(uid) or library.create(uid, None)
    library.change_settings(row, payload["settings"])
    return {name: value for name, value in payload["settings"].items() if value is not None}


OPERATIONS: Mapping[str, Callable[[Library, str, Mapping[str, Any]], Details]] = {
    "documentAdditionOrUpdate": add_documents,
    "documentDeletion": delete_documents,
    "indexCreation": create_index,
    "indexDeletion": delete_index,
    "settingsUpdate": update_settings,
}
