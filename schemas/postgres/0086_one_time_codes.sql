-- One-time codes that sign the owner of an installation in: made by the role of its first organisation. Forward only.
grant select (user_id, email, name, locale, password_hash, email_verified_at, disabled_at, created_at), insert on users
  to clipstream_bootstrap;
grant select, insert on memberships to clipstream_bootstrap;
grant insert on single_use_tokens to clipstream_bootstrap;
grant insert on audit_entries to clipstream_bootstrap;
