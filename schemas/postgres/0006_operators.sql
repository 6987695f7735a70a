-- Letters that belong to nobody hold what anybody sent: only the organisation that runs the installation may read them,
-- not every organisation's admin. Forward only.
alter table orgs add column operator boolean not null default false;
do $$
begin
  perform set_config('app.org', '11111111-1111-5111-8111-111111111111', true);  -- the first organisation, see bootstrap
  update orgs set operator = true where org_id = '11111111-1111-5111-8111-111111111111';
  perform set_config('app.org', '', true);
end $$;

drop policy nobodys_read on dead_letters;
create policy nobodys_read on dead_letters to clipstream_api
  using (org_id is null and current_setting('app.admin', true) = 'yes'
         and exists (select 1 from orgs o where o.org_id = current_org() and o.operator))
  with check (org_id is null and current_setting('app.admin', true) = 'yes'
              and exists (select 1 from orgs o where o.org_id = current_org() and o.operator));
