-- API keys and service accounts are made by callers, and the work of a test key is a marked draft. Forward only.
grant insert (org_id, key_id, hash, last4, scopes, name, test, expires_at, allowed_addresses, created_by,
  service_account_id, replaces) on api_keys to clipstream_api;
grant update (name, expires_at, allowed_addresses, revoked_at) on api_keys to clipstream_api;
create index api_keys_by_age on api_keys (org_id, created_at, key_id);

grant insert (org_id, service_account_id, name, role, created_by) on service_accounts to clipstream_api;
grant update (name, role, disabled_at) on service_accounts to clipstream_api;
create index service_accounts_by_age on service_accounts (org_id, created_at, service_account_id);

-- Made with a test key: a draft with a mark over the picture, which no sum of usage counts.
alter table projects add column test boolean not null default false;
alter table exports add column test boolean not null default false;
