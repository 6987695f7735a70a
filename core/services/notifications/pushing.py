"""Send web pushes: encrypted for one browser, signed as the installation, until they are taken.

A push is leased for a try, so a process that is killed in the middle repeats what was in flight and nothing else. The
push service replaces an undelivered repeat by its `Topic`, and a browser by the notification's id.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog

from core.domain.notifications.mail_layout import page_url
from core.errors import InputRejected, Unavailable
from core.infra.key_ring import KeyRing
from core.infra.postgres.connection import Pool, transaction
from core.infra.push.encryption import decode_key, encode_key, encrypt
from core.infra.push.vapid import authorization, contact_of
from core.ports.outside import Response
from core.services.notifications.facts import read_text
from core.services.notifications.push_key import find_push_key
from core.settings import Settings
from core.storage.notifications import personal_deliveries
from core.storage.notifications.personal_deliveries import DuePush
from schemas.version import USER_AGENT

TIMEOUT_S = 10.0
LEASE_S = 60.0
"""Time after which a push whose process was killed is taken again: longer than a try."""
KEPT = dt.timedelta(hours=24)
"""How long a push is tried, and kept by its service for a browser that is away."""
FIRST_PAUSE_S, MAX_PAUSE_S = 15.0, 3600.0
MAX_FAILURES_COUNT = 5
"""Failures in a row after which all pushes to a host rest."""
GONE = (404, 410)
"""Answers that end a subscription. Source: RFC 8030, section 7.3."""
MAX_BODY_CHARACTERS = 300
Outcome = str


class PushMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What the service worker of a browser gets, as JSON."""

    notification_id: UUID
    """The same for a repeat: use it as the `tag` of what is shown."""
    title: str
    body: str
    url: str
    """Page that shows more; empty: none."""


class SubscriptionSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a browser's subscription."""

    endpoint: str
    p256dh: str
    auth: str


class Hosts:
    """Which push services rest: they asked for it, or failed several times in a row. In memory."""

    def __init__(self) -> None:
        """No host rests."""
        self._until: dict[str, dt.datetime] = {}
        self._failures: dict[str, int] = {}

    def resting(self, now: dt.datetime) -> list[str]:
        """Hosts that get nothing now."""
        self._until = {host: until for host, until in self._until.items() if until > now}
        return list(self._until)

    def rest(self, host: str, until: dt.datetime) -> None:
        """Send nothing to a host until then."""
        self._until[host] = max(until, self._until.get(host, until))

    def note(self, host: str, *, failed: bool, now: dt.datetime) -> None:
        """Note how a try went; after several failures in a row the host rests, longer each time."""
        if not failed:
            self._failures.pop(host, None)
            return
        self._failures[host] = count = self._failures.get(host, 0) + 1
        if count >= MAX_FAILURES_COUNT:
            pause_s = min(FIRST_PAUSE_S * 2 ** (count - MAX_FAILURES_COUNT), MAX_PAUSE_S)
            self.rest(host, now + dt.timedelta(seconds=pause_s))


