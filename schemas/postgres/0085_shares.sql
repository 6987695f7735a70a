-- Links that show finished exports to who has no account. Forward only.
create table shares (
  org_id uuid not null references orgs,
  share_id uuid not null,
  hash bytea not null unique,                 -- SHA-256 of the token in the link
  title text not null,
  test boolean not null,                      -- made with a test key
  allow_download boolean not null,
  show_organisation boolean not null,
  created_by text not null,                   -- actor
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  views bigint not null default 0,
  last_viewed_at timestamptz,
  primary key (org_id, share_id)
);
create index shares_newest on shares (org_id, created_at desc, share_id desc);

-- What a link shows. An export that is erased takes its line with it.
create table share_exports (
  org_id uuid not null,
  share_id uuid not null,
  export_id uuid not null,
  position int not null,                      -- from 0, in the order of the page
  primary key (org_id, share_id, export_id),
  foreign key (org_id, share_id) references shares on delete cascade,
  foreign key (org_id, export_id) references exports on delete cascade
);
create index share_exports_of_export on share_exports (org_id, export_id);

alter table shares enable row level security;
alter table shares force row level security;
alter table share_exports enable row level security;
alter table share_exports force row level security;
create policy tenant on shares using (org_id = current_org()) with check (org_id = current_org());
create policy tenant on share_exports using (org_id = current_org()) with check (org_id = current_org());
-- Who opens a link is known by nothing else: one row, by the hash of the whole token.
create policy by_hash on shares for select to clipstream_api
  using (encode(hash, 'hex') = nullif(current_setting('app.token_hash', true), ''));

grant select, insert, update on shares to clipstream_api;
grant select, insert on share_exports to clipstream_api;
-- The role that erases, and writes archives, sees no hash.
grant select (org_id, share_id, title, test, allow_download, show_organisation, created_by, created_at, expires_at,
  revoked_at, views, last_viewed_at), delete on shares to clipstream_erasure, clipstream_worker;
grant select on share_exports to clipstream_erasure, clipstream_worker;
