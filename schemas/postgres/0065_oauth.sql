-- The OAuth authorisation server: clients of an organisation, and what was granted to them. Forward only.

create table oauth_clients (
  org_id uuid not null references orgs,       -- who registered it
  client_id uuid not null unique,
  name text not null,
  homepage text not null default '',
  confidential boolean not null,
  redirect_uris text[] not null,              -- none: it asks no person
  scopes text[] not null,                     -- what it may ask for at most
  service_account_id uuid,                    -- as whom it calls for itself; null: it does not
  secret_hash bytea,                          -- SHA-256 of 32 random bytes
  secret_last4 text,
  former_hash bytea,                          -- the secret before, which ends
  former_until timestamptz,
  created_at timestamptz not null default now(),
  created_by text not null,                   -- actor
  deleted_at timestamptz,
  primary key (org_id, client_id),
  foreign key (org_id, service_account_id) references service_accounts,
  check (confidential = (secret_hash is not null)),
  check (confidential or service_account_id is null)
);
create index oauth_clients_by_age on oauth_clients (org_id, created_at, client_id);

-- A client may call in an organisation: for a person who allowed it, or for a service account of the client's own
-- organisation, for as long as one access token.
create table oauth_grants (
  org_id uuid not null references orgs,       -- whose rows the client sees
  grant_id uuid not null,
  client_org_id uuid not null,
  client_id uuid not null,
  user_id uuid references users on delete cascade,
  service_account_id uuid,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_because text,
  primary key (org_id, grant_id),
  foreign key (client_org_id, client_id) references oauth_clients,
  foreign key (org_id, service_account_id) references service_accounts,
  check (num_nonnulls(user_id, service_account_id) = 1)
);
create index oauth_grants_by_user on oauth_grants (user_id) where user_id is not null;
create index oauth_grants_by_client on oauth_grants (client_org_id, client_id);
create index oauth_grants_age on oauth_grants (expires_at);

-- Authorisation codes: each counts once, within a minute.
create table oauth_codes (
  org_id uuid not null,
  hash bytea not null unique,                 -- SHA-256 of 32 random bytes
  grant_id uuid not null,
  redirect_uri text not null,
  challenge text not null,                    -- SHA-256 of the client's verifier, in base64url
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (org_id, hash),
  foreign key (org_id, grant_id) references oauth_grants on delete cascade
);
create index oauth_codes_by_grant on oauth_codes (org_id, grant_id);

create table oauth_refresh_tokens (
  org_id uuid not null,
  hash bytea not null unique,
  grant_id uuid not null,
  issued_at timestamptz not null default clock_timestamp(),
  used_at timestamptz,
  primary key (org_id, hash),
  foreign key (org_id, grant_id) references oauth_grants on delete cascade
);
create index oauth_refresh_tokens_by_grant on oauth_refresh_tokens (org_id, grant_id);
create index oauth_refresh_tokens_age on oauth_refresh_tokens (used_at) where used_at is not null;

do $$
declare name text;
begin
  foreach name in array array['oauth_clients', 'oauth_grants', 'oauth_codes', 'oauth_refresh_tokens'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (org_id = current_org()) with check (org_id = current_org())',
                   name);
  end loop;
end $$;
-- A client that calls, or asks a person of another organisation, is known by its id.
create policy by_client on oauth_clients for select to clipstream_api
  using (client_id::text = nullif(current_setting('app.client', true), ''));
-- Who shows a code or a token is known by nothing else yet.
create policy by_hash on oauth_codes for select to clipstream_api
  using (encode(hash, 'hex') = nullif(current_setting('app.token_hash', true), ''));
create policy by_hash on oauth_refresh_tokens for select to clipstream_api
  using (encode(hash, 'hex') = nullif(current_setting('app.token_hash', true), ''));
-- A person sees what they allowed, in whatever organisation, and takes it back.
create policy own on oauth_grants for select to clipstream_api using (user_id = current_person());

grant select, insert (org_id, client_id, name, homepage, confidential, redirect_uris, scopes, service_account_id,
    secret_hash, secret_last4, created_by),
  update (name, homepage, redirect_uris, scopes, service_account_id, secret_hash, secret_last4, former_hash,
    former_until, deleted_at) on oauth_clients to clipstream_api;
grant select, insert (org_id, grant_id, client_org_id, client_id, user_id, service_account_id, scopes, expires_at),
  update (last_used_at, expires_at, revoked_at, revoked_because) on oauth_grants to clipstream_api;
grant select, insert (org_id, hash, grant_id, redirect_uri, challenge, expires_at), update (used_at) on oauth_codes
  to clipstream_api;
grant select, insert (org_id, hash, grant_id), update (used_at) on oauth_refresh_tokens to clipstream_api;

-- The relay deletes what is over.
create policy relay on oauth_grants to clipstream_relay using (true);
create policy relay on oauth_refresh_tokens to clipstream_relay using (true);
grant select (org_id, grant_id, expires_at), delete on oauth_grants to clipstream_relay;
grant select (org_id, hash, used_at), delete on oauth_refresh_tokens to clipstream_relay;
