-- What was asked of an export beside its shape and captions (schemas/export_options.py). Forward only.
alter table exports add column options jsonb not null default '{}';
