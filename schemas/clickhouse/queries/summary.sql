-- A stretch of time in a few numbers: always one row. One pass over the events, and not through the views, which cost
-- as much again: a dashboard asks this often. CPU time is the ledger's: each try by when it ended, also after the
-- project's end, lost ones included.
-- Parameters: org_id, since (inclusive), until (exclusive).
WITH type = 'ProjectProgressed' AND state IN ('done', 'failed') AS ended
SELECT
    uniqExactIf(project_id, type = 'ProjectProgressed' AND stage = 'ingest' AND state = 'running') AS projects_started,
    uniqExactIf(project_id, type = 'ProjectCompleted') AS projects_completed,
    uniqExactIf(project_id, type = 'ProjectFailed') AS projects_failed,
    arraySum(mapValues(maxMapIf(map(project_id, ifNull(media_ms, 0)), ended AND stage = 'ingest'))) / 60000
        AS minutes_processed,
    countIf(type IN ('ClipSelected', 'ClipRequested')) AS clips,
    countIf(type = 'ExportCompleted') AS exports_completed,
    countIf(type = 'ExportFailed') AS exports_failed,
    (
        SELECT sum(amount)
        FROM cost_items FINAL
        WHERE org_id = {org_id:UUID}
          AND kind = 'cpu_ms'
          AND time >= {since:DateTime64(3, 'UTC')}
          AND time < {until:DateTime64(3, 'UTC')}
          AND project_id NOT IN (SELECT project_id FROM tombstones WHERE org_id = {org_id:UUID})
    ) AS cpu_ms
FROM events FINAL
WHERE org_id = {org_id:UUID}
  AND time >= {since:DateTime64(3, 'UTC')}
  AND time < {until:DateTime64(3, 'UTC')}
  AND project_id NOT IN (SELECT project_id FROM tombstones WHERE org_id = {org_id:UUID})
