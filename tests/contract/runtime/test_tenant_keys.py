"""Keys of tenants' tables: each begins with the organisation, so that no row can name another organisation's."""

from __future__ import annotations

import pytest

from core.settings import Settings
from tests.contract.runtime.test_postgres_roles import query

pytestmark = pytest.mark.contract

KEYS = """
select c.relname as "table", i.relname as name, coalesce(a.attname, '') as first
from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
left join pg_attribute a on a.attrelid = c.oid and a.attnum = x.indkey[0]
where x.indisunique and c.relnamespace = 'public'::regnamespace
  and exists (select 1 from pg_attribute o where o.attrelid = c.oid and o.attname = 'org_id')
"""
"""Primary keys, unique constraints and unique indexes of tables with an organisation, with their first column."""
FOREIGN_KEYS = """
select c.relname as "table", k.conname as name, f.relname as target,
  array(select attname::text from unnest(k.conkey) with ordinality n(num, place)
        join pg_attribute on attrelid = k.conrelid and attnum = n.num order by place) as columns,
  array(select attname::text from unnest(k.confkey) with ordinality n(num, place)
        join pg_attribute on attrelid = k.confrelid and attnum = n.num order by place) as targets
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
where k.contype = 'f' and c.relnamespace = 'public'::regnamespace
  and exists (select 1 from pg_attribute o where o.attrelid = c.oid and o.attname = 'org_id')
"""
"""Foreign keys of tables with an organisation, with their columns in order."""
NAMED_BY_OTHERS = """
select k.conname as name, f.relname as target
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
where k.contype = 'f' and c.relnamespace = 'public'::regnamespace
  and not exists (select 1 from pg_attribute o where o.attrelid = c.oid and o.attname = 'org_id')
  and exists (select 1 from pg_attribute o where o.attrelid = f.oid and o.attname = 'org_id')
"""
"""Foreign keys from tables without an organisation to tables with one."""


SECRET = "who presents the secret names no organisation: its hash finds the row, and with it the organisation"
OUTSIDE = "of another company's books, in which it is one thing whatever the organisation"
OF_A_PERSON = "of a person, who belongs to no organisation alone: the column is what it concerns, null for an account"
OF_EVERYBODY = "of the installation: the column may be null, and the row is found without it"
ALLOWED_KEYS = {
    "api_keys_hash_key": SECRET,
    "invitations_hash_key": SECRET,
    "oauth_codes_hash_key": SECRET,
    "oauth_refresh_tokens_hash_key": SECRET,
    "shares_hash_key": SECRET,
    "oauth_clients_client_id_key": "an app names itself alone where it asks for a person's consent",
    "producer_keys_key_id_key": "a Kafka message names the producer's key alone",
    "billing_accounts_customer_id_key": OUTSIDE,
    "meter_events_identifier_key": OUTSIDE,
    "organisation_erasures_erasure_id_key": "it is read after its organisation's end",
    "outbox_pkey": "the relay reads every organisation's events in one order",
    "dead_letters_pkey": OF_EVERYBODY,
    "upload_refusals_pkey": OF_EVERYBODY,
    "sessions_pkey": OF_A_PERSON,
    "mails_pkey": OF_A_PERSON,
    "notifications_pkey": OF_A_PERSON,
    "notification_deliveries_pkey": OF_A_PERSON,
    "notification_preferences_key": OF_A_PERSON,
}
"""Keys that begin otherwise, each with its reason."""
ALLOWED_FROM_OUTSIDE = {
    "refresh_tokens_session_id_fkey": "sessions",
    "push_subscriptions_session_id_fkey": "sessions",
}
"""What persons have of their own sessions."""
PLANNED = "written by the relay alone, in the statement that reads what it names; null organisation: of an account"
ALLOWED_FOREIGN_KEYS = {
    "oauth_grants_client_org_id_client_id_fkey": "an app of one organisation is let into another, by design",
    "notification_deliveries_notification_id_fkey": PLANNED,
    "notification_deliveries_subscription_id_fkey": PLANNED,
}
"""Foreign keys that begin otherwise, each with its reason."""
PEOPLE = "users"
"""People belong to no organisation: what names one names them alone."""


async def test_every_key_of_a_tenants_table_begins_with_the_organisation(postgres: Settings) -> None:
    rows = await query(postgres.postgres_owner, KEYS)
    otherwise = {row["name"] for row in rows if row["first"] != "org_id"}
    assert otherwise - ALLOWED_KEYS.keys() == set(), "begin the key with org_id, or say here why not"
    assert ALLOWED_KEYS.keys() - otherwise == set(), "these are gone"
    assert len(rows) > 2 * len(otherwise)


async def test_foreign_keys_of_tenants_begin_with_the_organisation(postgres: Settings) -> None:
    rows = [row for row in await query(postgres.postgres_owner, FOREIGN_KEYS) if row["target"] != PEOPLE]
    otherwise = {row["name"] for row in rows if row["columns"][0] != "org_id" or row["targets"][0] != "org_id"}
    assert otherwise - ALLOWED_FOREIGN_KEYS.keys() == set(), "begin both sides with org_id, or say here why not"
    assert ALLOWED_FOREIGN_KEYS.keys() - otherwise == set(), "these are gone"
    assert len(rows) > 2 * len(otherwise)


async def test_a_table_without_an_organisation_names_no_tenants_row(postgres: Settings) -> None:
    """What has no organisation of its own cannot be tied to one: only what belongs to people may name people."""
    rows = await query(postgres.postgres_owner, NAMED_BY_OTHERS)
    assert {row["name"]: row["target"] for row in rows} == ALLOWED_FROM_OUTSIDE
