-- Replaying a dead letter frees its attempt, so that the stage takes the event up again. Walled by org as everything.
grant update (state, tries, lease_until, last_error, finished_at) on attempts to clipstream_api;
