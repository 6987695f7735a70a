-- The audit log keeps its chain when a person is erased: a hash covers a commitment to address and browser, not these
-- (docs/adr/0046). Forward only.
alter table audit_entries
  add column salt uuid default gen_random_uuid(),   -- null: address and browser were erased
  add column commitment text;                       -- SHA-256 over salt, address and browser, in hexadecimal

-- Entries of before are sealed again, under the new rule. No release had an audit log.
alter table audit_entries no force row level security;
alter table audit_chains no force row level security;
update audit_entries set position = null, previous_hash = null, hash = null, sealed_at = null where position is not null;
delete from audit_chains;
alter table audit_entries force row level security;
alter table audit_chains force row level security;

grant update (commitment, address, user_agent, salt) on audit_entries to clipstream_relay;
