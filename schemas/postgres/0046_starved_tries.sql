-- How often an attempt ended because the machine had no time for it: such tries have a cap of their own. Forward only.
alter table attempts add column starved int not null default 0;
grant update (starved) on attempts to clipstream_api;
