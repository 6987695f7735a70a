-- Indexes that questions asked often had not, and files of brand kits among what is swept. Forward only.
create index exports_of_clip on exports (org_id, clip_id);
create index uploads_of_object on uploads (org_id, object_key);
create index projects_of_object on projects (org_id, object_key) where object_key is not null;
create index assets_of_upload on assets (org_id, upload_id);
create index deliveries_of_project on deliveries (org_id, project_id);
create index deliveries_of_endpoint on deliveries (org_id, endpoint_id);

-- A file that was set aside and that no version of a kit names goes, with its bytes.
alter table object_sweeps drop constraint object_sweeps_kind_check;
alter table object_sweeps add constraint object_sweeps_kind_check check (kind in ('project', 'upload', 'asset'));
