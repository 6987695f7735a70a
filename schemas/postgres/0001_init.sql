-- The first schema: tenants, projects and their parts, attempts with lease and fence, the outbox. Forward only.
-- Roles clipstream_api, clipstream_worker and clipstream_relay exist before this runs (streams/migrate.py).
-- Every tenant table has row level security by app.org, FORCEd, so that the owner is walled too.

create function current_org() returns uuid language sql stable
  as $$ select nullif(current_setting('app.org', true), '')::uuid $$;

create table orgs (
  org_id uuid primary key,
  name text not null,
  created_at timestamptz not null default now()
);

create table api_keys (
  org_id uuid not null references orgs,
  key_id uuid not null,
  hash bytea not null unique,
  last4 text not null,
  scopes text[] not null default '{}',
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (org_id, key_id)
);

create table producer_keys (
  org_id uuid not null references orgs,
  key_id text not null unique,
  secret_encrypted bytea not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (org_id, key_id)
);

create table idempotency_keys (
  org_id uuid not null references orgs,
  key text not null,
  fingerprint bytea not null,
  status int,
  headers jsonb,
  body bytea,
  created_at timestamptz not null default now(),
  primary key (org_id, key)
);

create table uploads (
  org_id uuid not null references orgs,
  upload_id uuid not null,
  object_key text not null,
  filename text not null,
  content_type text not null,
  size_bytes bigint not null,
  multipart_id text,
  state text not null default 'open' check (state in ('open', 'complete', 'aborted')),
  created_at timestamptz not null default now(),
  primary key (org_id, upload_id)
);

create table projects (
  org_id uuid not null references orgs,
  project_id uuid not null,
  title text not null default '',
  object_key text,
  source_url text,
  options jsonb not null default '{}',
  state text not null default 'queued'
    check (state in ('queued', 'running', 'completed', 'failed', 'cancelled', 'erased')),
  version bigint not null default 0,          -- of the last event in project_events
  source jsonb,                               -- ObjectRef of the original
  source_index jsonb,                         -- ObjectRef of the SourceIndex
  duration_ms bigint,
  width_px int,
  height_px int,
  span_count int,
  language text,
  warnings text[] not null default '{}',
  nothing_found_reason text,
  failure_reason text,
  failure_detail text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  erased_at timestamptz,
  primary key (org_id, project_id)
);
create index projects_newest on projects (org_id, created_at desc, project_id desc);

create table project_stages (
  org_id uuid not null,
  project_id uuid not null,
  stage text not null,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed')),
  percent int not null default 0,
  parts_done int not null default 0,
  parts_total int not null default 0,
  cpu_ms bigint not null default 0,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (org_id, project_id, stage),
  foreign key (org_id, project_id) references projects on delete cascade
);

create table project_events (
  org_id uuid not null,
  project_id uuid not null,
  version bigint not null,
  event_id uuid not null,
  type text not null,
  body jsonb not null,
  at timestamptz not null default now(),
  primary key (org_id, project_id, version),
  foreign key (org_id, project_id) references projects on delete cascade
);

create table spans (
  org_id uuid not null,
  project_id uuid not null,
  ordinal int not null,
  event jsonb not null,                       -- the SpanPlanned to emit when its turn comes
  planned_at timestamptz,
  heard text not null default 'waiting' check (heard in ('waiting', 'done', 'gave_up')),
  heard_ref jsonb,
  seen text not null default 'waiting' check (seen in ('waiting', 'done', 'gave_up')),
  seen_ref jsonb,
  primary key (org_id, project_id, ordinal),
  foreign key (org_id, project_id) references projects on delete cascade
);

create table transcripts (
  org_id uuid not null,
  project_id uuid not null,
  version int not null,
  object jsonb not null,
  language text,
  word_count int not null,
  created_at timestamptz not null default now(),
  primary key (org_id, project_id, version),
  foreign key (org_id, project_id) references projects on delete cascade
);

create table moments (
  org_id uuid not null,
  project_id uuid not null,
  object jsonb not null,
  candidate_count int not null,
  created_at timestamptz not null default now(),
  primary key (org_id, project_id),
  foreign key (org_id, project_id) references projects on delete cascade
);

create table clips (
  org_id uuid not null,
  clip_id uuid not null,
  project_id uuid not null,
  ordinal int not null,
  start_ms bigint not null,
  end_ms bigint not null,
  score double precision not null,
  confidence double precision not null,
  title text not null,
  reason text not null,
  signals jsonb not null,
  tracks jsonb,                               -- ObjectRef of the ClipTracks
  created_at timestamptz not null default now(),
  primary key (org_id, clip_id),
  foreign key (org_id, project_id) references projects on delete cascade
);
create index clips_of_project on clips (org_id, project_id, ordinal);

create table exports (
  org_id uuid not null,
  export_id uuid not null,
  project_id uuid not null,
  clip_id uuid not null,
  ordinal int not null,
  edit_version int not null default 1,
  aspect text not null,
  captions boolean not null,
  start_ms bigint not null,
  end_ms bigint not null,
  automatic boolean not null,
  state text not null default 'waiting' check (state in ('waiting', 'rendering', 'done', 'failed')),
  plan jsonb,                                 -- ObjectRef of the FramePlan
  files jsonb,                                -- ExportFiles
  certificate jsonb,
  failure_reason text,
  failure_detail text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, export_id),
  foreign key (org_id, project_id) references projects on delete cascade,
  foreign key (org_id, clip_id) references clips on delete cascade
);
create index exports_of_project on exports (org_id, project_id);

