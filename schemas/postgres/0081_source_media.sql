-- What players show of a source: whether a browser plays the source itself, else its proxy; the peaks of its sound and
-- one of its pictures. Forward only.
create table source_media (
  org_id uuid not null,
  project_id uuid not null,
  state text not null check (state in ('source', 'unmade', 'waiting', 'done', 'failed')),
  playback jsonb,                             -- Playback: how far a browser plays the source itself
  proxy jsonb,                                -- ProxyFile
  waveform jsonb,                             -- Waveform
  poster jsonb,                               -- Poster: a small picture of the source
  failure_reason text,
  failure_detail text,
  requested_at timestamptz,
  finished_at timestamptz,
  primary key (org_id, project_id),
  foreign key (org_id, project_id) references projects on delete cascade
);
alter table source_media enable row level security;
alter table source_media force row level security;
create policy tenant on source_media using (org_id = current_org()) with check (org_id = current_org());
grant select, insert, update on source_media to clipstream_api, clipstream_ingest;
grant select, update on source_media to clipstream_look, clipstream_transcode;
grant select, delete on source_media to clipstream_erasure;
grant select, insert, update, delete on source_media to clipstream_worker;

-- The stage that makes proxies.
grant usage on schema public to clipstream_transcode;
grant select, insert, update on attempts, costs, object_sweeps, project_stages to clipstream_transcode;
grant select, insert on dead_letters, outbox to clipstream_transcode;
grant insert on project_events to clipstream_transcode;
grant select, delete on admissions to clipstream_transcode;
grant select on exports to clipstream_transcode;
grant select, update on projects to clipstream_transcode;
alter policy nobodys_new on dead_letters to clipstream_worker, clipstream_ingest, clipstream_listen, clipstream_close,
  clipstream_look, clipstream_study, clipstream_detect, clipstream_frame, clipstream_render, clipstream_preview,
  clipstream_transcode, clipstream_deliver, clipstream_erasure;
alter policy nobodys_new on outbox to clipstream_worker, clipstream_api, clipstream_ingest, clipstream_listen,
  clipstream_close, clipstream_look, clipstream_study, clipstream_detect, clipstream_frame, clipstream_render,
  clipstream_preview, clipstream_transcode, clipstream_deliver, clipstream_erasure;
