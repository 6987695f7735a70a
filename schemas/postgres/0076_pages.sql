-- Projects of pages: what their user says about the rights, and which page it was. Forward only. The key of a page goes with
-- the project's erasure, as its URL does.

alter table projects
  add column page_rights text check (page_rights in ('own', 'licence', 'permission')),
  add column page_key text;
create index projects_of_page on projects (org_id, page_key, created_at desc) where page_key is not null;
