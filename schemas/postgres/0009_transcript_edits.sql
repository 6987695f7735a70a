-- Corrections of transcripts by people: each makes a new version beside the machine's, and says who changed what.
-- Forward only. The texts are customers' words: they go with the transcript when its project is erased.
create table transcript_edits (
  org_id uuid not null,
  project_id uuid not null,
  version int not null,                       -- of the transcript that the correction made
  base_version int not null,                  -- of the one that was read
  key_id uuid not null,                       -- the API key that asked for it
  note text not null default '',
  changes jsonb not null,                     -- list of schemas.corrections.Change
  created_at timestamptz not null default now(),
  primary key (org_id, project_id, version),
  foreign key (org_id, project_id, version) references transcripts on delete cascade
);

alter table transcript_edits enable row level security;
alter table transcript_edits force row level security;
create policy tenant on transcript_edits using (org_id = current_org()) with check (org_id = current_org());
grant select, insert on transcript_edits to clipstream_api;
grant select, delete on transcript_edits to clipstream_worker;
grant insert on transcripts to clipstream_api;
