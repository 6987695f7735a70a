-- Minutes of source video per day (UTC), by the day on which ingest ended.
-- Parameters: org_id, since (inclusive), until (exclusive).
SELECT
    toDate(done_at) AS day,
    count() AS projects,
    sum(ifNull(media_ms, 0)) / 60000 AS minutes
FROM stage_timings
WHERE org_id = {org_id:UUID}
  AND stage = 'ingest'
  AND done_at >= {since:DateTime64(3, 'UTC')}
  AND done_at < {until:DateTime64(3, 'UTC')}
GROUP BY day
ORDER BY day
