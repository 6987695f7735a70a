-- Clips that a person chose, beside those that detect chose; and the moments that came nearest to a clip. Forward only.
alter table clips alter column score drop not null;         -- null: not measured, or nothing to compare it with
alter table clips alter column confidence drop not null;
alter table clips add column made_by text not null default 'machine' check (made_by in ('machine', 'person'));
alter table clips add column facts jsonb;                   -- ObjectRef of the ClipFacts; null for the machine's clips
alter table moments add column nearest jsonb not null default '[]';  -- list of schemas.moments.NearMoment
grant insert on clips to clipstream_api;
