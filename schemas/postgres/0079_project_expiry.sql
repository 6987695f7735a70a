-- Projects are kept as long as the plan of their organisation says, and erased after a notice. Forward only.
alter table projects add column announced_expiry timestamptz;  -- what the notice named; null: there was none
create index projects_by_end on projects (org_id, finished_at) where state in ('completed', 'failed', 'cancelled');
create index projects_announced on projects (announced_expiry) where announced_expiry is not null;
-- The relay lists what is due; its erasure writes notices and ends.
grant select (plan) on orgs to clipstream_relay;
grant select (finished_at, announced_expiry) on projects to clipstream_relay;
grant select (org_id, plan, plan_since, created_at) on orgs to clipstream_erasure;
grant insert on outbox, project_events to clipstream_erasure;
grant select, insert, update on object_sweeps to clipstream_erasure;
grant select, update on project_stages to clipstream_erasure;
grant update on exports to clipstream_erasure;
