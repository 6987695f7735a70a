-- The erasure of an organisation reaches OAuth clients, what was granted to them anywhere, and notifications. Forward only.

create policy of_client on oauth_grants to clipstream_erasure, clipstream_worker using (client_org_id = current_org());
grant select (org_id, client_org_id), delete on oauth_grants to clipstream_erasure, clipstream_worker;
grant select (org_id), delete on oauth_clients to clipstream_erasure, clipstream_worker;
grant select (org_id), delete on notifications to clipstream_erasure, clipstream_worker;
