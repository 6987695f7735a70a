-- What a clip is called in its own words, and each organisation's own weights of the sub-scores. Forward only.
alter table clips add column hook text not null default '';
alter table clips add column description text not null default '';
alter table clips add column hashtags text[] not null default '{}';

-- One row a change, never changed again: a moment list names the version it was weighed by.
create table score_weights (
  org_id uuid not null references orgs,
  version int not null,
  weights jsonb,                              -- a WeightTable; null: the installation's own again
  key_id uuid,                                -- who set it
  created_at timestamptz not null default now(),
  primary key (org_id, version)
);
alter table score_weights enable row level security;
alter table score_weights force row level security;
create policy tenant on score_weights using (org_id = current_org()) with check (org_id = current_org());
grant select, insert on score_weights to clipstream_api;
grant select on score_weights to clipstream_worker;
