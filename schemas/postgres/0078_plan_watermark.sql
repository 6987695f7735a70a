-- Files of clips that bear the mark of their organisation's plan. Forward only.
alter table exports add column watermark boolean not null default false;
-- detect asks for the automatic files, and needs to know the plan.
grant select (org_id, plan, plan_since, created_at) on orgs to clipstream_detect;
