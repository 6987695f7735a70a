-- Whose words an export shows: the version of the transcript when it was asked for. Forward only.
alter table exports add column transcript_version int;  -- 0: there was no transcript; null: older than this, the newest
