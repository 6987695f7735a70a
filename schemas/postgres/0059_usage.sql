-- What organisations use, and may use. Forward only. The ledger is only added to: what is given back is a negative row.
create table usage_entries (
  org_id uuid not null references orgs,
  entry_id uuid not null,                     -- the project or export it came of: one row for each kind
  kind text not null check (kind in ('source_ms', 'export_ms', 'exports', 'stored_bytes', 'freed_bytes')),
  quantity bigint not null,
  project_id uuid not null,
  at timestamptz not null,                    -- when the work was committed
  primary key (org_id, entry_id, kind)
);
create index usage_by_time on usage_entries (org_id, at) include (kind, quantity);
create index usage_by_project on usage_entries (org_id, project_id);
alter table usage_entries enable row level security;
alter table usage_entries force row level security;
create policy tenant on usage_entries using (org_id = current_org()) with check (org_id = current_org());
grant select, insert on usage_entries to clipstream_api, clipstream_worker, clipstream_ingest, clipstream_erasure;
grant insert on usage_entries to clipstream_study, clipstream_detect, clipstream_frame, clipstream_render;
grant select on orgs to clipstream_ingest;

-- The plan of an organisation; null: the installation's. A month of it begins on the day of plan_since.
alter table orgs add column plan text;
alter table orgs add column plan_since timestamptz;
grant update (plan, plan_since) on orgs to clipstream_api;
create index projects_of_org_at_work on projects (org_id) where state in ('queued', 'running');
