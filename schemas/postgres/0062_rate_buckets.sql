-- Allowances of requests that all processes of the API share. Forward only. Nothing is lost with them: unlogged.
create unlogged table rate_buckets (
  name text primary key,                      -- `key/<id>`, `user/<id>`, `org/<id>`
  tokens double precision not null,
  at timestamptz not null,
  granted int not null default 0              -- of the last request
);
alter table rate_buckets enable row level security;
alter table rate_buckets force row level security;
create policy shared on rate_buckets to clipstream_api using (true) with check (true);
grant select, insert, update on rate_buckets to clipstream_api;
