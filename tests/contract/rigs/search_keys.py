"""Keys of the search engine as processes get them, where a test has the master key."""

from __future__ import annotations

import msgspec

from core.infra.tenant_search import TenantSearch, open_tenant_search
from core.settings import Settings
from schemas.access.search_keys import SEARCH_KEYS, derive_search_key


def with_search_key(settings: Settings, process: str) -> Settings:
    """Settings with the master key, as a process gets them: with its own."""
    return msgspec.structs.replace(
        settings, meilisearch_key=derive_search_key(settings.meilisearch_key, SEARCH_KEYS[process])
    )


def open_api_search(settings: Settings) -> TenantSearch:
    """The API's searches, from settings with the master key."""
    return open_tenant_search(with_search_key(settings, "api"))
