-- A failed project that was retried may complete: its last end counts. Forward only.

CREATE OR REPLACE VIEW projects_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'The project',
    title String COMMENT 'What it is called now',
    metadata String COMMENT 'The customer''s own JSON; {} where there is none',
    state String COMMENT 'running until it has ended, then completed, failed or cancelled',
    reason String COMMENT 'Of a failed one the typed reason, else empty',
    began_at DateTime64(3, 'UTC') COMMENT 'When its upload was received',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL until then',
    media_ms Nullable(UInt64) COMMENT 'Length of the source, in ms; NULL until it is known',
    clips UInt64 COMMENT 'How many clips it has, those that people chose included',
    exports UInt64 COMMENT 'How many exports of them were asked for',
    exports_done UInt64 COMMENT 'How many of them have a file',
    exports_failed UInt64 COMMENT 'How many of them failed',
    exports_cancelled UInt64 COMMENT 'How many of them were cancelled',
    edits UInt64 COMMENT 'How many versions of their edits people made',
    deliveries UInt64 COMMENT 'How many webhook messages tell of it',
    delivery_tries UInt64 COMMENT 'How often they were tried in all'
)
AS SELECT
    begun.org_id AS org_id,
    begun.project_id AS project_id,
    named.title AS title,
    if(named.metadata = '', '{}', named.metadata) AS metadata,
    begun.state AS state,
    begun.reason AS reason,
    begun.began_at AS began_at,
    begun.ended_at AS ended_at,
    begun.media_ms AS media_ms,
    made.clips AS clips,
    made.exports AS exports,
    made.exports_done AS exports_done,
    made.exports_failed AS exports_failed,
    made.exports_cancelled AS exports_cancelled,
    made.edits AS edits,
    told.deliveries AS deliveries,
    told.delivery_tries AS delivery_tries
FROM
(
    SELECT
        org_id,
        project_id,
        min(time) AS began_at,
        if(max(type IN ('ProjectCompleted', 'ProjectFailed', 'ProjectCancelled')),
           argMaxIf(transform(type, ['ProjectCompleted', 'ProjectFailed'], ['completed', 'failed'], 'cancelled'), version,
                    type IN ('ProjectCompleted', 'ProjectFailed', 'ProjectCancelled')), 'running') AS state,
        if(state = 'failed', argMaxIf(toString(events_once.reason), version, type = 'ProjectFailed'), '') AS reason,
        if(state != 'running',
           maxIf(time, type IN ('ProjectCompleted', 'ProjectFailed', 'ProjectCancelled')), NULL) AS ended_at,
        max(events_once.media_ms) AS media_ms
    FROM events_once
    WHERE type IN ('UploadReceived', 'ProjectProgressed', 'ProjectCompleted', 'ProjectFailed', 'ProjectCancelled')
    GROUP BY org_id, project_id
) AS begun
LEFT JOIN
(
    SELECT
        org_id,
        project_id,
        count() AS clips,
        sum(exports) AS exports,
        sum(exports_done) AS exports_done,
        sum(exports_failed) AS exports_failed,
        sum(exports_cancelled) AS exports_cancelled,
        sum(edits) AS edits
    FROM clips_once
    GROUP BY org_id, project_id
) AS made ON made.org_id = begun.org_id AND made.project_id = begun.project_id
LEFT JOIN
(
    SELECT org_id, project_id, count() AS deliveries, sum(tries) AS delivery_tries
    FROM deliveries_once
    GROUP BY org_id, project_id
) AS told ON told.org_id = begun.org_id AND told.project_id = begun.project_id
LEFT JOIN (SELECT * FROM labels_once WHERE kind = 'project') AS named
    ON named.org_id = begun.org_id AND named.project_id = begun.project_id AND named.id = begun.project_id
COMMENT 'Every project: what it is called, how it fares, what was made of it and told';
