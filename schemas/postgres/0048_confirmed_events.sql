-- Sinks compare events with rows, those of all organisations in a batch by one question. Forward only.
-- The wall between organisations stands in every other transaction of theirs: this one says that it confirms.
create policy confirmed on projects for select
  to clipstream_worker, clipstream_clickhouse, clipstream_meilisearch
  using (current_setting('app.confirm', true) = 'yes');
create policy confirmed on exports for select
  to clipstream_worker, clipstream_clickhouse, clipstream_meilisearch
  using (current_setting('app.confirm', true) = 'yes');
create policy confirmed on assets for select to clipstream_worker, clipstream_clickhouse
  using (current_setting('app.confirm', true) = 'yes');
grant select (org_id, asset_id, state) on assets to clipstream_clickhouse;
