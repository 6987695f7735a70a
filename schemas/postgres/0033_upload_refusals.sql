-- Messages on uploads.v1 that made no project, as their producers see them. Forward only. No byte of a message is in it.
-- Rows without an organisation are of senders that no producer key tells; only the worker that counts them reads them.
create table upload_refusals (
  refusal_id uuid primary key,                -- of topic, partition and offset: the same message is refused once
  org_id uuid references orgs,                -- of the producer key that the message names
  key_id text,
  signed boolean not null,                    -- whether the signature holds; without it anybody may have sent the message
  reason text not null,
  detail text not null,                       -- for the organisation; the topic has a sentence of ours
  partition int not null,
  "offset" bigint not null,
  message_key uuid,
  event_id uuid,                              -- CloudEvents id of the message
  unlisted int not null default 0,            -- how many of this sender were refused after it and have no row
  created_at timestamptz not null default now()
);
create index upload_refusals_newest on upload_refusals (org_id, created_at desc, refusal_id desc);
create index upload_refusals_age on upload_refusals (created_at);

alter table upload_refusals enable row level security;
alter table upload_refusals force row level security;
create policy tenant on upload_refusals using (org_id = current_org()) with check (org_id = current_org());
create policy nobodys on upload_refusals to clipstream_worker using (org_id is null) with check (org_id is null);
create policy relay on upload_refusals to clipstream_relay using (true);
grant select on upload_refusals to clipstream_api;
grant select, insert, update on upload_refusals to clipstream_worker;
grant select (created_at), delete on upload_refusals to clipstream_relay;
