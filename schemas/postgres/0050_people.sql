-- People sign in: sessions, single-use tokens, invitations, failed sign-ins, mails. Forward only.

-- Organisations: whose pages may call the API from browsers. A preflight names an origin and no organisation.
alter table orgs add column allowed_origins text[] not null default '{}';
create index orgs_by_origin on orgs using gin (allowed_origins);
create policy by_origin on orgs for select to clipstream_api
  using (allowed_origins @> array[nullif(current_setting('app.origin', true), '')]);
create policy of_member on orgs for select to clipstream_api using (
  exists (select 1 from memberships m where m.org_id = orgs.org_id and m.user_id = current_person()));
grant insert, update (name, allowed_origins) on orgs to clipstream_api;
grant select, insert, update, delete on users, memberships to clipstream_api;

-- A session begins at each sign-in and is never taken over by another one.
create table sessions (
  session_id uuid primary key,
  user_id uuid not null references users on delete cascade,
  org_id uuid references orgs,                -- chosen last; null: the person belongs to none
  methods text[] not null,                    -- how the person signed in
  cookies boolean not null default false,
  address text not null,
  user_agent text not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  idle_until timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_because text
);
create index sessions_by_user on sessions (user_id);
create index sessions_age on sessions (expires_at);

create table refresh_tokens (
  hash bytea primary key,                     -- SHA-256 of 32 random bytes
  session_id uuid not null references sessions on delete cascade,
  user_id uuid not null references users on delete cascade,
  issued_at timestamptz not null default clock_timestamp(),
  used_at timestamptz
);
create index refresh_tokens_by_session on refresh_tokens (session_id);
create index refresh_tokens_by_user on refresh_tokens (user_id);

-- Tokens that count once: of mails, of second factors, of passkey ceremonies.
create table single_use_tokens (
  hash bytea primary key,
  user_id uuid references users on delete cascade,  -- null: who signs in is not known yet
  purpose text not null,
  details jsonb not null default '{}',
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index single_use_tokens_by_user on single_use_tokens (user_id);
create index single_use_tokens_age on single_use_tokens (expires_at);

create table invitations (
  org_id uuid not null references orgs,
  invitation_id uuid not null,
  email text not null check (email = lower(email)),
  role text not null check (role in ('owner', 'admin', 'editor', 'viewer', 'billing', 'operator')),
  hash bytea not null unique,
  invited_by text not null,                   -- actor
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, invitation_id)
);
create unique index invitations_open on invitations (org_id, email) where accepted_at is null and revoked_at is null;
create index invitations_age on invitations (expires_at);

-- Failed sign-ins, by address and by account (a keyed hash of its address), shared by all processes.
create table sign_in_failures (
  subject text primary key,
  failures int not null,
  last_at timestamptz not null,
  locked_until timestamptz
);
create index sign_in_failures_age on sign_in_failures (last_at);

-- Mails: written with what they tell of, sent by the relay's process.
create table mails (
  mail_id uuid primary key,
  user_id uuid references users on delete cascade,
  org_id uuid references orgs,
  receiver text not null,                     -- keyed hash of the address, for erasure
  template text not null,
  locale text not null,
  sealed bytea not null,                      -- receiver, subject, text and HTML
  state text not null default 'due' check (state in ('due', 'sent', 'undeliverable')),
  tries int not null default 0,
  due_at timestamptz not null default now(),
  last_error text,
  created_at timestamptz not null default now(),
  ended_at timestamptz
);
create index mails_due on mails (due_at) where state = 'due';
create index mails_age on mails (created_at);
create index mails_by_user on mails (user_id);
create index mails_by_receiver on mails (receiver);
create index invitations_by_email on invitations (email);

do $$
declare name text;
begin
  foreach name in array array['sessions', 'refresh_tokens', 'single_use_tokens', 'invitations', 'sign_in_failures',
                              'mails'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
  end loop;
end $$;

create policy own on sessions using (user_id = current_person()) with check (user_id = current_person());
create policy own on refresh_tokens using (user_id = current_person()) with check (user_id = current_person());
create policy own on single_use_tokens using (user_id = current_person()) with check (user_id = current_person());
create policy tenant on invitations using (org_id = current_org()) with check (org_id = current_org());
-- Who shows a token is known by nothing else yet: one row, by the hash of the whole token.
create policy by_hash on refresh_tokens for select
  using (encode(hash, 'hex') = nullif(current_setting('app.token_hash', true), ''));
create policy by_hash on single_use_tokens
  using (encode(hash, 'hex') = nullif(current_setting('app.token_hash', true), ''))
  with check (encode(hash, 'hex') = nullif(current_setting('app.token_hash', true), ''));
create policy by_hash on invitations for select
  using (encode(hash, 'hex') = nullif(current_setting('app.token_hash', true), ''));
create policy by_subject on sign_in_failures to clipstream_api
  using (subject = any(string_to_array(nullif(current_setting('app.subjects', true), ''), ' ')))
  with check (subject = any(string_to_array(nullif(current_setting('app.subjects', true), ''), ' ')));
create policy written on mails for insert to clipstream_api with check (true);
-- An erased person is forgotten by mails and invitations that went to their address before they had an account, too.
create policy of_receiver on mails to clipstream_api
  using (receiver = any(string_to_array(nullif(current_setting('app.subjects', true), ''), ' '))) with check (false);
create policy by_email on invitations for delete to clipstream_api
  using (email = nullif(current_setting('app.email', true), ''));
create policy by_email_seen on invitations for select to clipstream_api
  using (email = nullif(current_setting('app.email', true), ''));

grant select, insert, update on sessions to clipstream_api;
grant select, insert, update, delete on single_use_tokens to clipstream_api;
grant select, insert, update on refresh_tokens, sign_in_failures to clipstream_api;
grant select, insert, update, delete on invitations to clipstream_api;
grant select (receiver), insert, delete on mails to clipstream_api;

-- The relay sends mails, and deletes what is over.
create policy relay on mails to clipstream_relay using (true) with check (true);
create policy relay on sessions to clipstream_relay using (true);
create policy relay on single_use_tokens to clipstream_relay using (true);
create policy relay on invitations to clipstream_relay using (true);
create policy relay on sign_in_failures to clipstream_relay using (true);
grant select, update, delete on mails to clipstream_relay;
grant select (session_id, expires_at), delete on sessions to clipstream_relay;
grant select (hash, expires_at), delete on single_use_tokens to clipstream_relay;
grant select (org_id, invitation_id, expires_at), delete on invitations to clipstream_relay;
grant select (subject, last_at), delete on sign_in_failures to clipstream_relay;

create policy keys on mails to clipstream_keys using (true);
grant select (mail_id, sealed), update (sealed) on mails to clipstream_keys;
