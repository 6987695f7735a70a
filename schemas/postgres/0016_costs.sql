-- What each stage of a project used, and the money it came to by the price list of that time. Forward only.
-- A try that was lost is counted as well; the rows go with their project when it is erased.
create table costs (
  org_id uuid not null,
  project_id uuid not null,
  stage text not null,
  kind text not null,                         -- one of schemas.costs.CostKind
  amount bigint not null,
  money double precision,                     -- null where the kind had no price
  currency text not null default '',
  primary key (org_id, project_id, stage, kind),
  foreign key (org_id, project_id) references projects on delete cascade
);
alter table costs enable row level security;
alter table costs force row level security;
create policy tenant on costs using (org_id = current_org()) with check (org_id = current_org());
grant select on costs to clipstream_api;
grant select, insert, update, delete on costs to clipstream_worker;

-- What the project was expected to cost, once its length and size were known: an Estimate of schemas/estimates.py.
alter table projects add column estimate jsonb;
