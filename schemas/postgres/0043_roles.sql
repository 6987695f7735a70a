-- A role for each kind of process, with what its statements need and nothing else. Forward only.
-- tests/contract/runtime/test_postgres_roles.py reads the statements that each process can reach from its code, and
-- compares; clipstream_worker keeps what all stages, sinks and erasure need together, for installations of before.
do $$
declare stage text;
begin
  foreach stage in array array[
    'clipstream_ingest', 'clipstream_listen', 'clipstream_close', 'clipstream_look', 'clipstream_study',
    'clipstream_detect', 'clipstream_frame', 'clipstream_render', 'clipstream_preview', 'clipstream_deliver'] loop
    execute format('grant usage on schema public to %I', stage);
    execute format('grant select, insert, update on attempts, costs to %I', stage);
    execute format('grant select, insert on dead_letters, outbox to %I', stage);
    execute format('grant insert on project_events to %I', stage);
    execute format('grant select, delete on admissions to %I', stage);
  end loop;
end $$;
grant usage on schema public to clipstream_erasure, clipstream_clickhouse, clipstream_meilisearch;

-- ingest
grant select on exports, producer_keys to clipstream_ingest;
grant select, update on assets, uploads to clipstream_ingest;
grant select, insert, update on object_sweeps, project_stages, projects, spans, upload_refusals to clipstream_ingest;

-- listen
grant select on exports to clipstream_listen;
grant select, update on project_stages, projects, spans to clipstream_listen;

-- close
grant select on exports, spans to clipstream_close;
grant select, update on project_stages, projects to clipstream_close;
grant select, insert, update on transcripts to clipstream_close;

-- look
grant select on exports to clipstream_look;
grant select, update on project_stages, projects, spans to clipstream_look;

-- study
grant select on exports, moments, transcripts to clipstream_study;
grant select, update on projects to clipstream_study;
grant select, insert, delete on subjects to clipstream_study;
grant select, insert, update on intelligence, object_sweeps, project_stages to clipstream_study;

-- detect
grant select on score_weights, spans, transcripts to clipstream_detect;
grant select, insert on exports to clipstream_detect;
grant select, update on project_stages, projects to clipstream_detect;
grant select, insert, update on clips, moments, object_sweeps to clipstream_detect;

-- frame
grant select on clip_edits, moments, spans, transcripts to clipstream_frame;
grant select, update on clips, exports, projects to clipstream_frame;
grant select, insert, update on object_sweeps, project_stages to clipstream_frame;
grant select, update, delete on previews to clipstream_frame;

-- render
grant select on assets, brand_kit_versions, clips, moments, transcripts to clipstream_render;
grant select, update on exports, project_stages, projects, replays to clipstream_render;
grant select, insert, update on object_sweeps to clipstream_render;

-- preview
grant select on assets, brand_kit_versions, clip_edits, clips, exports, transcripts to clipstream_preview;
grant select, update on projects to clipstream_preview;
grant select, insert, update on object_sweeps, project_stages to clipstream_preview;
grant select, update, delete on previews to clipstream_preview;

-- deliver
grant select on clips, exports to clipstream_deliver;
grant select, update on project_stages, projects to clipstream_deliver;
grant select, update (disabled_at, failures, failing_since, pauses, paused_until) on webhook_endpoints
  to clipstream_deliver;
grant select, insert, update on deliveries to clipstream_deliver;

-- erasure
grant select on brand_kit_versions to clipstream_erasure;
grant select, delete on clips, costs, deliveries, exports, intelligence, moments, outbox, previews, spans, subjects,
  transcripts to clipstream_erasure;
grant select, update on assets, project_events, projects, uploads to clipstream_erasure;
grant select, insert, update on dead_letters to clipstream_erasure;
grant select, delete on admissions to clipstream_erasure;
grant select, update, delete on attempts to clipstream_erasure;

-- clickhouse
grant select on clips, exports, producer_keys, projects to clipstream_clickhouse;

-- meilisearch
grant select on clips, exports, projects to clipstream_meilisearch;

-- Rows without an organisation: letters and events of messages whose owner is not proven.
alter policy nobodys_new on dead_letters to clipstream_worker, clipstream_ingest, clipstream_listen, clipstream_close,
  clipstream_look, clipstream_study, clipstream_detect, clipstream_frame, clipstream_render, clipstream_preview,
  clipstream_deliver, clipstream_erasure;
alter policy nobodys_new on outbox to clipstream_worker, clipstream_api, clipstream_ingest, clipstream_listen,
  clipstream_close, clipstream_look, clipstream_study, clipstream_detect, clipstream_frame, clipstream_render,
  clipstream_preview, clipstream_deliver, clipstream_erasure;
alter policy nobodys on upload_refusals to clipstream_worker, clipstream_ingest;
alter policy by_key on producer_keys to clipstream_worker, clipstream_ingest, clipstream_clickhouse;

-- What the API and the relay were granted, and no statement of theirs needs.
revoke insert, update on api_keys from clipstream_api;
revoke all on producer_keys from clipstream_api;
grant select (org_id, key_id, created_at, revoked_at) on producer_keys to clipstream_api;
revoke insert on deliveries from clipstream_api;
revoke update on project_events from clipstream_api;
revoke select, delete on admissions from clipstream_api;
revoke delete on idempotency_keys, uploads from clipstream_api;
revoke insert on attempts from clipstream_relay;
revoke delete on watchdog_rounds from clipstream_relay;
revoke update on admissions from clipstream_relay;
