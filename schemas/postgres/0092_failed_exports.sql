-- The exports of an organisation that failed lately, without reading all of them. Forward only.
create index exports_failed on exports (org_id, finished_at) where state = 'failed';
