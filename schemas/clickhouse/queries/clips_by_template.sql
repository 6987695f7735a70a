-- Files of clips by caption template and shape, by when they were asked for.
-- Parameters: org_id, since (inclusive), until (exclusive).
SELECT
    template,
    aspect,
    uniqExact(clip_id) AS clips,
    count() AS exports,
    countIf(state = 'done') AS done,
    countIf(state = 'failed') AS failed,
    sum(ifNull(duration_ms, 0)) / 1000 AS seconds
FROM exports_once
WHERE org_id = {org_id:UUID}
  AND requested_at >= {since:DateTime64(3, 'UTC')}
  AND requested_at < {until:DateTime64(3, 'UTC')}
GROUP BY template, aspect
ORDER BY exports DESC, template, aspect
