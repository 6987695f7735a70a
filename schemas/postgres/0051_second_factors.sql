-- Second factors: one-time codes by time (RFC 6238), recovery codes, passkeys (WebAuthn). Forward only.
create table totp_secrets (
  user_id uuid primary key references users on delete cascade,
  sealed bytea not null,
  last_step bigint not null default 0,        -- a code counts once: that of this step, and older ones, no more
  created_at timestamptz not null default now(),
  confirmed_at timestamptz                    -- null: enrolment has not ended
);

create table recovery_codes (
  user_id uuid not null references users on delete cascade,
  hash bytea not null,                        -- SHA-256 of 80 random bits
  used_at timestamptz,
  primary key (user_id, hash)
);

create table passkeys (
  user_id uuid not null references users on delete cascade,
  passkey_id uuid not null,
  credential_id bytea not null unique,
  public_key bytea not null,
  sign_count bigint not null,
  name text not null,
  backed_up boolean not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  primary key (user_id, passkey_id)
);

do $$
declare name text;
begin
  foreach name in array array['totp_secrets', 'recovery_codes', 'passkeys'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own on %I using (user_id = current_person()) with check (user_id = current_person())',
                   name);
  end loop;
end $$;
-- Who signs in with a passkey is known by nothing else yet.
create policy by_credential on passkeys for select
  using (encode(credential_id, 'hex') = nullif(current_setting('app.credential', true), ''));
grant select, insert, update, delete on totp_secrets, recovery_codes, passkeys to clipstream_api;
create policy keys on totp_secrets to clipstream_keys using (true);
grant select (user_id, sealed), update (sealed) on totp_secrets to clipstream_keys;
