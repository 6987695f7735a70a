-- An export that somebody stopped before it was made: it has no files, and nobody works on it. Forward only.
alter table exports drop constraint exports_state_check;
alter table exports add constraint exports_state_check
  check (state in ('waiting', 'rendering', 'done', 'failed', 'cancelled'));
