-- What customers call things and attach to them: titles that can be changed, metadata. Forward only. All of it is
-- customers' words and goes with its project. Metadata is text: the compact JSON that came, names in their order.
alter table projects add column metadata text not null default '{}';
alter table projects add column revision int not null default 1;    -- of title and metadata: names the ETag
alter table clips add column metadata text not null default '{}';
alter table clips add column revision int not null default 1;
alter table clips add column found_title text;                      -- the machine's, where `title` is a person's; null: `title` is it
alter table exports add column title text not null default '';     -- empty: that of its clip
alter table exports add column metadata text not null default '{}';
alter table exports add column revision int not null default 1;
grant update (title, found_title, metadata, revision) on clips to clipstream_api;