class PushSender:
    """Takes pushes that are due and makes one try each."""

    def __init__(
        self, settings: Settings, pool: Pool, ring: KeyRing, outside: Any, clock: Callable[[], dt.datetime]
    ) -> None:
        """``pool`` is of the relay's role; ``outside``: an `Outside` that connects to public addresses alone."""
        self._settings, self._pool, self._ring, self._outside, self._clock = settings, pool, ring, outside, clock
        self._hosts = Hosts()

    async def take(self, limit: int) -> list[DuePush]:
        """Take pushes that are due, but for hosts that rest."""
        async with transaction(self._pool) as connection:
            return await personal_deliveries.take_due_pushes(
                connection, limit, LEASE_S, self._hosts.resting(self._clock())
            )

    async def send(self, push: DuePush) -> Outcome:
        """Make one try and write how it went: ``sent``, ``failed``, ``retried``, ``gone`` or ``dropped``."""
        if not push.open:
            return await self._forget(push, "the session of the browser has ended", "dropped")
        try:
            secret = msgspec.json.decode(self._ring.open("push", push.sealed), type=SubscriptionSecret)
            async with transaction(self._pool) as connection:
                text = await read_text(connection, push.notification_id)
                key = await find_push_key(connection, self._ring)
            if text is None or key is None:
                return await self._end(push, "failed", "what it tells of is gone", "dropped")
            now = self._clock()
            message = PushMessage(
                notification_id=push.notification_id,
                title=text.title,
                body=text.sentences[0] if text.sentences else "",
                url=page_url(self._settings.web, text.page),
            )
            body = encrypt(msgspec.json.encode(message), p256dh=decode_key(secret.p256dh), auth=decode_key(secret.auth))
            contact = contact_of(self._settings.smtp_from, self._settings.public_address)
            headers = {
                "authorization": authorization(key, secret.endpoint, contact=contact, now=now),
                "content-encoding": "aes128gcm",
                "content-type": "application/octet-stream",
                "ttl": str(int(max(KEPT - (now - push.created_at), dt.timedelta()).total_seconds())),
                "topic": encode_key(push.notification_id.bytes),
                "urgency": "normal",
                "user-agent": USER_AGENT,
            }
            answer = await self._outside.post(secret.endpoint, body, headers, TIMEOUT_S)
        except InputRejected as error:
            return await self._end(push, "failed", error.detail, "failed")
        except Unavailable as error:
            self._hosts.note(push.host, failed=True, now=self._clock())
            return await self._retry(push, error.detail, None)
        except ValueError as error:
            return await self._end(push, "failed", str(error), "failed")
        return await self._answered(push, answer)

    async def _answered(self, push: DuePush, answer: Response) -> Outcome:
        now, status = self._clock(), answer.status
        self._hosts.note(push.host, failed=status >= 500, now=now)
        if 200 <= status < 300:
            return await self._end(push, "sent", None, "sent")
        words = answer.body[:MAX_BODY_CHARACTERS].decode("utf-8", errors="replace")
        detail = f"the push service answered {status}: {words}"
        if status in GONE:
            return await self._forget(push, detail, "gone")
        if status == 429 or status >= 500:
            wait = retry_after(answer.headers, now)
            if wait is not None:
                self._hosts.rest(push.host, now + wait)
            return await self._retry(push, detail, wait)
        return await self._end(push, "failed", detail, "failed")

    async def _retry(self, push: DuePush, detail: str, wait: dt.timedelta | None) -> Outcome:
        now = self._clock()
        pause = dt.timedelta(seconds=min(FIRST_PAUSE_S * 4 ** (push.tries - 1), MAX_PAUSE_S))
        due_at = now + max(pause, wait or pause)
        if due_at - push.created_at > KEPT:
            return await self._end(push, "failed", detail, "failed")
        async with transaction(self._pool) as connection:
            await personal_deliveries.postpone_push(connection, push.delivery_id, due_at, detail)
        return "retried"

    async def _end(self, push: DuePush, state: Any, detail: str | None, outcome: Outcome) -> Outcome:
        async with transaction(self._pool) as connection:
            await personal_deliveries.end_push(connection, push.delivery_id, state, detail)
        if outcome == "failed":
            structlog.get_logger().warning(
                "a push has failed", delivery_id=str(push.delivery_id), host=push.host, error=detail
            )
        return outcome

    async def _forget(self, push: DuePush, detail: str, outcome: Outcome) -> Outcome:
        async with transaction(self._pool) as connection:
            await personal_deliveries.forget_subscription(connection, push.subscription_id)
        structlog.get_logger().info(
            "a push subscription is removed",
            subscription_id=str(push.subscription_id),
            host=push.host,
            reason=detail,
        )
        return outcome


def retry_after(headers: Mapping[str, str], now: dt.datetime) -> dt.timedelta | None:
    """How long a service wants to be left alone, at most a day; None where it does not say."""
    text = headers.get("retry-after", "").strip()
    try:
        wait = dt.timedelta(seconds=int(text)) if text.isdigit() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, dt.timedelta()), KEPT)
