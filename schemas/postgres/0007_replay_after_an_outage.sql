-- A replayed event has new tries and new time to wait in. Forward only.
grant update (waiting_since) on attempts to clipstream_api;
