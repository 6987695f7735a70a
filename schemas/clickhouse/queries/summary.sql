-- A stretch of time in a few numbers: always one row.
-- Parameters: org_id, since (inclusive), until (exclusive).
SELECT
    uniqExactIf(project_id, type = 'ProjectProgressed' AND stage = 'ingest' AND state = 'running') AS projects_started,
    uniqExactIf(project_id, type = 'ProjectCompleted') AS projects_completed,
    uniqExactIf(project_id, type = 'ProjectFailed') AS projects_failed,
    (
        SELECT sum(ifNull(media_ms, 0)) / 60000
        FROM stage_timings
        WHERE org_id = {org_id:UUID}
          AND stage = 'ingest'
          AND done_at >= {since:DateTime64(3, 'UTC')}
          AND done_at < {until:DateTime64(3, 'UTC')}
    ) AS minutes_processed,
    countIf(type = 'ClipSelected') AS clips,
    countIf(type = 'ExportCompleted') AS exports_completed,
    countIf(type = 'ExportFailed') AS exports_failed,
    (
        SELECT sum(ifNull(cpu_ms, 0))
        FROM stage_timings
        WHERE org_id = {org_id:UUID}
          AND done_at >= {since:DateTime64(3, 'UTC')}
          AND done_at < {until:DateTime64(3, 'UTC')}
    ) AS cpu_ms
FROM events_once
WHERE org_id = {org_id:UUID}
  AND time >= {since:DateTime64(3, 'UTC')}
  AND time < {until:DateTime64(3, 'UTC')}
