"""The API's searches (`OrganisationSearch`): the engine itself shows one organisation's documents.

Each search carries a tenant token: a JWT, signed with the API's own key of the engine, that names the organisation and
the indexes. The engine adds the token's filter to that of the search, so a search that names none finds no more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import meilisearch

from core.infra.meilisearch import CALL_TIMEOUT_S, THREADS, EngineCalls
from core.settings import Settings
from schemas.access.search_keys import API_KEY

TOKEN_LIFE = dt.timedelta(minutes=5)
"""Far longer than a search, for clocks that differ; far shorter than what could be kept and used elsewhere."""


class TenantSearch:
    """`OrganisationSearch` on one server."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        threads: int = THREADS,
        call_s: int = CALL_TIMEOUT_S,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """``key``: the API's own (`API_KEY`), never the master key. Opens no connection."""
        self._calls = EngineCalls(url, key, threads=threads, call_s=call_s)
        self._key, self._clock = key, clock

    def close(self) -> None:
        """End the threads; calls under way finish."""
        self._calls.close()

    async def search_each(
        self, org_id: UUID, index_queries: Sequence[tuple[str, Mapping[str, Any]]], query: str
    ) -> Sequence[Mapping[str, Any]]:
        """The engine's own answers, one for each index, by one request on a kept connection."""
        queries = [{"indexUid": index, "q": query, **options} for index, options in index_queries]

        def ask(client: meilisearch.Client) -> Sequence[Mapping[str, Any]]:
            token = make_tenant_token(self._key, org_id, self._clock() + TOKEN_LIFE)
            answer: dict[str, Sequence[Mapping[str, Any]]] = self._calls.post(
                client.config.paths.multi_search, {"queries": queries}, token
            )
            return answer["results"]

        return await self._calls.call(ask)


def make_tenant_token(key: str, org_id: UUID, expires_at: dt.datetime) -> str:
    """A token by which one organisation's documents are found, and nothing else is done."""
    own_documents = {"filter": f'org_id = "{org_id}"'}
    return meilisearch.Client("", key).generate_tenant_token(
        str(API_KEY.uid), dict.fromkeys(API_KEY.indexes, own_documents), expires_at=expires_at
    )


def open_tenant_search(settings: Settings, *, threads: int = THREADS, call_s: int = CALL_TIMEOUT_S) -> TenantSearch:
    """The engine of the API's settings."""
    return TenantSearch(settings.meilisearch, settings.meilisearch_key, threads=threads, call_s=call_s)
