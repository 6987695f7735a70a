-- Failed projects and exports may be taken up again where they failed. Forward only.
alter table projects add column retries int not null default 0;  -- how often; the events of each round have their own ids
alter table exports add column retries int not null default 0;
grant update (heard, seen) on spans to clipstream_api;
grant update (state, failure_reason, failure_detail, finished_at) on previews to clipstream_api;
