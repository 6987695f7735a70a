"""Health, tasks, indexes, settings: a call in, a status and a JSON value out. Knows no HTTP framework."""

from __future__ import annotations

from typing import Any

from local.standins.meilisearch.errors import MeiliError, not_here, task_not_found
from local.standins.meilisearch.http.call import Answer, Call, enqueue, index_uid, page
from local.standins.meilisearch.index.index_settings import check_settings, merge_defaults
from local.standins.meilisearch.index.store import IndexRow, Store
from local.standins.meilisearch.tasks.queue import Tasks

VERSION = {"commitSha": "stand-in", "commitDate": "unknown", "pkgVersion": "1.50.0"}


class Service:
    """Every route but those of documents and searches."""

    def __init__(self, store: Store, tasks: Tasks) -> None:
        """Joins what main made."""
        self._store, self._tasks = store, tasks

    # health, version

    def health(self, _call: Call) -> Answer:
        """Whether the server lives."""
        return 200, {"status": "available"}

    def version(self, call: Call) -> Answer:
        """Version of the API."""
        return 200, VERSION

    def index_stats(self, call: Call, uid: str) -> Answer:
        """Counts of one index."""
        return 200, self._index_stats(self._store.index(uid))

    def _index_stats(self, row: IndexRow) -> dict[str, Any]:
        sql = (
            "select field.key, count(*) from documents, json_each(documents.body) as field"
            " where index_no = ? group by 1 order by 1"
        )
        fields = dict(self._store.read().execute(sql, (row.number,)).fetchall())
        return {
            "numberOfDocuments": self._store.count(row.number),
            "rawDocumentDbSize": 0,
            "avgDocumentSize": 0,
            "isIndexing": self._tasks.busy(row.uid),
            "numberOfEmbeddings": 0,
            "numberOfEmbeddedDocuments": 0,
            "fieldDistribution": fields,
        }

    # tasks

    def task_get(self, call: Call, uid: str) -> Answer:
        """One task."""
        task = self._tasks.get(uid)
        if not call.grant.reaches(task["indexUid"] or ""):
            raise task_not_found(uid)
        return 200, task

    # indexes

    def indexes_list(self, call: Call) -> Answer:
        """Every index that the caller may see."""
        return 200, page([row.public() for row in self._store.indexes() if call.grant.reaches(row.uid)], call, "index")

    def index_create(self, call: Call) -> Answer:
        """Make an index."""
        body = call.json()
        if not isinstance(body, dict) or "uid" not in body:
            raise MeiliError("missing_index_uid", "Missing field `uid`")
        uid = index_uid(body["uid"])
        call.grant.check_index(uid)
        key = body.get("primaryKey")
        return enqueue(self._tasks, call, "indexCreation", uid, {"primaryKey": key}, primaryKey=key)

    def index_delete(self, call: Call, uid: str) -> Answer:
        """Forget an index."""
        return enqueue(self._tasks, call, "indexDeletion", uid, {})

    # settings

    def settings_get(self, call: Call, uid: str) -> Answer:
        """All settings."""
        return 200, merge_defaults(self._store.index(uid).settings)

    def settings_update(self, call: Call, uid: str) -> Answer:
        """Change some settings of an index."""
        settings = check_settings(call.json())
        return enqueue(self._tasks, call, "settingsUpdate", index_uid(uid), {"settings": settings}, **settings)

    def not_supported(self, call: Call, *_: str) -> Answer:
        """Routes of Meilisearch that this server has not."""
        raise not_here("This route")
