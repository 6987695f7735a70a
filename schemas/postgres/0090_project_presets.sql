-- Options of projects that an organisation keeps under a name. Forward only.
create table project_presets (
  org_id uuid not null references orgs,
  preset_id uuid not null,
  name text not null,
  options jsonb not null,                     -- ProjectOptions, as they were given
  version int not null default 1,             -- counts the changes; names the ETag
  actor text not null,                        -- who changed it last
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  primary key (org_id, preset_id)
);
create unique index project_presets_by_name on project_presets (org_id, lower(name));
alter table project_presets enable row level security;
alter table project_presets force row level security;
create policy tenant on project_presets using (org_id = current_org()) with check (org_id = current_org());
grant select, insert, update, delete on project_presets to clipstream_api;
grant select, delete on project_presets to clipstream_erasure, clipstream_worker;
