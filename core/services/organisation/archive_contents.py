"""Contents of an organisation's archive: a file of JSON Lines for each resource, in the API's names.

A query names each column that it takes: hashes, sealed values, leases and addresses of objects are in none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from schemas.common import ObjectRef

TEXT_SUFFIXES = (".json", ".vtt", ".srt", ".ass", ".ttml", ".txt")
"""Ends of the keys of files that are in an archive without media too: transcripts, captions, documents."""

RESOURCES: Mapping[str, str] = {
    "organisation": "select org_id, name, operator, allowed_origins, plan, created_at from orgs where org_id = $1",
    "members": """select u.user_id, u.email, u.name, m.role, m.created_at
        from memberships m join users u on u.user_id = m.user_id where m.org_id = $1 order by m.created_at""",
    "invitations": """select invitation_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at
        from invitations where org_id = $1 order by created_at""",
    "service_accounts": """select service_account_id, name, role, created_by, created_at, disabled_at
        from service_accounts where org_id = $1 order by created_at""",
    "keys": """select key_id, last4, scopes, name, test, allowed_addresses::text[] as allowed_addresses, created_by,
        created_at, last_used_at, expires_at, revoked_at, service_account_id, replaces
        from api_keys where org_id = $1 order by created_at""",
    "producer_keys": "select key_id, created_at, revoked_at from producer_keys where org_id = $1 order by created_at",
    "projects": """select project_id, title, state, source_url, metadata::jsonb as metadata, tags, revision, test,
        options, duration_ms, width_px, height_px, language, warnings, nothing_found_reason, without_words,
        failure_reason, failure_detail, created_at, started_at, finished_at
        from projects where org_id = $1 and state <> 'erased' order by created_at""",
    "project_events": """select project_id, version, type, body, at
        from project_events where org_id = $1 order by project_id, version""",
    "transcripts": """select project_id, version, language, word_count, created_at, object -> 'key' as file
        from transcripts where org_id = $1 order by project_id, version""",
    "corrections": """select project_id, version, base_version, actor, note, changes, speaker_changes, created_at
        from transcript_edits where org_id = $1 order by project_id, version""",
    "moments": """select project_id, candidate_count, created_at, object -> 'key' as file
        from moments where org_id = $1 order by project_id""",
    "intelligence": """select project_id, engine, transcript_version, created_at, object -> 'key' as file
        from intelligence where org_id = $1 order by project_id""",
    "subjects": """select project_id, kind, name, mention_count, seconds
        from subjects where org_id = $1 order by project_id, kind, key""",
    "clips": """select clip_id, project_id, ordinal, start_ms, end_ms, score, confidence, title, hook, description,
        hashtags, reason, signals, made_by, metadata::jsonb as metadata, revision, created_at
        from clips where org_id = $1 order by project_id, ordinal""",
    "edits": """select clip_id, version, base_version, actor, note, operations, edit, created_at
        from clip_edits where org_id = $1 order by clip_id, version""",
    "exports": """select export_id, project_id, clip_id, aspect, captions, template, start_ms, end_ms, automatic, state,
        title, metadata::jsonb as metadata, revision, test, options, edit_version, transcript_version, certificate,
        files, failure_reason, failure_detail, created_at, finished_at
        from exports where org_id = $1 order by project_id, created_at""",
    "shares": """select share_id, title, test, allow_download, show_organisation, created_by, created_at, expires_at,
        revoked_at, views, last_viewed_at, array(
          select x.export_id from share_exports x where x.org_id = s.org_id and x.share_id = s.share_id
          order by x.position) as export_ids
        from shares s where org_id = $1 order by created_at""",
    "brand_kits": """select k.kit_id, v.version, v.kit, v.actor, v.created_at, k.archived_at
        from brand_kits k join brand_kit_versions v on v.org_id = k.org_id and v.kit_id = k.kit_id
        where k.org_id = $1 order by k.created_at, v.version""",
    "project_presets": """select preset_id, name, options, version, actor, created_at, changed_at
        from project_presets where org_id = $1 order by created_at""",
    "assets": """select asset_id, kind, name, state, checked, reason, detail, created_at, finished_at, archived_at
        from assets where org_id = $1 order by created_at""",
    "uploads": """select upload_id, filename, content_type, size_bytes, state, purpose, created_at
        from uploads where org_id = $1 order by created_at""",
    "scoring_weights": """select version, weights, actor, created_at
        from score_weights where org_id = $1 order by version""",
    "webhook_endpoints": """select endpoint_id, url, events, description, signing, public_key, created_at, paused_at,
        disabled_at, disabled_reason from webhook_endpoints where org_id = $1 order by created_at""",
    "webhook_deliveries": """select delivery_id, endpoint_id, project_id, event_id, event_type, state, attempt,
        response_status, last_error, created_at, finished_at from deliveries where org_id = $1 order by created_at""",
    "usage": """select entry_id, kind, quantity, project_id, at from usage_entries where org_id = $1 order by at""",
    "costs": "select project_id, stage, kind, amount, money, currency from costs where org_id = $1 order by project_id",
    "audit": """select entry_id, created_at, actor, key_id, operation, target_kind, target_ids, address, user_agent,
        request_id, outcome, position, encode(hash, 'hex') as hash
        from audit_entries where org_id = $1 order by created_at""",
    "requests": """select entry_id, created_at, method, route, status, problem, took_ms, request_id, actor, key_id,
        address from request_log where org_id = $1 order by created_at""",
}
"""File of JSON Lines → its query; ``$1``: the organisation."""
REFERENCES = """
select object as files from transcripts where org_id = $1 union all
select object from moments where org_id = $1 union all
select object from intelligence where org_id = $1 union all
select source from projects where org_id = $1 and source is not null union all
select checked from assets where org_id = $1 and checked is not null union all
select files from exports where org_id = $1 and files is not null
"""
"""Columns that refer to objects."""


def list_objects(columns: Sequence[Any], org_id: str, *, media: bool) -> list[ObjectRef]:
    """Objects of the organisation that an archive holds, each once, by key."""
    references = {reference.key: reference for column in columns for reference in _references(column)}
    return [
        references[key]
        for key in sorted(references)
        if key.startswith(f"{org_id}/") and ".." not in key and (media or key.endswith(TEXT_SUFFIXES))
    ]


def _references(value: Any) -> Iterator[ObjectRef]:
    if isinstance(value, Mapping):
        if {"key", "sha256", "size"} <= value.keys():
            yield msgspec.convert({name: value[name] for name in ("key", "sha256", "size")}, ObjectRef)
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
