-- Organisations as customers of Stripe. Forward only. No name and no address is kept here: Stripe has those.
create table billing_accounts (
  org_id uuid primary key references orgs,
  customer_id text not null unique,
  subscription_id text,
  state text,                                 -- of the subscription, as Stripe calls it
  plan text,                                  -- what the subscription pays for; null: nothing
  period_from timestamptz,
  period_until timestamptz,
  ends_with_period boolean not null default false,
  grace_until timestamptz,                    -- until then the plan stays although it is not paid
  asked bigint not null default 0,            -- questions to Stripe about its subscriptions
  applied bigint not null default 0,          -- the latest of them whose answer was written
  metered_from timestamptz,                   -- the first subscription's begin: usage from then on is sent
  counted_until timestamptz,                  -- the hours before are counted (0064)
  carried_ms bigint not null default 0,       -- source time below a minute, counted with the next hour
  sending_until timestamptz                   -- lease of the process that sends its meter events
);
alter table billing_accounts enable row level security;
alter table billing_accounts force row level security;
create policy tenant on billing_accounts using (org_id = current_org()) with check (org_id = current_org());
create policy by_customer on billing_accounts for select to clipstream_api
  using (customer_id = nullif(current_setting('app.customer', true), ''));
create policy relay on billing_accounts for select to clipstream_relay using (true);
grant select, insert, update on billing_accounts to clipstream_api;
grant select, update on billing_accounts to clipstream_relay;
grant select (org_id), update (plan, plan_since) on orgs to clipstream_relay;

-- Events of Stripe that were handled: each has one effect.
create table stripe_events (
  org_id uuid not null references orgs,
  event_id text not null,
  at timestamptz not null,
  primary key (org_id, event_id)
);
create index stripe_events_by_age on stripe_events (at);
alter table stripe_events enable row level security;
alter table stripe_events force row level security;
create policy tenant on stripe_events using (org_id = current_org()) with check (org_id = current_org());
create policy relay on stripe_events to clipstream_relay using (true);
grant select, insert on stripe_events to clipstream_api;
grant select, delete on stripe_events to clipstream_relay;
