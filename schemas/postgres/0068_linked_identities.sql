-- Identities at other providers that sign a person in. Forward only.
create table linked_identities (
  user_id uuid not null references users on delete cascade,
  identity_id uuid not null,
  issuer text not null,                       -- with the subject the identity; an address is none
  subject text not null,
  provider text not null,                     -- its name in the settings, when it was linked
  email text not null default '',             -- as the provider named it then, for the person to tell two apart
  linked_at timestamptz not null default now(),
  last_used_at timestamptz,
  primary key (user_id, identity_id),
  unique (issuer, subject)
);
alter table linked_identities enable row level security;
alter table linked_identities force row level security;
create policy own on linked_identities using (user_id = current_person()) with check (user_id = current_person());
-- Who signs in with an identity is known by nothing else yet.
create policy by_identity on linked_identities for select
  using (issuer || ' ' || subject = nullif(current_setting('app.identity', true), ''));
grant select, insert, update (last_used_at), delete on linked_identities to clipstream_api;
