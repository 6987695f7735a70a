-- Answers kept under Idempotency-Keys are forgotten by the sweeper, of every organisation alike. Forward only.
-- The relay's role may see how old one is and delete it; the answer itself and its key stay out of its sight.
create policy relay on idempotency_keys to clipstream_relay using (true);
grant select (created_at), delete on idempotency_keys to clipstream_relay;
create index idempotency_keys_age on idempotency_keys (created_at);
