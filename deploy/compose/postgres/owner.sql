-- The role that owns the schema: no superuser, so that row security holds for it too. Safe to repeat; asked by the superuser.
\set ON_ERROR_STOP on
\getenv password OWNER_PASSWORD
select 'create role clipstream_owner' where not exists (select from pg_roles where rolname = 'clipstream_owner')
\gexec
alter role clipstream_owner login createdb createrole nosuperuser nobypassrls password :'password';
alter database clipstream owner to clipstream_owner;

-- Of an installation that the superuser migrated: what it made, and the right to give the roles their passwords.
select format('alter table public.%I owner to clipstream_owner', relname) from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')
and relowner <> 'clipstream_owner'::regrole
\gexec
select format('alter routine %s owner to clipstream_owner', oid::regprocedure) from pg_proc
where pronamespace = 'public'::regnamespace and proowner <> 'clipstream_owner'::regrole
and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
\gexec
select format('grant %I to clipstream_owner with admin true, inherit false, set false', rolname) from pg_roles
where rolname like 'clipstream\_%' and rolname <> 'clipstream_owner'
and not exists (
  select from pg_auth_members where roleid = pg_roles.oid and member = 'clipstream_owner'::regrole and admin_option)
\gexec
