-- Archives of everything that an organisation has. Forward only.
create table organisation_archives (
  org_id uuid not null references orgs,
  archive_id uuid not null,
  requested_by text not null,                 -- actor
  created_at timestamptz not null default now(),
  media boolean not null,                     -- with recordings and clips
  state text not null check (state in ('queued', 'running', 'done', 'failed', 'expired')),
  next_at timestamptz,                        -- of the next try; while one runs, of its repetition; null: none
  tries int not null default 0,
  multipart_id text,                          -- of the try at work, so that the next one can abort it
  object_key text,
  size_bytes bigint,
  sha256 text,
  counts jsonb not null default '{}',         -- lines by resource, files
  failure_reason text,
  failure_detail text,
  finished_at timestamptz,
  expires_at timestamptz,
  primary key (org_id, archive_id)
);
create unique index organisation_archives_at_work on organisation_archives (org_id) where state in ('queued', 'running');
create index organisation_archives_due on organisation_archives (next_at) where next_at is not null;
alter table organisation_archives enable row level security;
alter table organisation_archives force row level security;
create policy tenant on organisation_archives using (org_id = current_org()) with check (org_id = current_org());
create policy relay on organisation_archives to clipstream_relay using (true) with check (true);
grant select, insert on organisation_archives to clipstream_api;
grant select, update on organisation_archives to clipstream_relay;
grant select, delete on organisation_archives to clipstream_erasure, clipstream_worker;
