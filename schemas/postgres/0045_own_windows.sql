-- Windows and priority of an organisation, where they differ from the settings'. Forward only.
create table org_windows (
  org_id uuid not null references orgs on delete cascade,
  lane text not null,                         -- schemas/lanes.py
  of_queue int check (of_queue > 0),          -- null: as the settings say
  of_org int check (of_org > 0),
  priority int not null default 0,            -- higher: its events are admitted before others'
  primary key (org_id, lane)
);
alter table org_windows enable row level security;
alter table org_windows force row level security;
create policy tenant on org_windows using (org_id = current_org()) with check (org_id = current_org());
create policy relay on org_windows for select to clipstream_relay using (true);
grant select on org_windows to clipstream_relay;
