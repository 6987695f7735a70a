-- Uploads whose bytes pass through the API in order (tus, forms): how far each one is, and who writes to it. Forward only.
-- Parts are kept here and never read from a list of the store: such a list may lag behind, or be cut.
alter table uploads add column appended boolean not null default false;

create table appended_uploads (
  org_id uuid not null,
  upload_id uuid not null,
  offset_bytes bigint not null default 0 check (offset_bytes >= 0),
  tail_key text,                              -- object with the bytes behind the last whole part; null: there are none
  metadata text not null default '',          -- Upload-Metadata as it was sent: customers' words, they go with the upload
  writer uuid,                                -- who may append; null: nobody does
  writer_until timestamptz,                   -- from then on another one may take its place
  expires_at timestamptz not null,
  primary key (org_id, upload_id),
  foreign key (org_id, upload_id) references uploads on delete cascade
);

create table appended_parts (
  org_id uuid not null,
  upload_id uuid not null,
  number int not null check (number between 1 and 10000),
  etag text not null,
  size_bytes bigint not null check (size_bytes > 0),
  primary key (org_id, upload_id, number),
  foreign key (org_id, upload_id) references appended_uploads on delete cascade
);

do $$
declare name text;
begin
  foreach name in array array['appended_uploads', 'appended_parts'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy tenant on %I using (org_id = current_org()) with check (org_id = current_org())', name);
  end loop;
end $$;
grant select, insert, update on appended_uploads to clipstream_api;
grant select, insert, delete on appended_parts to clipstream_api;
grant select, delete on appended_uploads to clipstream_worker, clipstream_erasure;
