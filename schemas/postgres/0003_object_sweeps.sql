-- Objects that no row names any more: when to look for them, and in which round. Forward only.
-- A worker that had begun before an erasure can still put an object after it, so an erased prefix is emptied in
-- several rounds; a worker that lost its fence leaves objects behind, so an ended project is swept once.
create table object_sweeps (
  org_id uuid not null references orgs,
  kind text not null check (kind in ('project', 'upload')),
  subject_id uuid not null,
  due_at timestamptz not null,
  round int not null default 0,
  primary key (org_id, kind, subject_id)
);
create index object_sweeps_due on object_sweeps (due_at);

alter table object_sweeps enable row level security;
alter table object_sweeps force row level security;
create policy tenant on object_sweeps using (org_id = current_org()) with check (org_id = current_org());
create policy relay on object_sweeps to clipstream_relay using (true) with check (true);
grant select, insert, update on object_sweeps to clipstream_api, clipstream_worker;
grant select, update, delete on object_sweeps to clipstream_relay;
