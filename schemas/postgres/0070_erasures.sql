-- Erasure of organisations and of people. Forward only. An erased organisation keeps its id and nothing else:
-- late events of it are recognised and dropped.
alter table orgs add column erased_at timestamptz;

create table organisation_erasures (
  org_id uuid primary key references orgs,
  erasure_id uuid not null unique,
  requested_by text not null,                 -- actor
  requested_at timestamptz not null default now(),
  grace_until timestamptz not null,           -- until then it can be cancelled
  state text not null check (state in ('requested', 'running', 'done', 'cancelled')),
  next_at timestamptz,                        -- of the next round; while one runs, of its repetition; null: none
  rounds int not null default 0,              -- that were whole
  counts jsonb not null default '{}',         -- what was removed so far, by kind
  started_at timestamptz,
  finished_at timestamptz
);
create index organisation_erasures_due on organisation_erasures (next_at) where next_at is not null;

-- People who erased their account: their traces in logs of organisations go next. The row goes with the last of them.
create table person_erasures (
  user_id uuid primary key,
  requested_at timestamptz not null default now(),
  due_at timestamptz not null default now(),  -- of the next round; while one runs, of a repetition
  rounds int not null default 0
);
create index person_erasures_due on person_erasures (due_at);

alter table organisation_erasures enable row level security;
alter table organisation_erasures force row level security;
create policy tenant on organisation_erasures using (org_id = current_org()) with check (org_id = current_org());
create policy relay on organisation_erasures to clipstream_relay using (true) with check (true);
-- Who asked for it sees its end, when the organisation has no members any more.
create policy of_person on organisation_erasures for select to clipstream_api
  using (requested_by = 'user:' || current_person());
grant select, insert, update on organisation_erasures to clipstream_api;
grant select, update on organisation_erasures to clipstream_relay;

alter table person_erasures enable row level security;
alter table person_erasures force row level security;
create policy own on person_erasures for insert to clipstream_api with check (user_id = current_person());
create policy own_seen on person_erasures for select to clipstream_api using (user_id = current_person());
create policy relay on person_erasures to clipstream_relay using (true) with check (true);
create policy erasure on person_erasures to clipstream_erasure, clipstream_worker using (user_id = current_person())
  with check (user_id = current_person());
grant select, insert on person_erasures to clipstream_api, clipstream_erasure, clipstream_worker;
grant select, update, delete on person_erasures to clipstream_relay;

-- Traces of a person in logs.
create index audit_entries_of_people on audit_entries (actor) where actor like 'user:%';
create index request_log_of_people on request_log (actor) where actor like 'user:%';
create policy relay_erases on request_log for update to clipstream_relay using (true) with check (true);
grant select (actor, address), update (address) on request_log to clipstream_relay;

-- The part of the relay that erases: everything of one organisation, in its place, and who belongs to no other.
alter policy by_email on invitations to clipstream_api, clipstream_erasure, clipstream_worker;
alter policy by_email_seen on invitations to clipstream_api, clipstream_erasure, clipstream_worker;
alter policy of_receiver on mails to clipstream_api, clipstream_erasure, clipstream_worker;
alter policy by_subject on sign_in_failures to clipstream_api, clipstream_erasure, clipstream_worker;
create policy of_organisation on mails to clipstream_erasure, clipstream_worker
  using (org_id = current_org()) with check (false);
grant delete on sign_in_failures to clipstream_api;

grant select (org_id, name, operator, allowed_origins, plan, created_at, erased_at),
  update (name, erased_at, allowed_origins, plan) on orgs to clipstream_erasure, clipstream_worker;
grant delete on assets, brand_kit_versions, dead_letters, project_events, uploads, usage_entries
  to clipstream_erasure, clipstream_worker;
grant insert on outbox, project_events to clipstream_erasure, clipstream_worker;
grant update on exports to clipstream_erasure, clipstream_worker;
grant select, insert, update on object_sweeps to clipstream_erasure, clipstream_worker;
grant select, update on project_stages to clipstream_erasure, clipstream_worker;
grant select on clip_edits, transcript_edits to clipstream_erasure, clipstream_worker;
grant select, delete on audit_chains, audit_entries, billing_accounts, brand_kits, memberships, meter_events, org_windows,
  request_log, score_weights, service_accounts, sign_in_failures, stripe_events, upload_refusals, webhook_positions
  to clipstream_erasure, clipstream_worker;
-- No column that holds a secret, or the hash of one: what this role reads may go into an archive (0072).
grant select (org_id, key_id, last4, scopes, name, test, allowed_addresses, created_by, created_at, last_used_at,
  expires_at, revoked_at, service_account_id, replaces), delete on api_keys to clipstream_erasure, clipstream_worker;
grant select (org_id, key_id, created_at, revoked_at), delete on producer_keys to clipstream_erasure, clipstream_worker;
grant select (org_id, endpoint_id, url, events, description, signing, public_key, created_at, paused_at, disabled_at,
  disabled_reason), delete on webhook_endpoints to clipstream_erasure, clipstream_worker;
grant select (org_id, invitation_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at), delete
  on invitations to clipstream_erasure, clipstream_worker;
grant select (user_id, email, name), delete on users to clipstream_erasure, clipstream_worker;
grant select (org_id, receiver), delete on mails to clipstream_erasure, clipstream_worker;
grant select (org_id), delete on idempotency_keys to clipstream_erasure, clipstream_worker;
