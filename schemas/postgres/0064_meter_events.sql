-- What is to be billed by use: one row for each organisation, meter and closed hour. Forward only. Entries of the ledger
-- that were committed after their hour had been counted make a further part.
create table meter_events (
  org_id uuid not null references billing_accounts,
  meter text not null check (meter in ('source_minutes', 'exports')),
  hour timestamptz not null,
  part int not null,
  quantity bigint not null,                   -- of the ledger: ms or files
  value bigint not null,                      -- what is to be billed: minutes or files
  at timestamptz not null,                    -- of the last entry: it lies within the hour
  identifier text not null unique,            -- under which the amount is sent
  revision int not null default 0,            -- of the identifier: a new one after a comparison
  amount bigint not null,                     -- what is sent under it: the value, or what was missing of it
  state text not null check (state in ('due', 'sent', 'held')),
  tries int not null default 0,
  first_tried_at timestamptz,                 -- of this identifier, if the try may have been accepted
  last_tried_at timestamptz,
  next_try_at timestamptz not null,
  reason text not null default '',            -- of the last try's end
  primary key (org_id, meter, hour, part)
);
create index meter_events_due on meter_events (next_try_at) where state = 'due';
create index meter_events_held on meter_events (hour) where state = 'held';
alter table meter_events enable row level security;
alter table meter_events force row level security;
create policy tenant on meter_events using (org_id = current_org()) with check (org_id = current_org());
create policy relay on meter_events for select to clipstream_relay using (true);
grant select, insert, update on meter_events to clipstream_relay;
grant select on usage_entries to clipstream_relay;
