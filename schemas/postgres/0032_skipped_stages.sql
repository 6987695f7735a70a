-- A stage that had not begun when its project ended is skipped: it waits for nothing. Forward only.
alter table project_stages drop constraint project_stages_state_check;
alter table project_stages add constraint project_stages_state_check
  check (state in ('waiting', 'running', 'done', 'failed', 'skipped'));

-- Projects that ended before this.
alter table project_stages no force row level security;
alter table projects no force row level security;
update project_stages s set state = 'skipped' from projects p
  where p.org_id = s.org_id and p.project_id = s.project_id and s.state = 'waiting'
    and p.state in ('completed', 'failed', 'cancelled', 'erased');
alter table project_stages force row level security;
alter table projects force row level security;
