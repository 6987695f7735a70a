-- Titles and metadata, and what was made of each project and clip as columns. Forward only.
-- `labels` is the only table that holds customers' words: nothing else refers to them, and an erasure deletes its rows.

CREATE TABLE IF NOT EXISTS labels
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    kind LowCardinality(String) COMMENT 'Of what: project, clip or export',
    id UUID COMMENT 'Id of the project, the clip or the export',
    event_id UUID COMMENT 'The event after which it was read',
    time DateTime64(3, 'UTC') COMMENT 'When that event became true',
    revision UInt32 COMMENT 'Counts the changes of title and metadata, from 1; of two the higher stays',
    title String COMMENT 'What it is called; of an export empty where it goes by its clip''s',
    metadata String COMMENT 'The customer''s own JSON; ask it with JSONExtractString(metadata, ''name'')',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (org_id, project_id, kind, id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What customers call things and attach to them; ask labels_once instead';

CREATE VIEW IF NOT EXISTS labels_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    kind LowCardinality(String) COMMENT 'Of what: project, clip or export',
    id UUID COMMENT 'Id of the project, the clip or the export',
    revision UInt32 COMMENT 'Counts the changes of title and metadata, from 1',
    title String COMMENT 'What it is called now; of an export empty where it goes by its clip''s',
    metadata String COMMENT 'The customer''s own JSON; ask it with JSONExtractString(metadata, ''name'')'
)
AS SELECT org_id, project_id, kind, id, revision, title, metadata
FROM labels FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones)
COMMENT 'What customers call their projects, clips and exports now, and attached to them';

CREATE VIEW IF NOT EXISTS exports_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    clip_id UUID COMMENT 'Which clip it is a file of',
    export_id UUID COMMENT 'The export',
    aspect String COMMENT 'Its shape, e.g. 9:16',
    template String COMMENT 'How its captions look',
    captions Bool COMMENT 'Whether captions are burned in',
    automatic Bool COMMENT 'Whether it came with a clip that the machine chose',
    edit_version UInt32 COMMENT 'Which version of the clip''s edit it plays',
    requested_at DateTime64(3, 'UTC') COMMENT 'When it was asked for first',
    state String COMMENT 'waiting until it has ended, then done, failed or cancelled',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL until then',
    reason String COMMENT 'Of a failed one the typed reason, else empty',
    duration_ms Nullable(UInt64) COMMENT 'Length of its file; NULL without one',
    verdict String COMMENT 'Of its certificate: pass, warn or fail; empty without a file',
    tries UInt32 COMMENT '2: a check failed that a safer plan may help, so it was made once more; 0 without a file',
    title String COMMENT 'Its own title; empty: the clip''s',
    metadata String COMMENT 'The customer''s own JSON; {} where there is none'
)
AS SELECT
    asked.org_id AS org_id,
    asked.project_id AS project_id,
    asked.clip_id AS clip_id,
    asked.export_id AS export_id,
    asked.aspect AS aspect,
    asked.template AS template,
    asked.captions AS captions,
    asked.automatic AS automatic,
    asked.edit_version AS edit_version,
    asked.requested_at AS requested_at,
    if(ended.state = '', 'waiting', ended.state) AS state,
    if(ended.state = '', NULL, ended.ended_at) AS ended_at,
    ended.reason AS reason,
    ended.duration_ms AS duration_ms,
    ended.verdict AS verdict,
    ended.tries AS tries,
    named.title AS title,
    if(named.metadata = '', '{}', named.metadata) AS metadata
