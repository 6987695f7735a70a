-- The circuit breaker of a webhook endpoint: it pauses while its receiver does not take deliveries. Forward only.
alter table webhook_endpoints
  add column failures int not null default 0,       -- tries in a row that failed
  add column failing_since timestamptz,             -- of the first of them
  add column pauses int not null default 0,         -- in a row; each is longer
  add column paused_until timestamptz;              -- nothing is sent before; then one or two deliveries probe it
grant update (failures, failing_since, pauses, paused_until) on webhook_endpoints to clipstream_worker;
