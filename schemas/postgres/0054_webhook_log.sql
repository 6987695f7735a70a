-- Webhooks with a log: endpoints that are changed, paused and given new secrets; each message of an organisation, each
-- delivery with its tries. Forward only.
alter table webhook_endpoints
  add column description text not null default '',
  add column signing text not null default 'hmac' check (signing in ('hmac', 'ed25519')),
  add column public_key text,                       -- of an ed25519 key pair; secret_encrypted is its private half
  add column paused_at timestamptz,                 -- by a person; null while it takes messages
  add column disabled_reason text check (disabled_reason in ('gone', 'failing'));
update webhook_endpoints set disabled_reason = 'gone' where disabled_at is not null;

-- Secrets that were replaced and still sign, beside the endpoint's own.
create table webhook_former_secrets (
  org_id uuid not null,
  endpoint_id uuid not null,
  secret_id uuid not null,
  signing text not null check (signing in ('hmac', 'ed25519')),
  public_key text,
  secret_encrypted bytea not null,
  expires_at timestamptz not null,
  primary key (org_id, endpoint_id, secret_id),
  foreign key (org_id, endpoint_id) references webhook_endpoints on delete cascade
);
create index webhook_former_secrets_age on webhook_former_secrets (expires_at);

-- Every message of an organisation, whether an endpoint asked for it or not: what it missed can be recovered, and
-- `clipstream listen` follows them. The row of webhook_positions is locked until its transaction ends, so a reader that
-- has seen a position has seen all before it.
create table webhook_positions (
  org_id uuid primary key references orgs,
  position bigint not null
);
create table webhook_messages (
  org_id uuid not null references orgs,
  position bigint not null,
  event_id uuid not null,
  project_id uuid,                                  -- null: a notice about an endpoint
  event_type text not null,
  payload bytea not null,
  created_at timestamptz not null,
  primary key (org_id, position),
  unique (org_id, event_id)
);
create index webhook_messages_age on webhook_messages (created_at);
create index webhook_messages_of_project on webhook_messages (org_id, project_id);

alter table deliveries alter column project_id drop not null;  -- null: a test, or a notice about an endpoint
alter table deliveries
  add column replays int not null default 0,        -- so far; each begins with the first try again
  add column opened_at timestamptz,                 -- when the last replay began; null: it was never replayed
  add column next_try_at timestamptz;               -- null: it has ended, or its first try is due at once
create index deliveries_log on deliveries (org_id, endpoint_id, created_at);
drop index deliveries_of_endpoint;

-- One row a try that was made.
create table delivery_attempts (
  org_id uuid not null,
  delivery_id uuid not null,
  replays int not null,
  attempt int not null,
  at timestamptz not null,
  url text not null,
  request_headers jsonb not null,                   -- without signatures
  response_status int,                              -- null: no answer
  response_body text not null,                      -- its first 2 KiB, as text
  error text,                                       -- null: the message was taken
  latency_ms int not null,
  next_try_at timestamptz,
  primary key (org_id, delivery_id, replays, attempt),
  foreign key (org_id, delivery_id) references deliveries on delete cascade
);

do $$
declare name text;
begin
  foreach name in array array[
    'webhook_former_secrets', 'webhook_positions', 'webhook_messages', 'delivery_attempts'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (org_id = current_org()) with check (org_id = current_org())', name);
  end loop;
end $$;
