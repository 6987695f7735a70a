-- Why a project, or one of its clips, has no words and so no captions, in a sentence. Forward only.
alter table projects add column without_words text;
alter table clips add column without_words text;
