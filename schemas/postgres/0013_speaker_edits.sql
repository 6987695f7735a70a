-- Corrections of who speaks: what each changed, beside the changes of words. Forward only.
alter table transcript_edits
  add column speaker_changes jsonb not null default '[]';   -- list of schemas.speaker_edits.SpeakerChange
