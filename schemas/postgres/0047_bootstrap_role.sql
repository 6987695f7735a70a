-- The role that makes the first organisation, so that no process but the migration has the owner's address. Forward only.
grant usage on schema public to clipstream_bootstrap;
grant select on api_keys to clipstream_bootstrap;
grant select (org_id, key_id) on producer_keys to clipstream_bootstrap;
grant insert on orgs, api_keys, producer_keys to clipstream_bootstrap;
