-- Which events of an organisation are in flight, and which wait in the outbox for a place. Forward only.
alter table outbox
  add column lane text,                       -- the way into a stage (schemas/lanes.py); null: sent as soon as it is due
  add column queue uuid,                      -- whose turn it is within the lane: the organisation, or a webhook endpoint
  add column input_id uuid,                   -- of the attempts that will end its place
  add column waits boolean not null default false,  -- until the relay admits it; re-emissions have their place already
  add column admitted_at timestamptz,
  add constraint outbox_waits_check check (
    not waits or (org_id is not null and lane is not null and queue is not null and input_id is not null));
drop index outbox_due;
create index outbox_due on outbox (due_at, seq) where published_at is null and not waits;
create index outbox_waiting on outbox (lane, org_id, queue, due_at, seq) where waits and published_at is null;

create table admissions (
  org_id uuid not null,
  input_id uuid not null,
  stage text not null,                        -- whose attempt ends this place
  lane text not null,
  queue uuid not null,
  project_id uuid,
  admitted_at timestamptz not null default now(),
  primary key (org_id, input_id, stage)
);
alter table admissions enable row level security;
alter table admissions force row level security;
create policy tenant on admissions using (org_id = current_org()) with check (org_id = current_org());
create policy relay on admissions to clipstream_relay using (true) with check (true);
grant select, insert, update, delete on admissions to clipstream_relay;
grant select, delete on admissions to clipstream_worker, clipstream_api;

-- An attempt that ends frees its place in the same transaction, and the relay looks at once.
create function release_admission() returns trigger language plpgsql as $$
begin
  delete from admissions where org_id = new.org_id and input_id = new.input_id and stage = new.stage;
  if found then perform pg_notify('outbox', ''); end if;
  return null;
end $$;
create trigger attempt_ended after update of state on attempts for each row
  when (new.state in ('done', 'gave_up', 'cancelled') and old.state is distinct from new.state)
  execute function release_admission();
