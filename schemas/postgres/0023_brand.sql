-- Brand kits of organisations, their versions, and the files they are made of. Forward only.
-- No version is ever changed, and what is deleted is only set aside: an old export can be made again.
alter table uploads add column purpose text not null default 'source'
  check (purpose in ('source', 'image', 'font', 'video', 'music'));

create table assets (
  org_id uuid not null references orgs,
  asset_id uuid not null,
  upload_id uuid not null,                    -- what it was made of; its file goes once it is checked
  object_key text not null,                   -- of that file
  kind text not null check (kind in ('image', 'font', 'video', 'music')),
  name text not null default '',
  state text not null default 'received' check (state in ('received', 'checked', 'refused')),
  checked jsonb,                              -- schemas.brand.CheckedAsset
  reason text,                                -- why it was refused
  detail text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  archived_at timestamptz,
  primary key (org_id, asset_id)
);
create index assets_newest on assets (org_id, created_at desc, asset_id desc);

create table brand_kits (
  org_id uuid not null references orgs,
  kit_id uuid not null,
  version int not null,                       -- the newest
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (org_id, kit_id)
);

create table brand_kit_versions (
  org_id uuid not null,
  kit_id uuid not null,
  version int not null,
  kit jsonb not null,                         -- schemas.brand.BrandKit
  key_id uuid,                                -- the API key that asked for it
  created_at timestamptz not null default now(),
  primary key (org_id, kit_id, version),
  foreign key (org_id, kit_id) references brand_kits
);

do $$
declare name text;
begin
  foreach name in array array['assets', 'brand_kits', 'brand_kit_versions'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (org_id = current_org()) with check (org_id = current_org())', name);
  end loop;
end $$;
grant select, insert, update on assets, brand_kits to clipstream_api;
grant select, insert on brand_kit_versions to clipstream_api;
grant select, update on assets to clipstream_worker;
grant select on brand_kits, brand_kit_versions to clipstream_worker;