create table webhook_endpoints (
  org_id uuid not null references orgs,
  endpoint_id uuid not null,
  url text not null,
  events text[] not null,
  secret_encrypted bytea not null,
  created_at timestamptz not null default now(),
  disabled_at timestamptz,
  primary key (org_id, endpoint_id)
);

create table deliveries (
  org_id uuid not null,
  delivery_id uuid not null,
  endpoint_id uuid not null,
  project_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  payload bytea not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempt int not null default 0,
  response_status int,
  last_error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, delivery_id),
  foreign key (org_id, endpoint_id) references webhook_endpoints on delete cascade
);

-- One row per (input event, stage): who works on it, until when, and which fence may commit.
create table attempts (
  org_id uuid not null,
  input_id uuid not null,
  stage text not null,
  project_id uuid not null,
  state text not null check (state in ('running', 'free', 'done', 'gave_up', 'cancelled')),
  fence bigint not null default 1,
  tries int not null default 1,
  lease_until timestamptz,
  worker text,
  counter bigint not null default 0,
  topic text not null,
  key text not null,
  partition int not null,
  headers jsonb not null,
  payload bytea not null,
  cpu_ms bigint not null default 0,
  last_error text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, input_id, stage)
);
create index attempts_expired on attempts (lease_until) where state = 'running';
create index attempts_of_project on attempts (org_id, project_id);

create table outbox (
  seq bigint generated always as identity primary key,
  org_id uuid,
  event_id uuid not null,
  for_stage text not null default '',         -- whose attempt a re-emission is for; '' the first time
  emission bigint not null default 0,         -- the fence of the attempt that is to be taken up again; 0 the first time
  project_id uuid,
  topic text not null,
  key text not null,
  partition int not null,
  headers jsonb not null,
  payload bytea not null check (octet_length(payload) <= 1000000),
  due_at timestamptz not null default now(),
  published_at timestamptz,
  unique nulls not distinct (org_id, event_id, topic, for_stage, emission)
);
create index outbox_due on outbox (due_at, seq) where published_at is null;

create table dead_letters (
  dead_id uuid primary key,
  org_id uuid,
  project_id uuid,
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  stage text not null,
  reason text not null,
  detail text not null,
  headers jsonb not null,
  payload bytea not null,
  created_at timestamptz not null default now(),
  replayed_at timestamptz
);

create function notify_outbox() returns trigger language plpgsql
  as $$ begin perform pg_notify('outbox', ''); return null; end $$;
create trigger outbox_written after insert on outbox for each statement execute function notify_outbox();

-- Walls ---------------------------------------------------------------------------------------------------------
do $$
declare name text;
begin
  foreach name in array array[
    'orgs', 'api_keys', 'producer_keys', 'idempotency_keys', 'uploads', 'projects', 'project_stages',
    'project_events', 'spans', 'transcripts', 'moments', 'clips', 'exports', 'webhook_endpoints', 'deliveries',
    'attempts', 'outbox', 'dead_letters'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (org_id = current_org()) with check (org_id = current_org())', name);
  end loop;
end $$;

-- A caller's key is looked up before its org is known: only by the whole hash, or the whole key id.
create policy by_hash on api_keys for select to clipstream_api
  using (encode(hash, 'hex') = nullif(current_setting('app.key_hash', true), ''));
create policy by_key on producer_keys for select to clipstream_worker
  using (key_id = nullif(current_setting('app.key_id', true), ''));

-- The relay and its sweeper see the outbox and the attempts of all, and nothing else.
create policy relay on outbox to clipstream_relay using (true) with check (true);
create policy relay on attempts to clipstream_relay using (true) with check (true);

-- A message that nobody could decode has no org: any worker may record it, only an admin's session may read it.
create policy nobodys_new on dead_letters for insert to clipstream_worker with check (org_id is null);
create policy nobodys_new on outbox for insert to clipstream_worker, clipstream_api with check (org_id is null);
create policy nobodys_read on dead_letters to clipstream_api
  using (org_id is null and current_setting('app.admin', true) = 'yes')
  with check (org_id is null and current_setting('app.admin', true) = 'yes');

grant usage on schema public to clipstream_api, clipstream_worker, clipstream_relay;
grant select on orgs to clipstream_api, clipstream_worker;
grant select, insert, update on api_keys, producer_keys to clipstream_api;
grant select on producer_keys to clipstream_worker;
grant select, insert, update, delete on idempotency_keys, uploads, webhook_endpoints to clipstream_api;
grant select, insert, update on projects, project_stages, project_events, exports, deliveries to clipstream_api;
grant select on spans, transcripts, moments, clips, attempts to clipstream_api;
grant select, insert on outbox to clipstream_api;
grant select, update on dead_letters to clipstream_api;
grant select, insert, update, delete on projects, project_stages, project_events, spans, transcripts, moments, clips,
  exports, deliveries, attempts to clipstream_worker;
grant select, update on webhook_endpoints, uploads to clipstream_worker;
grant insert, select, delete on outbox to clipstream_worker;
grant select, insert, update on dead_letters to clipstream_worker;
grant select, insert, update, delete on outbox, attempts to clipstream_relay;
