-- Rows that are over are deleted by age, a batch at a time; projects that stand still are noticed. Forward only.
-- The relay's role sees ages and keys of what it deletes, and of projects their state: no name, no title, no payload.
create index outbox_sent on outbox (published_at) where published_at is not null;
create index outbox_of_project on outbox (org_id, project_id);
create index attempts_over on attempts (finished_at) where state in ('done', 'gave_up', 'cancelled');
create index deliveries_over on deliveries (finished_at) where state in ('delivered', 'failed');
create index project_events_age on project_events (at);
create index projects_at_work on projects (created_at) where state in ('queued', 'running');

create policy relay on deliveries to clipstream_relay using (true);
grant select (org_id, delivery_id, state, finished_at), delete on deliveries to clipstream_relay;
create policy relay on project_events to clipstream_relay using (true);
grant select (org_id, project_id, version, at), delete on project_events to clipstream_relay;
grant select (org_id, key) on idempotency_keys to clipstream_relay;
grant select (dead_id) on dead_letters to clipstream_relay;
grant select (refusal_id) on upload_refusals to clipstream_relay;
grant select (preview_id) on previews to clipstream_relay;
create policy relay on projects for select to clipstream_relay using (true);
grant select (org_id, project_id, state, created_at, started_at) on projects to clipstream_relay;

-- How often the watchdog has emitted a still project's events again, and when it last did.
create table watchdog_rounds (
  org_id uuid not null,
  project_id uuid not null,
  round int not null,
  at timestamptz not null,
  primary key (org_id, project_id),
  foreign key (org_id, project_id) references projects on delete cascade
);
alter table watchdog_rounds enable row level security;
alter table watchdog_rounds force row level security;
create policy tenant on watchdog_rounds using (org_id = current_org()) with check (org_id = current_org());
create policy relay on watchdog_rounds to clipstream_relay using (true) with check (true);
grant select, insert, update, delete on watchdog_rounds to clipstream_relay;

-- The organisation that runs the installation may see which projects of all stand still: ids, states and errors.
create policy operators_still on projects for select to clipstream_api
  using (current_setting('app.watch', true) = 'yes'
         and exists (select 1 from orgs o where o.org_id = current_org() and o.operator));
create policy operators_still on attempts for select to clipstream_api
  using (current_setting('app.watch', true) = 'yes'
         and exists (select 1 from orgs o where o.org_id = current_org() and o.operator));
create policy operators_still on outbox for select to clipstream_api
  using (current_setting('app.watch', true) = 'yes'
         and exists (select 1 from orgs o where o.org_id = current_org() and o.operator));
