-- People, what they belong to, service accounts, and what API keys may do. Whoever does something is an actor: a text
-- `kind:id` (core/domain/identity/actors.py). Forward only.

-- Rows that named an API key name an actor.
alter table transcript_edits alter column key_id type text using 'key:' || key_id;
alter table transcript_edits rename column key_id to actor;
alter table clip_edits alter column key_id type text using 'key:' || key_id;
alter table clip_edits rename column key_id to actor;
alter table brand_kit_versions alter column key_id type text using 'key:' || key_id;
alter table brand_kit_versions rename column key_id to actor;
alter table score_weights alter column key_id type text using 'key:' || key_id;
alter table score_weights rename column key_id to actor;

-- People. A person has no organisation: memberships tie them to some.
create function current_person() returns uuid language sql stable
  as $$ select nullif(current_setting('app.user', true), '')::uuid $$;

create table users (
  user_id uuid primary key,
  email text not null unique check (email = lower(email)),
  name text not null default '',
  locale text not null default 'en',
  password_hash text,                         -- argon2id; null: signs in in other ways
  email_verified_at timestamptz,
  disabled_at timestamptz,
  created_at timestamptz not null default now()
);

create table memberships (
  org_id uuid not null references orgs,
  user_id uuid not null references users on delete cascade,
  role text not null check (role in ('owner', 'admin', 'editor', 'viewer', 'billing', 'operator')),
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index memberships_by_user on memberships (user_id);

create table service_accounts (
  org_id uuid not null references orgs,
  service_account_id uuid not null,
  name text not null,
  role text not null check (role in ('admin', 'editor', 'viewer', 'billing')),
  created_by text not null,                   -- actor
  created_at timestamptz not null default now(),
  disabled_at timestamptz,
  primary key (org_id, service_account_id)
);

alter table users enable row level security;
alter table users force row level security;
alter table memberships enable row level security;
alter table memberships force row level security;
alter table service_accounts enable row level security;
alter table service_accounts force row level security;
create policy tenant on service_accounts using (org_id = current_org()) with check (org_id = current_org());
-- A membership is seen by its organisation and by its person.
create policy tenant on memberships using (org_id = current_org()) with check (org_id = current_org());
create policy own on memberships for select using (user_id = current_person());
-- A person is seen by themselves, by who signs in with their whole address, and by the organisations they belong to.
create policy own on users using (user_id = current_person()) with check (user_id = current_person());
create policy by_email on users for select using (email = nullif(current_setting('app.email', true), ''));
create policy of_organisation on users for select using (
  exists (select 1 from memberships m where m.user_id = users.user_id and m.org_id = current_org()));

grant select on service_accounts to clipstream_api;

-- API keys
alter table api_keys
  add column name text not null default '',
  add column test boolean not null default false,
  add column expires_at timestamptz,
  add column allowed_addresses cidr[] not null default '{}',
  add column last_used_at timestamptz,
  add column created_by text not null default 'system:00000000-0000-0000-0000-000000000000',
  add column service_account_id uuid,
  add column replaces uuid,                   -- the key that it was rotated from
  add foreign key (org_id, service_account_id) references service_accounts,
  add foreign key (org_id, replaces) references api_keys;
grant update (last_used_at) on api_keys to clipstream_api;
