"""The queue of tasks: enqueue, run one by one, look up. None is lost: it runs again after a kill."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from local.standins.meilisearch.errors import MeiliError, internal, task_not_found
from local.standins.meilisearch.index.documents import Library
from local.standins.meilisearch.index.store import Store, now_text
from local.standins.meilisearch.tasks.operations import OPERATIONS

_COLUMNS = (
    "uid, index_uid, status, type, details, error, canceled_by, enqueued_at, started_at, finished_at, custom_metadata"
)


def _duration(started: str | None, finished: str | None) -> str | None:
    if not started or not finished:
        return None
    duration = dt.datetime.fromisoformat(finished) - dt.datetime.fromisoformat(started)
    return f"PT{duration.total_seconds():.6f}S"


def _task_document(row: Sequence[Any]) -> dict[str, Any]:
    uid, index, status, kind, details, error, canceled_by, enqueued, started, finished, metadata = row
    document = {
        "uid": uid,
        "batchUid": uid if started else None,
        "indexUid": index,
        "status": status,
        "type": kind,
        "canceledBy": canceled_by,
        "details": msgspec.json.decode(details) if details else None,
        "error": msgspec.json.decode(error) if error else None,
        "duration": _duration(started, finished),
        "enqueuedAt": enqueued,
        "startedAt": started,
        "finishedAt": finished,
    }
    return document | ({"customMetadata": metadata} if metadata else {})


class Tasks:
    """The queue and its one runner thread."""

    def __init__(self, store: Store, library: Library) -> None:
        """Put tasks that a kill left in processing back into the queue."""
        self._store, self._library = store, library
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)
        with store.write() as connection:
            connection.execute("update tasks set status = 'enqueued', started_at = null where status = 'processing'")

    def start(self) -> None:
        """Begin to run tasks."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the one that runs; the rest wait for the next start."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def enqueue(
        self,
        kind: str,
        index_uid: str | None,
        payload: Mapping[str, Any],
        *,
        details: Mapping[str, Any],
        metadata: str | None,
    ) -> dict[str, Any]:
        """Put a task into the queue and return its summary."""
        now = now_text()
        with self._store.write() as connection:
            sql = (
                "insert into tasks (index_uid, status, type, details, enqueued_at, custom_metadata, payload)"
                " values (?, 'enqueued', ?, ?, ?, ?, ?)"
            )
            packed = (msgspec.json.encode(details).decode(), now, metadata, msgspec.json.encode(payload).decode())
            uid = connection.execute(sql, (index_uid, kind, *packed)).lastrowid
        with self._wake:
            self._wake.notify()
        return {"taskUid": uid, "indexUid": index_uid, "status": "enqueued", "type": kind, "enqueuedAt": now}

    def get(self, uid: str) -> dict[str, Any]:
        """One task."""
        if not uid.isdigit():
            raise MeiliError("invalid_task_uid", f"`{uid}` is not a valid task uid.")
        row = self._store.read().execute(f"select {_COLUMNS} from tasks where uid = ?", (uid,)).fetchone()  # noqa: S608
        if row is None:
            raise task_not_found(uid)
        return _task_document(row)

    def _next(self) -> tuple[int, str, str | None, str] | None:
        sql = "select uid, type, index_uid, payload from tasks where status = 'enqueued' order by uid limit 1"
        row: tuple[int, str, str | None, str] | None = self._store.read().execute(sql).fetchone()
        return row

    def _run(self) -> None:
        while not self._stopping:
            task = self._next()
            if task is None:
                with self._wake:
                    if not self._stopping and self._next() is None:
                        self._wake.wait(1)
                continue
            self._run_one(*task)

    def _run_one(self, uid: int, kind: str, index_uid: str | None, payload: str) -> None:
        self._set(uid, "processing", started_at=now_text())
        try:
            details = OPERATIONS[kind](self._library, index_uid or "", msgspec.json.decode(payload))
        except MeiliError as error:
            self._set(uid, "failed", finished_at=now_text(), error=error.body())
        except Exception as error:  # noqa: BLE001  whatever a task hits, the queue goes on, and the task tells
            self._set(uid, "failed", finished_at=now_text(), error=internal(error).body())
        else:
            self._set(uid, "succeeded", finished_at=now_text(), details=details)

    def _set(self, uid: int, status: str, **changes: Any) -> None:
        texts = {k: msgspec.json.encode(v).decode() if isinstance(v, dict) else v for k, v in changes.items()}
        assignments = ", ".join(f"{name} = ?" for name in texts)
        dropped = "" if status == "processing" else ", payload = null"
        with self._store.write() as connection:
            sql = f"update tasks set status = ?, {assignments}{dropped} where uid = ?"  # noqa: S608  our own names
            connection.execute(sql, (status, *texts.values(), uid))

    def busy(self, index_uid: str) -> bool:
        """Whether a task of this index runs right now."""
        sql = "select 1 from tasks where status = 'processing' and index_uid = ? limit 1"
        return self._store.read().execute(sql, (index_uid,)).fetchone() is not None
