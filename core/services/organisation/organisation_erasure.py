"""Erase an organisation, by rounds: access, people, projects, objects, payments, rows.

Each step may be repeated: a process that is killed leaves a claim that ends, and the next one does what is left. What
arrives late (a request under way, the log of one) goes in a later round. The order of the tables and what stays of
each stands in `erasure_catalogue`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import msgspec
import structlog

from core.infra.key_ring import KeyRing
from core.infra.postgres.connection import Pool, org_transaction, set_person, transaction
from core.infra.postgres.outbox import Cause
from core.infra.s3.object_store import S3Objects
from core.ports.payments import Payments
from core.services import project_lifecycle
from core.services.erasure import erase
from core.services.identity.members import forget_person
from core.services.organisation.erasure_catalogue import TABLES
from core.storage.billing.billing_accounts import read_account
from core.storage.identity.memberships import delete_membership
from core.storage.organisation import erasures
from core.storage.organisation.erasures import DueErasure
from schemas.ids import result_id

LEASE = dt.timedelta(minutes=5)
ROUNDS = tuple(dt.timedelta(seconds=s) for s in (15, 7_200, 90_000))
"""Pauses after the first rounds: past what API processes keep in memory, signed addresses, the longest upload."""
UNSENT_PAUSE = dt.timedelta(seconds=2)
DELETE_TIMEOUT_S = 600.0


class ErasureParts(msgspec.Struct, frozen=True, kw_only=True):
    """Stores that an erasure reaches by itself; the sinks follow the events of each project."""

    relay: Pool
    pool: Pool
    """Of the role that erases."""
    objects: S3Objects
    ring: KeyRing
    payments: Payments | None


async def erase_next_organisation(parts: ErasureParts) -> bool:
    """Run the round that is due longest; False where none is.

    Raises Unavailable: the round is then repeated once its claim has ended.
    """
    async with transaction(parts.relay) as connection:
        due = await erasures.claim_erasure(connection, LEASE)
    if due is None:
        return False
    counts = Counter(due.counts)
    async with org_transaction(parts.pool, due.org_id) as connection:
        await erasures.close_organisation(connection, due.org_id)
        for table in ("api_keys", "service_accounts", "producer_keys"):
            counts["rows"] += _rows_of(await connection.execute(TABLES[table].organisation, due.org_id))
    await _erase_people(parts, due, counts)
    await _erase_projects(parts, due, counts)
    await _erase_objects(parts, due, counts)
    await _erase_customer(parts, due, counts)
    await _erase_rows(parts, due, counts)
    await _end(parts, due, counts)
    return True


async def _note(parts: ErasureParts, due: DueErasure, counts: Mapping[str, int]) -> None:
    async with transaction(parts.relay) as connection:
        await erasures.note_progress(connection, due.org_id, counts, LEASE)


async def _erase_people(parts: ErasureParts, due: DueErasure, counts: Counter[str]) -> None:
    """Remove the members, and erase those who belong to no other organisation.

    The account of the person who asked for the erasure stays.
    """
    async with org_transaction(parts.pool, due.org_id) as connection:
        user_ids = await erasures.list_member_ids(connection, due.org_id)
    for user_id in user_ids:
        async with org_transaction(parts.pool, due.org_id) as connection:
            await set_person(connection, user_id)
            email = await erasures.find_sole_member(connection, due.org_id, user_id)
            await delete_membership(connection, due.org_id, user_id)
            if email is not None and f"user:{user_id}" != due.requested_by:
                await forget_person(connection, parts.ring, user_id, email)
                counts["people"] += 1
        counts["members"] += 1
    await _note(parts, due, counts)


async def _erase_projects(parts: ErasureParts, due: DueErasure, counts: Counter[str]) -> None:
    while True:
        async with org_transaction(parts.pool, due.org_id) as connection:
            project_ids = await erasures.list_left_projects(connection, due.org_id)
        if not project_ids:
            return
        for project_id in project_ids:
            await _erase_project(parts, due, project_id, counts)


async def _erase_project(parts: ErasureParts, due: DueErasure, project_id: UUID, counts: Counter[str]) -> None:
    input_id = result_id(due.erasure_id, "erasure", str(project_id))
    cause = Cause(input_id=input_id, source="sweeper", now=dt.datetime.now(dt.UTC))
    async with org_transaction(parts.pool, due.org_id) as connection:
        counts["projects"] += await project_lifecycle.erase_project(connection, due.org_id, project_id, cause)
    counts["objects"] += await erase(parts.pool, parts.objects, due.org_id, project_id)
    await _note(parts, due, counts)


async def _erase_objects(parts: ErasureParts, due: DueErasure, counts: Counter[str]) -> None:
    """Remove everything below the organisation's prefix, and the parts of uploads that were begun."""
    async with org_transaction(parts.pool, due.org_id) as connection:
        uploads = await erasures.list_open_uploads(connection, due.org_id)
    for key, multipart_id in uploads:
        await parts.objects.abort_multipart(key, multipart_id)
    counts["objects"] += await parts.objects.delete_prefix(f"{due.org_id}/")
    await _note(parts, due, counts)


async def _erase_customer(parts: ErasureParts, due: DueErasure, counts: Counter[str]) -> None:
    """Delete the customer at the payment service, which ends its subscriptions."""
    async with org_transaction(parts.pool, due.org_id) as connection:
        account = await read_account(connection, due.org_id)
    if account is None:
        return
    if parts.payments is None:
        log = structlog.get_logger()
        log.error("a customer stays at the payment service, which has no key", customer_id=account.customer_id)
        return
    await parts.payments.delete_customer(account.customer_id)
    counts["customers"] += 1


async def _erase_rows(parts: ErasureParts, due: DueErasure, counts: Counter[str]) -> None:
    for entry in TABLES.values():
        if entry.organisation:
            async with org_transaction(parts.pool, due.org_id) as connection:
                tag = await connection.execute(entry.organisation, due.org_id, timeout=DELETE_TIMEOUT_S)
            counts["rows"] += _rows_of(tag)
    await _note(parts, due, counts)


def _rows_of(tag: object) -> int:
    return int(str(tag).rpartition(" ")[2])


async def _end(parts: ErasureParts, due: DueErasure, counts: Mapping[str, int]) -> None:
    """End the round; an erasure is done after its second round, once all of its events are on their way."""
    async with org_transaction(parts.pool, due.org_id) as connection:
        unsent = await erasures.has_unsent_events(connection, due.org_id)
    async with transaction(parts.relay) as connection:
        if unsent and due.rounds > 0:
            await erasures.note_progress(connection, due.org_id, counts, UNSENT_PAUSE)
            return
        pause = ROUNDS[due.rounds] if due.rounds < len(ROUNDS) else None
        await erasures.end_round(connection, due.org_id, pause=pause, done=due.rounds > 0)
