"""Effects of an erasure, of an organisation or a person, on each table. A new table needs an entry.

tests/contract/organisation/test_erasure_catalogue.py compares it with the schema. An entry has the statement that the
erasure of an organisation runs (``$1``: its id), or the reason why it has none; for a person where their rows and
traces go. Statements run in the order of the entries: rows go before those that they refer to.
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.common import Value

BY_CASCADE = "goes with the row that it refers to"
NOTHING_OF_PEOPLE = "names people by opaque ids at most"
NO_ORGANISATION = "belongs to people, whatever their organisation"


class TableErasure(Value, frozen=True, kw_only=True):
    """What becomes of a table's rows."""

    organisation: str = ""
    """Statement for the rows of an organisation; empty: ``why_organisation`` gives the reason."""
    why_organisation: str = ""
    person: str = ""
    """What removes a person's rows or traces; empty: ``why_person`` says why there is nothing to remove."""
    why_person: str = NOTHING_OF_PEOPLE


_PEOPLE = "core.services.identity.members.forget_person"
_TRACES = "core.services.organisation.person_traces.erase_traces"
TABLES: Mapping[str, TableErasure] = {
    # access goes first, so that no new rows are made
    "api_keys": TableErasure(organisation="delete from api_keys where org_id = $1"),
    "shares": TableErasure(organisation="delete from shares where org_id = $1"),
    "share_exports": TableErasure(why_organisation=BY_CASCADE),
    "oauth_grants": TableErasure(
        organisation="delete from oauth_grants where org_id = $1 or client_org_id = $1", person=_PEOPLE
    ),
    "oauth_codes": TableErasure(why_organisation=BY_CASCADE, person=_PEOPLE),
    "oauth_refresh_tokens": TableErasure(why_organisation=BY_CASCADE, person=_PEOPLE),
    "oauth_clients": TableErasure(organisation="delete from oauth_clients where org_id = $1"),
    "service_accounts": TableErasure(organisation="delete from service_accounts where org_id = $1"),
    "producer_keys": TableErasure(organisation="delete from producer_keys where org_id = $1"),
    "memberships": TableErasure(organisation="delete from memberships where org_id = $1", person=_PEOPLE),
    "invitations": TableErasure(organisation="delete from invitations where org_id = $1", person=_PEOPLE),
    "mails": TableErasure(organisation="delete from mails where org_id = $1", person=_PEOPLE),
    "notifications": TableErasure(organisation="delete from notifications where org_id = $1", person=_PEOPLE),
    "notification_deliveries": TableErasure(why_organisation=BY_CASCADE, person=_PEOPLE),
    "notification_preferences": TableErasure(why_organisation=BY_CASCADE, person=_PEOPLE),
    # what was made
    "admissions": TableErasure(organisation="delete from admissions where org_id = $1"),
    "attempts": TableErasure(organisation="delete from attempts where org_id = $1 and state <> 'running'"),
    "exports": TableErasure(organisation="delete from exports where org_id = $1"),
    "replays": TableErasure(why_organisation=BY_CASCADE),
    "previews": TableErasure(organisation="delete from previews where org_id = $1"),
    "source_media": TableErasure(organisation="delete from source_media where org_id = $1"),
    "clips": TableErasure(organisation="delete from clips where org_id = $1"),
    "clip_edits": TableErasure(why_organisation=BY_CASCADE),
    "costs": TableErasure(organisation="delete from costs where org_id = $1"),
    "subjects": TableErasure(organisation="delete from subjects where org_id = $1"),
    "intelligence": TableErasure(organisation="delete from intelligence where org_id = $1"),
    "moments": TableErasure(organisation="delete from moments where org_id = $1"),
    "transcripts": TableErasure(organisation="delete from transcripts where org_id = $1"),
    "transcript_edits": TableErasure(why_organisation=BY_CASCADE),
    "spans": TableErasure(organisation="delete from spans where org_id = $1"),
    "watchdog_rounds": TableErasure(why_organisation="counts the rounds of a project: ids and numbers"),
    "project_stages": TableErasure(why_organisation="states of a project's stages: ids, names of stages and numbers"),
    "project_events": TableErasure(organisation="delete from project_events where org_id = $1"),
    "organisation_changes": TableErasure(organisation="delete from organisation_changes where org_id = $1"),
    "projects": TableErasure(
        why_organisation="the erasure of each project leaves its id, as a tombstone for late events"
    ),
    "appended_parts": TableErasure(why_organisation=BY_CASCADE),
    "appended_uploads": TableErasure(why_organisation=BY_CASCADE),
    "uploads": TableErasure(organisation="delete from uploads where org_id = $1"),
    "upload_refusals": TableErasure(organisation="delete from upload_refusals where org_id = $1"),
    "brand_kit_versions": TableErasure(organisation="delete from brand_kit_versions where org_id = $1"),
    "brand_kits": TableErasure(organisation="delete from brand_kits where org_id = $1"),
    "assets": TableErasure(organisation="delete from assets where org_id = $1"),
    "project_presets": TableErasure(organisation="delete from project_presets where org_id = $1"),
    "score_weights": TableErasure(organisation="delete from score_weights where org_id = $1"),
    "object_sweeps": TableErasure(why_organisation="ids of what is swept again in a day; its rows go with the sweeps"),
    # messages and their deliveries
    "deliveries": TableErasure(organisation="delete from deliveries where org_id = $1"),
    "delivery_attempts": TableErasure(why_organisation=BY_CASCADE),
    "webhook_former_secrets": TableErasure(why_organisation=BY_CASCADE),
    "webhook_endpoints": TableErasure(organisation="delete from webhook_endpoints where org_id = $1"),
    "webhook_messages": TableErasure(organisation="delete from webhook_messages where org_id = $1"),
    "webhook_positions": TableErasure(organisation="delete from webhook_positions where org_id = $1"),
    # what is on its way goes first, or the sinks would not hear of the erased projects
    "outbox": TableErasure(
        organisation="delete from outbox where org_id = $1 and (published_at is not null or waits or due_at > now())"
    ),
    "dead_letters": TableErasure(organisation="delete from dead_letters where org_id = $1"),
    # what was counted and logged
    "meter_events": TableErasure(organisation="delete from meter_events where org_id = $1"),
    "billing_accounts": TableErasure(organisation="delete from billing_accounts where org_id = $1"),
    "stripe_events": TableErasure(organisation="delete from stripe_events where org_id = $1"),
    "usage_entries": TableErasure(organisation="delete from usage_entries where org_id = $1"),
    "idempotency_keys": TableErasure(
        organisation="delete from idempotency_keys where org_id = $1",
        why_person="answers are sealed, and kept for a day",
    ),
    "request_log": TableErasure(organisation="delete from request_log where org_id = $1", person=_TRACES),
    "audit_entries": TableErasure(organisation="delete from audit_entries where org_id = $1", person=_TRACES),
    "audit_chains": TableErasure(organisation="delete from audit_chains where org_id = $1"),
    "org_windows": TableErasure(organisation="delete from org_windows where org_id = $1"),
    # people
    "users": TableErasure(
        why_organisation="who belongs to no other organisation is erased as a person", person=_PEOPLE
    ),
    "sessions": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "refresh_tokens": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "single_use_tokens": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "totp_secrets": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "recovery_codes": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "passkeys": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "linked_identities": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "push_subscriptions": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    "sign_in_failures": TableErasure(why_organisation=NO_ORGANISATION, person=_PEOPLE),
    # the erasures themselves, and rows without personal data
    "orgs": TableErasure(why_organisation="its id stays as a tombstone, its name and settings go"),
    "organisation_erasures": TableErasure(why_organisation="proves the erasure: ids, times and counts"),
    "person_erasures": TableErasure(why_organisation=NO_ORGANISATION, person=_TRACES),
    "organisation_archives": TableErasure(organisation="delete from organisation_archives where org_id = $1"),
    "installation_keys": TableErasure(
        why_organisation="secrets of the installation", why_person="secrets of the installation"
    ),
    "peppers": TableErasure(why_organisation="secrets of the installation", why_person="secrets of the installation"),
    "rate_buckets": TableErasure(why_organisation="numbers under ids, lost with a restart"),
    "schema_migrations": TableErasure(why_organisation="names of migrations", why_person="names of migrations"),
}
