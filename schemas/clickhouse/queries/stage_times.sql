-- Wall time of each stage by hour or day (UTC) in which it ended: the median and the 95th percentile in ms.
-- Parameters: org_id, since (inclusive), until (exclusive), bucket (hour or day).
SELECT
    if({bucket:String} = 'hour', toStartOfHour(done_at, 'UTC'), toStartOfDay(done_at, 'UTC')) AS at,
    stage,
    count() AS projects,
    round(quantileExactInclusive(0.5)(assumeNotNull(elapsed_ms))) AS p50_ms,
    round(quantileExactInclusive(0.95)(assumeNotNull(elapsed_ms))) AS p95_ms
FROM stage_timings
WHERE org_id = {org_id:UUID}
  AND done_at >= {since:DateTime64(3, 'UTC')}
  AND done_at < {until:DateTime64(3, 'UTC')}
  AND elapsed_ms IS NOT NULL
GROUP BY at, stage
ORDER BY at, stage
