-- What projects are about: the stored document, and who and what is spoken of, across projects. Forward only.
create table intelligence (
  org_id uuid not null,
  project_id uuid not null,
  object jsonb not null,                      -- ObjectRef of the Intelligence
  engine text not null,
  transcript_version int not null,
  cpu_ms bigint not null default 0,
  created_at timestamptz not null default now(),
  primary key (org_id, project_id),
  foreign key (org_id, project_id) references projects on delete cascade
);

-- One row for each name or topic of a project; `key` is what forms of one name share.
create table subjects (
  org_id uuid not null,
  project_id uuid not null,
  kind text not null,                         -- topic, or one of EntityKind
  key text not null,
  name text not null,
  mention_count int not null,
  seconds jsonb not null,                     -- [[start_ms, end_ms], …] of its mentions, in order
  primary key (org_id, project_id, kind, key),
  foreign key (org_id, project_id) references projects on delete cascade
);
create index subjects_across on subjects (org_id, kind, key);

do $$
declare name text;
begin
  foreach name in array array['intelligence', 'subjects'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (org_id = current_org()) with check (org_id = current_org())', name);
  end loop;
end $$;

grant select on intelligence, subjects to clipstream_api;
grant select, insert, update, delete on intelligence, subjects to clipstream_worker;
