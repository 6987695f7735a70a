-- Tags of projects, and one project for the same source and options. Forward only. Tags are customers' words: they go with
-- their project.
alter table projects add column tags text[] not null default '{}';
create index projects_by_tag on projects using gin (tags);
create index projects_of_url on projects (org_id, md5(source_url), created_at desc) where source_url is not null;
