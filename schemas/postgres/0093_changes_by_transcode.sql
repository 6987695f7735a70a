-- The stage that makes proxies writes events of projects, and so notes what changed. Forward only.
grant insert on organisation_changes to clipstream_transcode;
