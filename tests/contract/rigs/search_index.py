"""An index of five documents on the search front, for the suites that ask it by the official client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import meilisearch
import pytest

from tests.contract.rigs.servers import Server
from tests.support.progress import HANG_S

DOCUMENTS: list[dict[str, Any]] = [
    {
        "id": "a1",
        "org": "one",
        "text": "The history of quantum computing",
        "at": 1000,
        "tags": ["physics", "talk"],
        "lang": "en",
    },
    {
        "id": "a2",
        "org": "one",
        "text": "A quantum of solace, said the café owner",
        "at": 2000,
        "tags": ["film"],
        "lang": "en",
    },
    {"id": "a3", "org": "two", "text": "Computing the history of the universe", "at": 3000, "tags": [], "lang": "en"},
    {"id": "a4", "org": "two", "text": "Zürich liegt am See", "at": 4000, "tags": ["Physics"], "lang": None},
    {"id": "a5", "org": "two", "text": "量子計算の歴史", "at": 5000, "lang": "ja", "seen": True},
]
SETTINGS = {
    "searchableAttributes": ["text", "tags"],
    "filterableAttributes": ["id", "org", "at", "tags", "lang", "seen"],
    "sortableAttributes": ["at"],
    "localizedAttributes": [{"attributePatterns": ["text"], "locales": ["jpn"]}],
}


def done(client: Any, task: Any) -> Any:
    """The finished task; fails when it failed."""
    ended = client.wait_for_task(task.task_uid, timeout_in_ms=round(HANG_S * 1000), interval_in_ms=5)
    assert ended.status == "succeeded", ended.error
    return ended


@pytest.fixture
def client(search_front: Server) -> Any:
    return meilisearch.Client(search_front.url, search_front.password, timeout=round(HANG_S))


@pytest.fixture
def index(client: Any) -> Iterator[Any]:
    uid = f"ix-{uuid4().hex}"
    done(client, client.create_index(uid, {"primaryKey": "id"}))
    made = client.index(uid)
    done(client, made.update_settings(SETTINGS))
    done(client, made.add_documents(DOCUMENTS))
    yield made
    done(client, made.delete())


def ids(answer: dict[str, Any]) -> list[Any]:
    return [hit["id"] for hit in answer["hits"]]