FROM
(
    SELECT
        org_id,
        project_id,
        toUUIDOrZero(tupleElement(wanted, 1)) AS export_id,
        argMin(toUUIDOrZero(JSONExtractString(body, 'clip_id')), time) AS clip_id,
        argMin(tupleElement(wanted, 2), time) AS aspect,
        argMin(JSONExtractString(body, 'template'), time) AS template,
        argMin(JSONExtractBool(body, 'captions'), time) AS captions,
        max(type = 'ClipSelected') AS automatic,
        max(greatest(JSONExtractUInt(body, 'edit_version'), 1)) AS edit_version,
        min(time) AS requested_at
    FROM
    (
        SELECT
            org_id,
            project_id,
            type,
            time,
            body,
            arrayJoin(arrayMap(one -> (JSONExtractString(one, 'export_id'), JSONExtractString(one, 'aspect')),
                               arrayConcat([body], JSONExtractArrayRaw(body, 'siblings')))) AS wanted
        FROM events_once
        WHERE type IN ('ClipSelected', 'ClipRequested', 'ExportRequested')
    )
    GROUP BY org_id, project_id, export_id
) AS asked
LEFT JOIN
(
    SELECT
        org_id,
        project_id,
        toUUIDOrZero(JSONExtractString(body, 'export_id')) AS export_id,
        argMax(transform(type, ['ExportCompleted', 'ExportFailed'], ['done', 'failed'], 'cancelled'), time) AS state,
        max(time) AS ended_at,
        argMax(toString(reason), time) AS reason,
        argMax(media_ms, time) AS duration_ms,
        argMax(JSONExtractString(body, 'verdict'), time) AS verdict,
        argMax(JSONExtractUInt(body, 'tries'), time) AS tries
    FROM events_once
    WHERE type IN ('ExportCompleted', 'ExportFailed', 'ExportCancelled')
    GROUP BY org_id, project_id, export_id
) AS ended ON ended.org_id = asked.org_id AND ended.project_id = asked.project_id AND ended.export_id = asked.export_id
LEFT JOIN (SELECT * FROM labels_once WHERE kind = 'export') AS named
    ON named.org_id = asked.org_id AND named.project_id = asked.project_id AND named.id = asked.export_id
COMMENT 'Every export that was asked for: of which clip, what came of it, what it is called';

CREATE VIEW IF NOT EXISTS edits_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    clip_id UUID COMMENT 'Which clip was edited',
    edit_version UInt32 COMMENT 'The version that was made; 1 is the machine''s and has no row',
    base_version UInt32 COMMENT 'The version that it was made of',
    transcript_version UInt32 COMMENT 'The transcript whose words were edited',
    time DateTime64(3, 'UTC') COMMENT 'When it was made',
    operations Array(String) COMMENT 'What was asked for, by name, in its order',
    segments UInt32 COMMENT 'Of how many segments the clip consists since',
    length_ms UInt64 COMMENT 'How long it is played since'
)
AS SELECT
    org_id,
    project_id,
    toUUIDOrZero(JSONExtractString(body, 'clip_id')) AS clip_id,
    JSONExtractUInt(body, 'edit_version') AS edit_version,
    JSONExtractUInt(body, 'base_version') AS base_version,
    JSONExtractUInt(body, 'transcript_version') AS transcript_version,
    time,
    JSONExtract(body, 'operations', 'Array(String)') AS operations,
    JSONExtractUInt(body, 'segment_count') AS segments,
    JSONExtractUInt(body, 'length_ms') AS length_ms
FROM events_once
WHERE type = 'ClipEdited'
COMMENT 'Every version of a clip''s edit that a person made';

CREATE VIEW IF NOT EXISTS deliveries_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it tells of',
    delivery_id UUID COMMENT 'The delivery: its webhook-id',
    planned_at DateTime64(3, 'UTC') COMMENT 'When it became due first',
    tries UInt32 COMMENT 'How often it became due: each time but the first, the try before had failed',
    last_planned_at DateTime64(3, 'UTC') COMMENT 'When its last try was planned; tries after the first lie later by their pause'
)
AS SELECT
    org_id,
    project_id,
    toUUIDOrZero(JSONExtractString(body, 'delivery_id')) AS delivery_id,
    min(time) AS planned_at,
    max(JSONExtractUInt(body, 'attempt')) AS tries,
    max(time) AS last_planned_at
FROM events_once
WHERE type = 'DeliveryDue'
GROUP BY org_id, project_id, delivery_id
COMMENT 'Every delivery of a webhook message, and how often it was tried';

