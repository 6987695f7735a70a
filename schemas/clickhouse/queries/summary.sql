-- A stretch of time in a few numbers: always one row. One pass over the events, and not through the views, which cost
-- as much again: a dashboard asks this often. What a stage took is what it said when it last ended in the stretch.
-- Parameters: org_id, since (inclusive), until (exclusive).
WITH type = 'ProjectProgressed' AND state IN ('done', 'failed') AS ended
SELECT
    uniqExactIf(project_id, type = 'ProjectProgressed' AND stage = 'ingest' AND state = 'running') AS projects_started,
    uniqExactIf(project_id, type = 'ProjectCompleted') AS projects_completed,
    uniqExactIf(project_id, type = 'ProjectFailed') AS projects_failed,
    arraySum(mapValues(maxMapIf(map(project_id, ifNull(media_ms, 0)), ended AND stage = 'ingest'))) / 60000
        AS minutes_processed,
    countIf(type = 'ClipSelected') AS clips,
    countIf(type = 'ExportCompleted') AS exports_completed,
    countIf(type = 'ExportFailed') AS exports_failed,
    arraySum(mapValues(maxMapIf(map(concat(toString(project_id), stage), ifNull(cpu_ms, 0)), ended))) AS cpu_ms
FROM events FINAL
WHERE org_id = {org_id:UUID}
  AND time >= {since:DateTime64(3, 'UTC')}
  AND time < {until:DateTime64(3, 'UTC')}
  AND project_id NOT IN (SELECT project_id FROM tombstones WHERE org_id = {org_id:UUID})
