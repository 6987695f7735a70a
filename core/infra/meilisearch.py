"""The search engine: the `Search` port on the official client, and the settings of its indexes.

The client is synchronous and keeps headers that it changes at each call, so each call runs in a thread of this
module's own small pool, with index objects of its own.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, TypeAlias, TypeVar

import meilisearch
import msgspec
import requests
import structlog
from meilisearch.errors import MeilisearchApiError, MeilisearchCommunicationError, MeilisearchTimeoutError
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from core.errors import Unavailable
from core.ports.stores import NoVectors
from core.settings import Settings
from schemas.access.search_keys import SEARCH_KEYS, SearchKey

T = TypeVar("T")
Client: TypeAlias = Any
"""meilisearch.Client; typed loosely, because its answers are."""
PART = "search"
THREADS = 4
CALL_TIMEOUT_S = 20
TASK_TIMEOUT_MS = 120_000
POLL_MS = 15
VECTORS = "_vectors"
DOCUMENTS_PER_PAGE = 500
"""Documents read at once while an embedder is added: a page of vectors is about 4 MB of JSON."""
LATER_CODES = {"index_not_found", "no_space_left_on_device", "too_many_open_files", "too_many_search_requests"}
NO_VECTOR_CODES = {"invalid_search_embedder", "invalid_vector_dimensions", "vector_embedding_error"} | {
    "feature_not_enabled",
    "invalid_search_hybrid",
    "invalid_search_vector",
}
UNORDERED = {"filterableAttributes", "sortableAttributes"}
REPLACED_SETTINGS = {"synonyms", "embedders"}
"""Settings of which the engine keeps exactly what was set, without adding defaults."""
NOT_A_VECTOR = re.compile(r"invalid type: .*, expected a map")
"""Meilisearch's message about `_vectors` that are no object: coded `internal`, though the document is at fault."""
LATER_STATUSES = {408, 429, 500, 502, 503, 504}


class TaskFailedError(RuntimeError):
    """The engine accepted a task and failed it: the documents do not fit the index.

    A bug of ours, not an outage.
    """


