-- Who may use the tables of 0054_webhook_log.sql. Forward only.
grant select, insert, delete on webhook_former_secrets to clipstream_api;
grant select, insert, update on webhook_positions to clipstream_api;
grant select on webhook_messages, delivery_attempts to clipstream_api;
grant insert on deliveries to clipstream_api;       -- tests, and what an endpoint missed

grant select on orgs, webhook_former_secrets to clipstream_deliver, clipstream_worker;
grant select, insert, update on webhook_positions to clipstream_deliver, clipstream_worker;
grant insert on webhook_messages, delivery_attempts to clipstream_deliver, clipstream_worker;
grant update (disabled_reason) on webhook_endpoints to clipstream_deliver;

grant select, delete on webhook_messages to clipstream_erasure, clipstream_worker;

-- Retention sees ages and keys, and no body.
create policy relay on webhook_messages to clipstream_relay using (true);
grant select (org_id, position, created_at), delete on webhook_messages to clipstream_relay;
create policy relay on webhook_former_secrets to clipstream_relay using (true);
grant select (org_id, endpoint_id, secret_id, expires_at), delete on webhook_former_secrets to clipstream_relay;

create policy keys on webhook_former_secrets to clipstream_keys using (true);
grant select (org_id, endpoint_id, secret_id, secret_encrypted), update (secret_encrypted) on webhook_former_secrets
  to clipstream_keys;

-- Notices belong to their organisation: analytics confirms that it exists.
create policy confirmed on orgs for select to clipstream_worker, clipstream_clickhouse
  using (current_setting('app.confirm', true) = 'yes');
grant select (org_id) on orgs to clipstream_clickhouse;
