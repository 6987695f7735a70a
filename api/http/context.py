"""Dependencies of handlers: settings, adapters, clock, ids. Made once by the composition root."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from api.http.auth import ApiKeys, Callers
from api.http.browsers.cross_origin import Origins
from api.http.idempotency import Idempotency
from api.http.limits.rate_limits import Places, TokenBuckets
from api.http.limits.shared_rates import RequestRates
from api.http.limits.turns import Turns
from api.http.metrics import ApiMetrics
from api.http.response_cache import AnswerCache, CachedDocuments
from core.infra.key_ring import KeyRing
from core.infra.part_watch import PartWatch, Probe
from core.infra.postgres.connection import Pool
from core.ports.models import Sentences
from core.ports.payments import Payments
from core.ports.stores import Analytics, Objects, OrganisationSearch, Uploads
from core.services.identity.identity_parts import IdentityParts
from core.services.identity.request_log import RequestLog
from core.settings import Settings


class Wakes(Protocol):
    """Wakes listeners when a project's event list may have grown."""

    def listen(self, project_id: UUID) -> AsyncIterator[None]:
        """Yield at once, then whenever something may have happened, and after a pause without news."""
        ...

    def listen_all(self, pause_s: float) -> AsyncIterator[None]:
        """Likewise for every project."""
        ...


class AddressCheck(Protocol):
    """Refuses URLs that lead to addresses which are not public."""

    async def __call__(self, url: str) -> None:
        """Raise InputRejected with the broken rule."""
        ...


class ApiContext(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a request may need. One per process."""

    settings: Settings
    pool: Pool
    objects: Objects
    documents: CachedDocuments
    uploads: Uploads
    search: OrganisationSearch
    sentences: Sentences
    """Makes the vector of a question."""
    questions: AnswerCache[Any]
    """Vectors of the questions of the last minutes."""
    analytics: Analytics
    answers: AnswerCache[Any]
    """Recent answers of analytics."""
    check_url: AddressCheck
    wakes: Wakes
    event_types: Sequence[Mapping[str, Any]]
    """The catalogue of webhook messages: type, description, schema, example."""
    ring: KeyRing
    """Seals and signs."""
    keys: ApiKeys
    callers: Callers
    identity: IdentityParts
    """People and their sign-in."""
    origins: Origins
    sign_ins: TokenBuckets
    """Requests that sign in, or ask for mails, by address."""
    refreshes: TokenBuckets
    """Refreshes of sessions, by address."""
    share_reads: TokenBuckets
    """Requests for what share links show, by address."""
    idempotency: Idempotency
    metrics: ApiMetrics
    rates: RequestRates
    """RequestRates of requests, of keys, people and organisations."""
    refusals: TokenBuckets
    """Failed authentications, by address."""
    request_log: RequestLog
    """Requests of known callers."""
    followers: Places
    """Streams of events that are open, by key."""
    appends: Turns
    """Places of requests that append to uploads, by organisation: each holds a part in memory."""
    probes: Mapping[str, Probe]
    watch: PartWatch
    """Ends requests that wait for a part which no longer answers."""
    payments: Payments | None = None
    """The payment service; None: plans are set by the operator."""
    clock: Callable[[], dt.datetime]
    new_id: Callable[[], UUID]
