-- The audit log, chained by the relay, and the request log. Forward only.

-- Who did what. The API appends entries; the relay seals them: gives each its position in the chain of its organisation,
-- and a hash over that of the entry before and what it says (core/domain/identity/audit_chain.py).
create table audit_entries (
  org_id uuid not null references orgs,
  entry_id uuid not null,
  arrival bigint not null generated always as identity,
  created_at timestamptz not null default now(),
  actor text not null,
  key_id uuid,                                -- the API key that the actor used
  operation text not null,
  target_kind text not null default '',
  target_ids uuid[] not null default '{}',    -- from the outermost to what was made or changed
  address text not null default '',
  user_agent text not null default '',
  request_id text not null default '',
  outcome text not null check (outcome in ('done', 'refused')),
  position bigint,                            -- in the chain, from 1; null until it is sealed
  previous_hash bytea,
  hash bytea,
  sealed_at timestamptz,
  primary key (org_id, entry_id),
  unique (org_id, position),
  check ((position is null) = (hash is null) and (position is null) = (sealed_at is null)
         and (position is null) = (previous_hash is null))
);
create index audit_entries_by_age on audit_entries (org_id, created_at, entry_id);
create index audit_entries_unsealed on audit_entries (arrival) where position is null;
create index audit_entries_over on audit_entries (sealed_at, org_id, position) where position is not null;

-- The ends of each chain: the newest entry, and the last one that retention removed.
create table audit_chains (
  org_id uuid primary key references orgs,
  position bigint not null default 0,
  hash bytea not null default decode(repeat('00', 32), 'hex'),
  sealed_at timestamptz not null default '-infinity',
  pruned_position bigint not null default 0,
  pruned_hash bytea not null default decode(repeat('00', 32), 'hex')
);

create table request_log (
  org_id uuid not null references orgs,
  entry_id uuid not null,
  created_at timestamptz not null,            -- when the request came
  method text not null,
  route text not null,                        -- the template of its path
  status smallint not null,
  problem text not null default '',           -- code; empty: it was answered
  took_ms real not null,
  request_id text not null,
  actor text not null,
  key_id uuid,
  address text not null,
  primary key (org_id, created_at, entry_id)
);
create index request_log_over on request_log (created_at);

alter table audit_entries enable row level security;
alter table audit_entries force row level security;
alter table audit_chains enable row level security;
alter table audit_chains force row level security;
alter table request_log enable row level security;
alter table request_log force row level security;
create policy tenant on audit_entries using (org_id = current_org()) with check (org_id = current_org());
create policy tenant on audit_chains using (org_id = current_org()) with check (org_id = current_org());
create policy tenant on request_log using (org_id = current_org()) with check (org_id = current_org());
create policy relay on audit_entries to clipstream_relay using (true) with check (true);
create policy relay on audit_chains to clipstream_relay using (true) with check (true);
create policy relay on request_log to clipstream_relay using (true);

-- The API says neither when an entry was made nor where it stands, and changes and removes none.
grant select, insert (org_id, entry_id, actor, key_id, operation, target_kind, target_ids, address, user_agent,
  request_id, outcome) on audit_entries to clipstream_api;
grant select on audit_chains to clipstream_api;
grant select, insert on request_log to clipstream_api;
grant select, update (position, previous_hash, hash, sealed_at), delete on audit_entries to clipstream_relay;
grant select, insert, update on audit_chains to clipstream_relay;
grant select (org_id, created_at, entry_id), delete on request_log to clipstream_relay;
