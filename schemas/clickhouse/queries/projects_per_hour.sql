-- Projects per hour in which a stage ended, with the median and the 95th percentile of its wall time in ms.
-- Parameters: org_id, since (inclusive), until (exclusive).
SELECT
    toStartOfHour(done_at) AS hour,
    stage,
    count() AS projects,
    round(quantileExactInclusive(0.5)(assumeNotNull(elapsed_ms))) AS p50_ms,
    round(quantileExactInclusive(0.95)(assumeNotNull(elapsed_ms))) AS p95_ms
FROM stage_timings
WHERE org_id = {org_id:UUID}
  AND done_at >= {since:DateTime64(3, 'UTC')}
  AND done_at < {until:DateTime64(3, 'UTC')}
  AND elapsed_ms IS NOT NULL
GROUP BY hour, stage
ORDER BY hour, stage
