"""Retention: rows that are over are deleted by age, a batch at a time, by an index.

Runs as the relay's role.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from core.domain.identity.identity_rules import IdentityRules
from core.domain.retention_rules import RetentionRules
from core.infra.postgres.connection import Connection

BATCH_ROWS = 1000
"""Rows of one transaction: it holds few locks, and vacuum keeps up."""
IDEMPOTENCY_HOURS = 25.0
"""Kept answers count for 24 hours."""

CHANGES_HOURS = 1.0
"""A stream of an organisation is resumed for a little less (`RESUMED_FOR` in api/organisation/live_changes.py)."""


class ExpiringRows(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of rows with a lifetime."""

    table: str
    delete: str
    """Deletes at most ``$2`` rows older than ``$1``, the oldest first."""
    age: dt.timedelta


def list_expiring(rules: RetentionRules, mail_days: float = IdentityRules().mail_days) -> Sequence[ExpiringRows]:
    """Every kind of rows with a lifetime, as the settings say."""
    days = {
        "outbox": rules.outbox_days,
        "attempts": rules.attempts_days,
        "deliveries": rules.deliveries_days,
        "webhook_messages": rules.deliveries_days,
        "webhook_former_secrets": 0.0,
        "project_events": rules.project_events_days,
        "organisation_changes": CHANGES_HOURS / 24,
        "idempotency_keys": IDEMPOTENCY_HOURS / 24,
        "dead_letters": 28.0,  # as long as dead.v1 has them
        "upload_refusals": 7.0,  # as long as the topics have them
        "previews": 1.0,
        "request_log": rules.request_log_days,
        "audit_entries": rules.audit_days,
        "sessions": 30.0,
        "single_use_tokens": 1.0,
        "invitations": 30.0,
        "sign_in_failures": 1.0,
        "mails": mail_days,
        "notifications": 40.0,  # longer than a month: what counts once a month is not told twice
        "oauth_grants": 7.0,
        "oauth_refresh_tokens": 30.0,  # used ones: until then, one that is shown again ends its grant
        "stripe_events": 30.0,  # Stripe repeats an event for three days
    }
    return [ExpiringRows(table=table, delete=_DELETE[table], age=dt.timedelta(days=age)) for table, age in days.items()]


_DELETE = {
    "outbox": """delete from outbox where seq = any(array(
        select seq from outbox where published_at < now() - $1::interval order by published_at limit $2))""",
    "attempts": """delete from attempts where (org_id, input_id, stage) in (
        select org_id, input_id, stage from attempts
        where state in ('done', 'gave_up', 'cancelled') and finished_at < now() - $1::interval
        order by finished_at limit $2)""",
    "deliveries": """delete from deliveries where (org_id, delivery_id) in (
        select org_id, delivery_id from deliveries
        where state in ('delivered', 'failed') and finished_at < now() - $1::interval
        order by finished_at limit $2)""",
    "webhook_messages": """delete from webhook_messages where (org_id, position) in (
        select org_id, position from webhook_messages where created_at < now() - $1::interval
        order by created_at limit $2)""",
    "webhook_former_secrets": """delete from webhook_former_secrets where (org_id, endpoint_id, secret_id) in (
        select org_id, endpoint_id, secret_id from webhook_former_secrets where expires_at < now() - $1::interval
        order by expires_at limit $2)""",
    "project_events": """delete from project_events where (org_id, project_id, version) in (
        select org_id, project_id, version from project_events where at < now() - $1::interval
        order by at limit $2)""",
    "organisation_changes": """delete from organisation_changes where (org_id, txid, kind, subject_id) in (
        select org_id, txid, kind, subject_id from organisation_changes where at < now() - $1::interval
        order by at limit $2)""",
    "idempotency_keys": """delete from idempotency_keys where (org_id, key) in (
        select org_id, key from idempotency_keys where created_at < now() - $1::interval
        order by created_at limit $2)""",
    "dead_letters": """delete from dead_letters where dead_id in (
        select dead_id from dead_letters where created_at < now() - $1::interval order by created_at limit $2)""",
    "upload_refusals": """delete from upload_refusals where refusal_id in (
        select refusal_id from upload_refusals where created_at < now() - $1::interval order by created_at limit $2)""",
    "stripe_events": """delete from stripe_events where (org_id, event_id) in (
        select org_id, event_id from stripe_events where at < now() - $1::interval order by at limit $2)""",
    "previews": """with gone as (
         delete from previews where (org_id, preview_id) in (
           select org_id, preview_id from previews where created_at < now() - $1::interval
           order by created_at limit $2) returning org_id, project_id),
       planned as (insert into object_sweeps (org_id, kind, subject_id, due_at)
         select distinct org_id, 'project', project_id, now() from gone on conflict do nothing)
       select from gone""",
    "request_log": """delete from request_log where (org_id, created_at, entry_id) in (
        select org_id, created_at, entry_id from request_log where created_at < now() - $1::interval
        order by created_at limit $2)""",
    "audit_entries": """with gone as (
         delete from audit_entries where (org_id, position) in (
           select org_id, position from audit_entries where position is not null and sealed_at < now() - $1::interval
           order by sealed_at, org_id, position limit $2) returning org_id, position, hash),
       last as (select distinct on (org_id) org_id, position, hash from gone order by org_id, position desc),
       noted as (update audit_chains set pruned_position = last.position, pruned_hash = last.hash from last
         where audit_chains.org_id = last.org_id)
       select from gone""",
    "sessions": """delete from sessions where session_id = any(array(
        select session_id from sessions where expires_at < now() - $1::interval order by expires_at limit $2))""",
    "single_use_tokens": """delete from single_use_tokens where hash = any(array(
        select hash from single_use_tokens where expires_at < now() - $1::interval
        order by expires_at limit $2))""",
    "invitations": """delete from invitations where (org_id, invitation_id) in (
        select org_id, invitation_id from invitations where expires_at < now() - $1::interval
        order by expires_at limit $2)""",
    "sign_in_failures": """delete from sign_in_failures where subject = any(array(
        select subject from sign_in_failures where last_at < now() - $1::interval order by last_at limit $2))""",
    "notifications": """delete from notifications where notification_id = any(array(
        select notification_id from notifications where created_at < now() - $1::interval
        order by created_at limit $2))""",
    "oauth_grants": """delete from oauth_grants where (org_id, grant_id) in (
        select org_id, grant_id from oauth_grants where expires_at < now() - $1::interval
        order by expires_at limit $2)""",
    "oauth_refresh_tokens": """delete from oauth_refresh_tokens where (org_id, hash) in (
        select org_id, hash from oauth_refresh_tokens where used_at < now() - $1::interval
        order by used_at limit $2)""",
    "mails": """delete from mails where mail_id = any(array(
        select mail_id from mails where created_at < now() - $1::interval order by created_at limit $2))""",
}
"""The objects of deleted previews are swept afterwards. The beginning of a chain is deleted, and its end is noted."""


async def delete_batch(connection: Connection, kind: ExpiringRows, limit: int = BATCH_ROWS) -> int:
    """Delete one batch of a kind of every organisation and return how many rows it had."""
    tag: str = await connection.execute(kind.delete, kind.age, limit)
    return int(tag.rpartition(" ")[2])
