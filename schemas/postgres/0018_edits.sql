-- Edits of clips by people: each request makes a new version, none is ever changed. Version 1 is the machine's, has no row
-- and is the clip's own range. Forward only. Texts in it are customers' words: they go with their project.
create table clip_edits (
  org_id uuid not null,
  clip_id uuid not null,
  version int not null check (version > 1),
  base_version int not null,                  -- the one that was read
  key_id uuid not null,                       -- the API key that asked for it
  note text not null default '',
  operations jsonb not null,                  -- list of schemas.edit_operations.Operation: what was asked for
  edit jsonb not null,                        -- schemas.edit.EditList: what came of it
  created_at timestamptz not null default now(),
  primary key (org_id, clip_id, version),
  foreign key (org_id, clip_id) references clips on delete cascade
);

alter table clip_edits enable row level security;
alter table clip_edits force row level security;
create policy tenant on clip_edits using (org_id = current_org()) with check (org_id = current_org());
grant select, insert on clip_edits to clipstream_api;
grant select, delete on clip_edits to clipstream_worker;

-- What was called the edit's version counted the exports of a clip: it still names their files.
alter table exports rename column edit_version to number;
alter table exports add column edit_version int not null default 1;
