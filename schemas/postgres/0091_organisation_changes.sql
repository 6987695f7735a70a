-- What changed of an organisation in the last hours, for those who follow it live. Forward only.
-- A row says that something changed, and in which transaction; how it stands is read from its own table.
create table organisation_changes (
  org_id uuid not null,
  txid xid8 not null default pg_current_xact_id(),
  kind text not null check (kind in ('project', 'export', 'clip', 'edit', 'transcript')),
  subject_id uuid not null,                   -- of the project, export or clip
  at timestamptz not null default now(),
  primary key (org_id, txid, kind, subject_id)
);
create index organisation_changes_age on organisation_changes (at);
alter table organisation_changes enable row level security;
alter table organisation_changes force row level security;
create policy tenant on organisation_changes using (org_id = current_org()) with check (org_id = current_org());
create policy relay on organisation_changes to clipstream_relay using (true);

create function note_change() returns trigger language plpgsql as $$
declare subject uuid;
begin
  execute format('select ($1).%I', tg_argv[1]) using new into subject;
  insert into organisation_changes (org_id, kind, subject_id) values (new.org_id, tg_argv[0], subject)
  on conflict do nothing;
  return null;
end $$;
create trigger project_made after insert on projects for each row execute function note_change('project', 'project_id');
create trigger project_moved after insert on project_events for each row
  when (new.type like 'clipstream.Project%') execute function note_change('project', 'project_id');
create trigger export_made after insert on exports for each row execute function note_change('export', 'export_id');
create trigger export_moved after update of state on exports for each row
  when (new.state is distinct from old.state) execute function note_change('export', 'export_id');
create trigger clip_made after insert on clips for each row execute function note_change('clip', 'clip_id');
create trigger clip_renamed after update of title, metadata on clips for each row
  when (new.title is distinct from old.title or new.metadata is distinct from old.metadata)
  execute function note_change('clip', 'clip_id');
create trigger clip_edited after insert on clip_edits for each row execute function note_change('edit', 'clip_id');
create trigger transcript_corrected after insert on transcript_edits for each row
  execute function note_change('transcript', 'project_id');

grant select on organisation_changes to clipstream_api;
grant insert on organisation_changes to clipstream_api, clipstream_erasure, clipstream_worker, clipstream_close,
  clipstream_deliver, clipstream_detect, clipstream_frame, clipstream_ingest, clipstream_listen, clipstream_look,
  clipstream_preview, clipstream_render, clipstream_study;
grant select (org_id, txid, kind, subject_id, at), delete on organisation_changes to clipstream_relay;
grant select (org_id), delete on organisation_changes to clipstream_erasure, clipstream_worker;
