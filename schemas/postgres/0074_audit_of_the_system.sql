-- A plan that ends because it was not paid for is an entry of the audit log: the relay appends it, as the system and in no
-- other name. Forward only.
create policy relay_appends on audit_entries as restrictive for insert to clipstream_relay
  with check (actor = 'system:00000000-0000-0000-0000-000000000000' and position is null);
grant insert (org_id, entry_id, actor, key_id, operation, target_kind, target_ids, address, user_agent, request_id,
  outcome) on audit_entries to clipstream_relay;