class IndexSchema(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One file of ``schemas/meilisearch``."""

    uid: str
    version: int
    primary_key: str
    settings: dict[str, Any]
    synonyms: bool = False
    """Whether the groups of ``schemas/data/synonyms.json`` apply to the index."""


def index_schemas() -> list[IndexSchema]:
    """Every index of ours, with synonyms among its settings."""
    entries = sorted(files("schemas").joinpath("meilisearch").iterdir(), key=lambda entry: entry.name)
    schemas = [msgspec.json.decode(e.read_bytes(), type=IndexSchema) for e in entries if e.name.endswith(".json")]
    groups = msgspec.json.decode(files("schemas").joinpath("data", "synonyms.json").read_bytes(), type=list[list[str]])
    synonyms = {
        "synonyms": {word: [synonym for synonym in group if synonym != word] for group in groups for word in group}
    }
    return [
        msgspec.structs.replace(schema, settings=schema.settings | synonyms) if schema.synonyms else schema
        for schema in schemas
    ]


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (MeilisearchCommunicationError, MeilisearchTimeoutError, OSError) as error:
        raise Unavailable(PART, f"{type(error).__name__}: {error}") from error
    except MeilisearchApiError as error:
        if error.status_code in LATER_STATUSES or error.code in LATER_CODES:
            raise Unavailable(PART, error.message) from error
        if error.status_code in (401, 403):
            detail = f"the engine refuses the key of this process ({error.code}): see docs/operators.md#search-keys"
            raise Unavailable(PART, detail) from error
        if error.code in NO_VECTOR_CODES:
            raise NoVectors(error.message) from error
        raise


def wait_for_task(client: Client, info: Any) -> None:
    """Wait for a task. Raises TaskFailedError, or Unavailable if the engine itself failed."""
    task = client.wait_for_task(info.task_uid, timeout_in_ms=TASK_TIMEOUT_MS, interval_in_ms=POLL_MS)
    if task.status == "succeeded":
        return
    error = task.error or {"code": task.status, "message": "canceled by somebody", "type": "internal"}
    text = f"{info.type} on {info.index_uid}: {error['code']}: {error['message']}"
    if NOT_A_VECTOR.search(error["message"]):
        raise TaskFailedError(text)
    if error["type"] in ("internal", "system") or error["code"] in LATER_CODES:
        raise Unavailable(PART, text)
    raise TaskFailedError(text)


class _Sessions(threading.local):
    """Keeps a session for each thread: the client by itself opens a connection for each call.

    A search is repeated once if the engine had just closed the connection.
    """

    def __init__(self) -> None:
        self.session = requests.Session()
        again = HTTPAdapter(max_retries=Retry(total=1, status=0, allowed_methods=None))
        self.session.mount("http://", again)
        self.session.mount("https://", again)


class EngineCalls:
    """Calls of one server by one key, in threads of their own."""

    def __init__(self, url: str, key: str, *, threads: int = THREADS, call_s: int = CALL_TIMEOUT_S) -> None:
        """Opens no connection; `close` ends the pool of ``threads``. A call waits ``call_s`` for its answer."""
        self._url, self._key, self._call_s = url, key, call_s
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="search")
        self._sessions = _Sessions()

    async def call(self, function: Callable[[Client], T]) -> T:
        """Run what needs a client. Raises Unavailable, NoVectors."""

        def work() -> T:
            with _translate_errors():
                return function(meilisearch.Client(self._url, self._key, timeout=self._call_s))

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def post(self, path: str, body: Mapping[str, Any], key: str) -> Any:
        """POST on the thread's kept connection with another key; for functions that `call` runs."""
        client = meilisearch.Client(self._url, key, timeout=self._call_s)
        return client.http.send_request(self._sessions.session.post, path, dict(body), "application/json")

    def close(self) -> None:
        """End the threads; calls under way finish."""
        self._pool.shutdown(wait=False)


class MeilisearchSearch:
    """`Search` on one server."""

    def __init__(self, url: str, key: str, *, threads: int = THREADS, call_s: int = CALL_TIMEOUT_S) -> None:
        """Opens no connection; `close` ends the pool of ``threads``. A call waits ``call_s`` for its answer."""
        self._calls = EngineCalls(url, key, threads=threads, call_s=call_s)
        self._call = self._calls.call

    def close(self) -> None:
        """End the threads; calls under way finish."""
        self._calls.close()

    async def upsert(self, index: str, documents: Sequence[Mapping[str, Any]]) -> None:
        """Write documents by primary key and return once they can be found. Fields that are not given stay."""
        if documents:
            updates = [dict(document) for document in documents]
            await self._call(lambda client: wait_for_task(client, client.index(index).update_documents(updates)))

    async def delete(self, index: str, filter_expression: str) -> None:
        """Delete matching documents and return once they are gone."""
        await self._call(
            lambda client: wait_for_task(client, client.index(index).delete_documents(filter=filter_expression))
        )

    async def search(self, index: str, query: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The engine's own answer."""
        answer: Mapping[str, Any] = await self._call(lambda client: client.index(index).search(query, dict(options)))
        return answer

    async def lacks_fields(self, schema: IndexSchema) -> bool:
        """Whether an index holds documents that lack a field it is to be filtered by."""

        def work(client: Client) -> bool:
            if schema.uid not in {index.uid for index in client.get_indexes({"limit": 1000})["results"]}:
                return False
            filterable = set(_settings(client, schema.uid).get("filterableAttributes") or [])
            fresh = set(schema.settings["filterableAttributes"]) - filterable
            return bool(fresh) and client.index(schema.uid).get_stats().number_of_documents > 0

        return await self._call(work)

    async def prepare_key(self, key: SearchKey) -> None:
        """Make a key, or put it in place of another one of its uid. The text stays the same."""
        new_key = {"uid": str(key.uid), "name": key.name, "actions": [*key.actions], "indexes": [*key.indexes]}

        def work(client: Client) -> None:
            try:
                present = client.get_key(new_key["uid"])
            except MeilisearchApiError as error:
                if error.code != "api_key_not_found":
                    raise
            else:
                rights = (sorted(present.actions), sorted(present.indexes), present.expires_at)
                if rights == (sorted(key.actions), sorted(key.indexes), None):
                    return
                client.delete_key(new_key["uid"])
            client.create_key(new_key | {"expiresAt": None})

        await self._call(work)

    async def prepare(self, schema: IndexSchema) -> None:
        """Create an index and change those settings that differ from its schema."""

        def work(client: Client) -> None:
            primary_keys = {index.uid: index.primary_key for index in client.get_indexes({"limit": 1000})["results"]}
            if schema.uid not in primary_keys:
                wait_for_task(client, client.create_index(schema.uid, {"primaryKey": schema.primary_key}))
            current = _settings(client, schema.uid)
            change = {
                name: value
                for name, value in schema.settings.items()
                if not _equal_settings(name, current.get(name), value)
            }
            embedders = current.get("embedders") or {}
            fresh = {
                name: rules
                for name, rules in (change.get("embedders") or {}).items()
                if not _equal_settings(name, embedders.get(name), rules)
            }
            if fresh:
                _opt_out(client, schema, fresh)
            if change:
                _set(client, schema.uid, change)

        await self._call(work)


def _settings(client: Client, uid: str) -> dict[str, Any]:
    """Read an index's settings as JSON.

    The client's `get_settings` returns some as objects that equal no dict.
    """
    paths = client.config.paths
    settings: dict[str, Any] = client.http.get(f"{paths.index}/{uid}/{paths.setting}")
    return settings


def _opt_out(client: Client, schema: IndexSchema, embedders: Mapping[str, Any]) -> None:
    """Mark each document without a vector for a new embedder as such.

    The engine refuses the embedder otherwise.
    """
    index, offset, key = client.index(schema.uid), 0, schema.primary_key
    options = {"fields": [key, VECTORS], "retrieveVectors": True, "limit": DOCUMENTS_PER_PAGE}
    while page := index.get_documents(options | {"offset": offset}).results:
        documents = [dict(document) for document in page]
        lacking = [
            (document[key], _list_missing_embedders(document.get(VECTORS) or {}, embedders)) for document in documents
        ]
        updates = [{key: identity, VECTORS: dict.fromkeys(names)} for identity, names in lacking if names]
        if updates:
            wait_for_task(client, index.update_documents(updates))
        offset += len(page)


def _list_missing_embedders(vectors: Mapping[str, Any], embedders: Mapping[str, Any]) -> list[str]:
    """Embedders for which a document has no vector of the right length."""
    return [name for name, rules in embedders.items() if not _fits(vectors.get(name), rules.get("dimensions"))]


def _fits(vectors: Any, dimensions: int | None) -> bool:
    rows = vectors.get("embeddings") if isinstance(vectors, dict) else vectors
    if not isinstance(rows, list) or not rows:
        return False
    several = rows if isinstance(rows[0], list) else [rows]
    return all(len(row) == dimensions for row in several)


def _set(client: Client, uid: str, change: dict[str, Any]) -> None:
    """Change settings.

    An engine without embedders gets all others: answers then say that only words were searched.
    """
    try:
        wait_for_task(client, client.index(uid).update_settings(change))
    except MeilisearchApiError as error:
        if error.code != "feature_not_enabled" or "embedders" not in change:
            raise
        structlog.get_logger().warning("search by words alone", index=uid, reason=error.message)
        wait_for_task(client, client.index(uid).update_settings({k: v for k, v in change.items() if k != "embedders"}))


def _equal_settings(name: str, current: object, target: object) -> bool:
    """Whether a setting is as wanted.

    Lists whose order has no meaning come back in the engine's own order.
    """
    if name in REPLACED_SETTINGS and isinstance(current, dict) and current.keys() != target.keys():  # type: ignore[attr-defined]
        return False
    if isinstance(current, dict) and isinstance(target, dict):
        return all(_equal_settings(inner, current.get(inner), value) for inner, value in target.items())
    if name in UNORDERED and isinstance(current, list) and isinstance(target, list):
        return sorted(current) == sorted(target)
    return current == target


def open_search(settings: Settings, *, threads: int = THREADS, call_s: int = CALL_TIMEOUT_S) -> MeilisearchSearch:
    """The engine of the settings."""
    return MeilisearchSearch(settings.meilisearch, settings.meilisearch_key, threads=threads, call_s=call_s)


async def lacking_fields(settings: Settings) -> list[str]:
    """Indexes whose documents must be rebuilt. Ask before their settings are changed."""
    search = open_search(settings)
    try:
        return [schema.uid for schema in index_schemas() if await search.lacks_fields(schema)]
    finally:
        search.close()


async def migrate_meilisearch(settings: Settings) -> None:
    """Make every index as its file says, and the keys of processes; repeating it changes nothing.

    It needs the master key.
    """
    search = open_search(settings)
    try:
        await asyncio.gather(*(search.prepare_key(key) for key in SEARCH_KEYS.values()))
        await asyncio.gather(*(search.prepare(schema) for schema in index_schemas()))
    finally:
        search.close()
