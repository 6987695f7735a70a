-- Single pictures of clips, as an export would show them: kept for a day, at most 50 of a clip. Forward only.
create table previews (
  org_id uuid not null,
  preview_id uuid not null,
  project_id uuid not null,
  clip_id uuid not null,
  at_ms bigint not null,                      -- of the clip as it is played
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  plan jsonb,                                 -- ObjectRef of the FramePlan
  picture jsonb,                              -- ObjectRef of the PNG
  failure_reason text,
  failure_detail text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, preview_id),
  foreign key (org_id, clip_id) references clips on delete cascade
);
create index previews_of_clip on previews (org_id, clip_id, created_at);
create index previews_age on previews (created_at);

alter table previews enable row level security;
alter table previews force row level security;
create policy tenant on previews using (org_id = current_org()) with check (org_id = current_org());
create policy relay on previews to clipstream_relay using (true);
grant select, insert on previews to clipstream_api;
grant select, update, delete on previews to clipstream_worker;
grant select (org_id, project_id, created_at), delete on previews to clipstream_relay;
grant insert on object_sweeps to clipstream_relay;
