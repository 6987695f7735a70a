-- Exports made once more, to see whether the same bytes come out: the newest replay of each. Forward only.
create table replays (
  org_id uuid not null,
  export_id uuid not null,
  project_id uuid not null,
  replay_id uuid not null,                    -- of the newest
  state text not null default 'waiting' check (state in ('waiting', 'done')),
  report jsonb,                               -- schemas.remade.Remade
  requested_at timestamptz not null,
  finished_at timestamptz,
  primary key (org_id, export_id),
  foreign key (org_id, export_id) references exports on delete cascade
);

alter table replays enable row level security;
alter table replays force row level security;
create policy tenant on replays using (org_id = current_org()) with check (org_id = current_org());
grant select, insert, update on replays to clipstream_api;
grant select, update, delete on replays to clipstream_worker;

-- The edit that an export plays: named here, so that its object is kept for as long as the export is.
alter table exports add column edit jsonb;    -- ObjectRef of the EditList; null: the clip as it is, or older than this
