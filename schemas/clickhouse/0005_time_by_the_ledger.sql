-- What a stage took is what the ledger says: all its tries, lost ones and those after the project's end included. The event
-- of progress knows only of what ended before. Forward only.

CREATE OR REPLACE VIEW stage_timings AS
SELECT
    org_id,
    project_id,
    stage,
    max(ended_at) AS done_at,
    max(wall_ms) AS elapsed_ms,
    sum(used_ms) AS cpu_ms,
    max(source_ms) AS media_ms
FROM
(
    SELECT
        org_id,
        project_id,
        stage,
        toNullable(time) AS ended_at,
        elapsed_ms AS wall_ms,
        toUInt64(0) AS used_ms,
        media_ms AS source_ms
    FROM events_once
    WHERE type = 'ProjectProgressed' AND state IN ('done', 'failed')
    UNION ALL
    SELECT
        org_id,
        project_id,
        stage,
        NULL AS ended_at,
        NULL AS wall_ms,
        amount AS used_ms,
        NULL AS source_ms
    FROM cost_items_once
    WHERE kind = 'cpu_ms'
)
GROUP BY org_id, project_id, stage;

ALTER TABLE events COMMENT COLUMN state 'ProjectProgressed: waiting, running, done, failed or skipped (the project ended without it), else empty';
ALTER TABLE events COMMENT COLUMN cpu_ms 'ProjectProgressed: CPU time of the stage when the event was made, in ms, lost tries left out; cost_items has all of it';
ALTER TABLE events COMMENT COLUMN reason 'ProjectFailed, ExportFailed, DeadLetter, UploadRefused: the typed reason, else empty';
