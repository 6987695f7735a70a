-- Installations of before erase projects as clipstream_worker: what is told of a project goes with it there, too.
-- Forward only.
grant select (org_id, project_ids), delete on mails to clipstream_worker;
grant select (org_id, project_id), delete on notifications to clipstream_worker;