CREATE VIEW IF NOT EXISTS clips_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    clip_id UUID COMMENT 'The clip',
    title String COMMENT 'What it is called now',
    metadata String COMMENT 'The customer''s own JSON; {} where there is none',
    made_by String COMMENT 'machine: detect chose it; person: somebody asked for it',
    ordinal UInt32 COMMENT 'Its place in the project, from 0',
    start_ms UInt64 COMMENT 'Where it begins, in ms of the project',
    end_ms UInt64 COMMENT 'Where it ends, in ms of the project',
    score Nullable(Float64) COMMENT '0 to 100; NULL where it was not measured',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was chosen',
    exports UInt64 COMMENT 'How many exports of it were asked for',
    exports_done UInt64 COMMENT 'How many of them have a file',
    exports_failed UInt64 COMMENT 'How many of them failed',
    exports_cancelled UInt64 COMMENT 'How many of them were cancelled',
    edits UInt64 COMMENT 'How many versions of its edit people made'
)
AS SELECT
    chosen.org_id AS org_id,
    chosen.project_id AS project_id,
    chosen.clip_id AS clip_id,
    named.title AS title,
    if(named.metadata = '', '{}', named.metadata) AS metadata,
    chosen.made_by AS made_by,
    chosen.ordinal AS ordinal,
    chosen.start_ms AS start_ms,
    chosen.end_ms AS end_ms,
    chosen.score AS score,
    chosen.made_at AS made_at,
    files.exports AS exports,
    files.exports_done AS exports_done,
    files.exports_failed AS exports_failed,
    files.exports_cancelled AS exports_cancelled,
    changes.edits AS edits
FROM
(
    SELECT
        org_id,
        project_id,
        toUUIDOrZero(JSONExtractString(body, 'clip_id')) AS clip_id,
        if(max(type = 'ClipRequested'), 'person', 'machine') AS made_by,
        maxIf(JSONExtractUInt(body, 'ordinal'), type != 'ClipMeasured') AS ordinal,
        max(JSONExtractUInt(body, 'range', 'start_ms')) AS start_ms,
        max(JSONExtractUInt(body, 'range', 'end_ms')) AS end_ms,
        max(JSONExtract(body, 'score', 'Nullable(Float64)')) AS score,
        min(time) AS made_at
    FROM events_once
    WHERE type IN ('ClipSelected', 'ClipRequested', 'ClipMeasured')
    GROUP BY org_id, project_id, clip_id
) AS chosen
LEFT JOIN
(
    SELECT
        org_id,
        project_id,
        clip_id,
        count() AS exports,
        countIf(state = 'done') AS exports_done,
        countIf(state = 'failed') AS exports_failed,
        countIf(state = 'cancelled') AS exports_cancelled
    FROM exports_once
    GROUP BY org_id, project_id, clip_id
) AS files ON files.org_id = chosen.org_id AND files.project_id = chosen.project_id AND files.clip_id = chosen.clip_id
LEFT JOIN (SELECT org_id, project_id, clip_id, count() AS edits FROM edits_once GROUP BY org_id, project_id, clip_id) AS changes
    ON changes.org_id = chosen.org_id AND changes.project_id = chosen.project_id AND changes.clip_id = chosen.clip_id
LEFT JOIN (SELECT * FROM labels_once WHERE kind = 'clip') AS named
    ON named.org_id = chosen.org_id AND named.project_id = chosen.project_id AND named.id = chosen.clip_id
COMMENT 'Every clip: what it is called, where it lies, and what was made of it';

CREATE VIEW IF NOT EXISTS projects_once
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
        multiIf(max(type = 'ProjectCancelled'), 'cancelled', max(type = 'ProjectFailed'), 'failed',
                max(type = 'ProjectCompleted'), 'completed', 'running') AS state,
        anyIf(toString(events_once.reason), type = 'ProjectFailed') AS reason,
        if(max(type IN ('ProjectCompleted', 'ProjectFailed', 'ProjectCancelled')),
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
