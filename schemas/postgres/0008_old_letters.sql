-- Dead letters are kept as long as their topic keeps them, 28 days; the sweeper forgets older ones. Forward only.
create policy relay on dead_letters to clipstream_relay using (true);
grant select (created_at), delete on dead_letters to clipstream_relay;
create index dead_letters_age on dead_letters (created_at);
