-- What people are told: an outbox of notifications, preferences, addresses of web push. Forward only.

-- What happened, written in the transaction that made it true. The relay's process plans whom it tells, once. It holds
-- ids and numbers: the words of customers are read where a message is written.
create table notifications (
  notification_id uuid primary key,
  org_id uuid references orgs,                -- null: it concerns a person's account
  user_id uuid references users on delete cascade,  -- null: it concerns the organisation
  kind text not null,
  project_id uuid,
  subject_id uuid,                            -- export, endpoint, key or person that it is about
  details jsonb not null default '{}',
  at timestamptz not null,                    -- when it happened
  created_at timestamptz not null default now(),
  planned_at timestamptz,                     -- when its receivers were chosen; null: it is due
  check ((org_id is null) <> (user_id is null))
);
create index notifications_due on notifications (created_at) where planned_at is null;
create index notifications_age on notifications (created_at);
create index notifications_of_project on notifications (org_id, project_id);
create index notifications_of_user on notifications (user_id);

-- What a person chose; null: what the catalogue says (schemas/notifications.py).
create table notification_preferences (
  user_id uuid not null references users on delete cascade,
  org_id uuid,                                -- null: kinds that concern the account
  kind text not null,
  mail text check (mail in ('each', 'daily', 'off')),
  push text check (push in ('on', 'off')),
  foreign key (org_id, user_id) references memberships on delete cascade
);
create unique index notification_preferences_key on notification_preferences
  (user_id, coalesce(org_id, '00000000-0000-0000-0000-000000000000'), kind);
create index notification_preferences_of_org on notification_preferences (org_id, user_id);

-- A browser that takes web push. It belongs to the session that registered it, and ends with it.
create table push_subscriptions (
  subscription_id uuid primary key,
  user_id uuid not null references users on delete cascade,
  session_id uuid not null references sessions on delete cascade,
  endpoint_hash bytea not null,               -- SHA-256 of its URL
  host text not null,
  sealed bytea not null,                      -- its URL and keys
  label text not null default '',
  created_at timestamptz not null default now(),
  unique (user_id, endpoint_hash)
);
create index push_subscriptions_of_session on push_subscriptions (session_id);

-- What one person gets: a web push, or a line of the daily mail.
create table notification_deliveries (
  delivery_id uuid primary key,
  notification_id uuid not null references notifications on delete cascade,
  user_id uuid not null references users on delete cascade,
  org_id uuid references orgs,
  subscription_id uuid references push_subscriptions on delete cascade,  -- null: a line of the daily mail
  host text not null default '',              -- of the push service
  state text not null default 'due' check (state in ('due', 'sent', 'failed')),
  tries int not null default 0,
  due_at timestamptz not null,
  last_error text,
  created_at timestamptz not null default now()
);
create index notification_deliveries_due on notification_deliveries (due_at) where state = 'due';
create index notification_deliveries_of_notification on notification_deliveries (notification_id);
create index notification_deliveries_of_subscription on notification_deliveries (subscription_id);
create index notification_deliveries_of_user on notification_deliveries (user_id);

-- The installation's own key pair for web push (VAPID, RFC 8292): browsers are tied to it, so it outlives the secrets.
create table installation_keys (
  name text primary key,
  public_key text not null,
  sealed bytea not null,
  created_at timestamptz not null default now()
);

alter table mails add column project_ids uuid[] not null default '{}';  -- whose titles it has: an erasure deletes it
create index mails_of_projects on mails using gin (project_ids);

do $$
declare name text;
begin
  foreach name in array array['notifications', 'notification_preferences', 'push_subscriptions',
                              'notification_deliveries', 'installation_keys'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
  end loop;
end $$;
create policy tenant on notifications using (org_id = current_org()) with check (org_id = current_org());
create policy own on notifications for insert with check (user_id = current_person());
create policy own on notification_preferences using (user_id = current_person()) with check (user_id = current_person());
create policy own on push_subscriptions using (user_id = current_person()) with check (user_id = current_person());
create policy installation on installation_keys to clipstream_api, clipstream_relay using (true) with check (true);

grant insert on notifications to clipstream_api, clipstream_worker, clipstream_ingest, clipstream_study, clipstream_detect,
  clipstream_frame, clipstream_render, clipstream_deliver;
grant select, insert, update on notification_preferences to clipstream_api;
grant select, insert, update, delete on push_subscriptions to clipstream_api;
grant select, insert on installation_keys to clipstream_api;

-- The relay plans, and sends.
create policy relay on notifications to clipstream_relay using (true) with check (true);
create policy relay on notification_preferences for select to clipstream_relay using (true);
create policy relay on push_subscriptions to clipstream_relay using (true);
create policy relay on notification_deliveries to clipstream_relay using (true) with check (true);
create policy relay on memberships for select to clipstream_relay using (true);
create policy relay on users for select to clipstream_relay using (true);
create policy relay on orgs for select to clipstream_relay using (true);
create policy relay on webhook_endpoints for select to clipstream_relay using (true);
create policy relay on exports for select to clipstream_relay using (true);
create policy relay on api_keys for select to clipstream_relay using (true);
grant select, insert, update, delete on notifications to clipstream_relay;
grant select, insert, update on notification_deliveries to clipstream_relay;
grant select on notification_preferences to clipstream_relay;
grant select, delete on push_subscriptions to clipstream_relay;
grant select on installation_keys to clipstream_relay;
grant select (org_id, user_id, role) on memberships to clipstream_relay;
grant select (user_id, email, name, locale, disabled_at, email_verified_at) on users to clipstream_relay;
grant select (org_id, name, operator, plan, plan_since, created_at) on orgs to clipstream_relay;
grant select (title, failure_detail, nothing_found_reason, duration_ms, test) on projects to clipstream_relay;
grant select (org_id, export_id, state, test, failure_detail) on exports to clipstream_relay;
grant select (org_id, endpoint_id, url) on webhook_endpoints to clipstream_relay;
grant select (org_id, key_id, name, last4, expires_at, revoked_at) on api_keys to clipstream_relay;
grant select (revoked_at) on sessions to clipstream_relay;
grant insert on mails to clipstream_relay;

-- Erasure of a project reaches what is told of it.
create policy erased on mails to clipstream_erasure using (org_id = current_org());
grant select (org_id, project_ids), delete on mails to clipstream_erasure;
grant select (org_id, project_id), delete on notifications to clipstream_erasure;

create policy keys on push_subscriptions to clipstream_keys using (true);
create policy keys on installation_keys to clipstream_keys using (true);
grant select (subscription_id, sealed), update (sealed) on push_subscriptions to clipstream_keys;
grant select (name, sealed), update (sealed) on installation_keys to clipstream_keys;
