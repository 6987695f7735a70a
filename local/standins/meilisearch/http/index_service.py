"""Health, keys, tasks, indexes, settings: a call in, a status and a JSON value out. Knows no HTTP framework."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from local.standins.meilisearch.errors import MeiliError, not_here
from local.standins.meilisearch.http.call import Answer, Call, enqueue, index_uid, known, page
from local.standins.meilisearch.index.index_settings import BY_PATH, DEFAULTS, check_settings, merged
from local.standins.meilisearch.index.store import IndexRow, Store
from local.standins.meilisearch.keys import Keys
from local.standins.meilisearch.tasks.queue import FILTERS, Tasks

VERSION = {"commitSha": "stand-in", "commitDate": "unknown", "pkgVersion": "1.50.0"}


class Service:
    """Every route but those of documents and searches."""

    def __init__(self, store: Store, tasks: Tasks, keys: Keys) -> None:
        """Joins what main made."""
        self._store, self._tasks, self._keys = store, tasks, keys

    # health, version, stats, keys

    def health(self, _call: Call) -> Answer:
        """Whether the server lives."""
        return 200, {"status": "available"}

    def version(self, call: Call) -> Answer:
        """Which API this is."""
        call.access.require("version")
        return 200, VERSION

    def stats(self, call: Call) -> Answer:
        """Counts of all indexes."""
        call.access.require("stats.get")
        indexes = {row.uid: self._index_stats(row) for row in self._store.indexes()}
        return 200, {"databaseSize": 0, "usedDatabaseSize": 0, "lastUpdate": None, "indexes": indexes}

    def index_stats(self, call: Call, uid: str) -> Answer:
        """Counts of one index."""
        call.access.require("stats.get", uid)
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

    def keys_list(self, call: Call) -> Answer:
        """Every key."""
        call.access.require("keys.get")
        return 200, page(self._keys.list(), call, "api_key")

    def key_get(self, call: Call, key: str) -> Answer:
        """One key."""
        call.access.require("keys.get")
        return 200, self._keys.get(key)

    def key_create(self, call: Call) -> Answer:
        """A new key."""
        call.access.require("keys.create")
        return 201, self._keys.create(call.json())

    def key_update(self, call: Call, key: str) -> Answer:
        """Another name."""
        call.access.require("keys.update")
        return 200, self._keys.update(key, call.json())

    def key_delete(self, call: Call, key: str) -> Answer:
        """Take a key back."""
        call.access.require("keys.delete")
        self._keys.delete(key)
        return 204, None

    # tasks

    def task_get(self, call: Call, uid: str) -> Answer:
        """One task."""
        call.access.require("tasks.get")
        return 200, self._tasks.get(uid)

    def tasks_list(self, call: Call) -> Answer:
        """A page of tasks."""
        call.access.require("tasks.get")
        known(call, {*FILTERS, "limit", "from", "reverse"})
        limit = call.number("limit", 20, "invalid_task_limit")
        start = call.number("from", None, "invalid_task_from")
        reverse = call.query.get("reverse") == "true"
        return 200, self._tasks.page(call.query, limit=limit or 0, start=start, reverse=reverse)

    def tasks_cancel(self, call: Call) -> Answer:
        """Cancel what still waits."""
        return self._on_tasks(call, "taskCancelation", "tasks.cancel", "cancel")

    def tasks_delete(self, call: Call) -> Answer:
        """Forget what has ended."""
        return self._on_tasks(call, "taskDeletion", "tasks.delete", "delete")

    def _on_tasks(self, call: Call, kind: str, action: str, verb: str) -> Answer:
        call.access.require(action)
        known(call, {*FILTERS, "customMetadata"})
        query = {name: value for name, value in call.query.items() if name in FILTERS}
        if not query:
            listed = ", ".join(f"`{name}`" for name in FILTERS)
            message = (
                f"Query parameters to filter the tasks to {verb} are missing. Available query parameters are: {listed}."
            )
            raise MeiliError("missing_task_filters", message)
        return enqueue(self._tasks, call, kind, None, {"query": query, "original": "?" + urlencode(query)})

    # indexes

    def indexes_list(self, call: Call) -> Answer:
        """Every index that the caller may see."""
        call.access.require("indexes.get")
        return 200, page([row.public() for row in self._store.indexes()], call, "index")

    def index_get(self, call: Call, uid: str) -> Answer:
        """One index."""
        call.access.require("indexes.get", uid)
        return 200, self._store.index(uid).public()

    def index_create(self, call: Call) -> Answer:
        """Make an index."""
        given = call.json()
        if not isinstance(given, dict) or "uid" not in given:
            raise MeiliError("missing_index_uid", "Missing field `uid`")
        uid = index_uid(given["uid"])
        call.access.require("indexes.create", uid)
        key = given.get("primaryKey")
        return enqueue(self._tasks, call, "indexCreation", uid, {"primaryKey": key}, primaryKey=key)

    def index_update(self, call: Call, uid: str) -> Answer:
        """Another primary key or name."""
        call.access.require("indexes.update", uid)
        given = call.json()
        return enqueue(self._tasks, call, "indexUpdate", uid, given, primaryKey=given.get("primaryKey"))

    def index_delete(self, call: Call, uid: str) -> Answer:
        """Forget an index."""
        call.access.require("indexes.delete", uid)
        return enqueue(self._tasks, call, "indexDeletion", uid, {})

    def indexes_swap(self, call: Call) -> Answer:
        """Exchange the names of pairs."""
        call.access.require("indexes.swap")
        swaps: list[dict[str, Any]] = [
            {"indexes": [index_uid(uid) for uid in swap["indexes"]], "rename": False} for swap in call.json()
        ]
        if any(len(swap["indexes"]) != 2 for swap in swaps):
            raise MeiliError("invalid_swap_indexes", "Two indexes must be given for each swap.")
        return enqueue(self._tasks, call, "indexSwap", None, {"swaps": swaps}, swaps=swaps)

    # settings

    def settings_get(self, call: Call, uid: str) -> Answer:
        """All settings."""
        call.access.require("settings.get", uid)
        return 200, merged(self._store.index(uid).settings)

    def settings_update(self, call: Call, uid: str) -> Answer:
        """Change some."""
        call.access.require("settings.update", uid)
        given = check_settings(call.json())
        return enqueue(self._tasks, call, "settingsUpdate", index_uid(uid), {"settings": given}, **given)

    def settings_reset(self, call: Call, uid: str) -> Answer:
        """Back to the defaults."""
        call.access.require("settings.update", uid)
        return enqueue(self._tasks, call, "settingsUpdate", uid, {"settings": dict.fromkeys(DEFAULTS)})

    def setting_get(self, call: Call, uid: str, path: str) -> Answer:
        """One setting."""
        call.access.require("settings.get", uid)
        return 200, merged(self._store.index(uid).settings)[self._setting(path)]

    def setting_update(self, call: Call, uid: str, path: str) -> Answer:
        """Change one."""
        call.access.require("settings.update", uid)
        given = check_settings({self._setting(path): call.json()})
        return enqueue(self._tasks, call, "settingsUpdate", index_uid(uid), {"settings": given}, **given)

    def setting_reset(self, call: Call, uid: str, path: str) -> Answer:
        """One back to its default."""
        call.access.require("settings.update", uid)
        return enqueue(self._tasks, call, "settingsUpdate", uid, {"settings": {self._setting(path): None}})

    @staticmethod
    def _setting(path: str) -> str:
        if path not in BY_PATH:
            raise not_here(f"The route of the setting `{path}`")
        return BY_PATH[path]

    def not_supported(self, call: Call, *_: str) -> Answer:
        """Routes of Meilisearch that this server has not."""
        raise not_here("This route")
