-- Crops that a person may start from, by shape: what the machine would show. Forward only.
alter table clips add column crops jsonb not null default '{}';
