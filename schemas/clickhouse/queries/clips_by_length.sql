-- Clips by their length as they were chosen, in seconds from a bound to the next, by when they were chosen.
-- Parameters: org_id, since (inclusive), until (exclusive).
WITH (end_ms - start_ms) / 1000 AS length_s
SELECT
    arrayMax(arrayFilter(bound -> bound <= length_s, [0, 15, 30, 45, 60, 90, 120, 180])) AS from_s,
    count() AS clips
FROM clips_once
WHERE org_id = {org_id:UUID}
  AND made_at >= {since:DateTime64(3, 'UTC')}
  AND made_at < {until:DateTime64(3, 'UTC')}
GROUP BY from_s
ORDER BY from_s
