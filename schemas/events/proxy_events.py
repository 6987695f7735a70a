"""Events of proxies: copies of sources in which players begin at once and seek smoothly."""

from __future__ import annotations

from schemas.common import ObjectRef
from schemas.events.event_base import Event


class ProxyRequested(Event, frozen=True, kw_only=True):
    """A person opened a project whose source no browser plays smoothly."""


class ProxyCompleted(Event, frozen=True, kw_only=True):
    """The proxy is stored; without one the source itself turned out to play smoothly."""

    proxy: ObjectRef | None = None


class ProxyFailed(Event, frozen=True, kw_only=True):
    """The proxy could not be made, and why."""

    reason: str
    detail: str
