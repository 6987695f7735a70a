-- Projects by hour or day (UTC): started, ended, and minutes of source video, by when ingest ended.
-- Parameters: org_id, since (inclusive), until (exclusive), bucket (hour or day).
WITH type = 'ProjectProgressed' AND stage = 'ingest' AS of_ingest
SELECT
    if({bucket:String} = 'hour', toStartOfHour(time, 'UTC'), toStartOfDay(time, 'UTC')) AS at,
    uniqExactIf(project_id, of_ingest AND state = 'running') AS started,
    uniqExactIf(project_id, type = 'ProjectCompleted') AS completed,
    uniqExactIf(project_id, type = 'ProjectFailed') AS failed,
    uniqExactIf(project_id, type = 'ProjectCancelled') AS cancelled,
    arraySum(mapValues(maxMapIf(map(project_id, ifNull(media_ms, 0)), of_ingest AND state IN ('done', 'failed'))))
        / 60000 AS minutes
FROM events_once
WHERE org_id = {org_id:UUID}
  AND type IN ('ProjectProgressed', 'ProjectCompleted', 'ProjectFailed', 'ProjectCancelled')
  AND (type != 'ProjectProgressed' OR stage = 'ingest')
  AND time >= {since:DateTime64(3, 'UTC')}
  AND time < {until:DateTime64(3, 'UTC')}
GROUP BY at
ORDER BY at
