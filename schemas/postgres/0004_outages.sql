-- Since when an attempt's event waits for a part of ours that is away: such tries are capped by time. Forward only.
alter table attempts add column waiting_since timestamptz;
