-- The key ring: what is sealed is sealed again under the newest secret, by a role that sees nothing else. Forward only.
-- A pepper keys the hashes of API keys. It is kept sealed, so that a secret can leave the ring without taking the API
-- keys with it; a ring's own secrets have peppers that need no row.
create table peppers (
  pepper_id text primary key,                 -- id of the secret that it was derived from; empty for one without an id
  sealed bytea not null,
  created_at timestamptz not null default now()
);
alter table peppers enable row level security;
alter table peppers force row level security;
create policy installation on peppers to clipstream_api, clipstream_keys using (true) with check (true);
grant select on peppers to clipstream_api;
grant select, insert, update (sealed) on peppers to clipstream_keys;

grant usage on schema public to clipstream_keys;
create policy keys on webhook_endpoints to clipstream_keys using (true);
create policy keys on producer_keys to clipstream_keys using (true);
create policy keys on idempotency_keys to clipstream_keys using (true);
grant select (org_id, endpoint_id, secret_encrypted), update (secret_encrypted) on webhook_endpoints to clipstream_keys;
grant select (org_id, key_id, secret_encrypted), update (secret_encrypted) on producer_keys to clipstream_keys;
grant select (org_id, key, body), update (body) on idempotency_keys to clipstream_keys;
