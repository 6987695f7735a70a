-- Analytics: every event once, tombstones of erased projects, and the views that questions are asked of. Forward only.
-- Rows may arrive twice (a batch cut by a kill comes again, the outbox may emit an event again): the engine keeps one
-- row per (org_id, project_id, event_id) when it merges, and the views ask with FINAL, so a question never counts two.

CREATE TABLE IF NOT EXISTS events
(
    org_id UUID COMMENT 'Whose it is; the nil UUID where a dead letter has no owner',
    project_id UUID COMMENT 'Which project it speaks of; the nil UUID where a dead letter names none',
    event_id UUID COMMENT 'CloudEvents id: the same event has the same id however often it is sent',
    type LowCardinality(String) COMMENT 'Class of the event without its prefix, e.g. ProjectProgressed',
    topic LowCardinality(String) COMMENT 'Kafka topic it came from',
    partition UInt32 COMMENT 'Kafka partition',
    offset UInt64 COMMENT 'Kafka offset of one of its arrivals',
    time DateTime64(3, 'UTC') COMMENT 'CloudEvents time: when it became true',
    stage LowCardinality(String) COMMENT 'ProjectProgressed, DeadLetter: which stage, else empty',
    state LowCardinality(String) COMMENT 'ProjectProgressed: waiting, running, done or failed, else empty',
    elapsed_ms Nullable(UInt64) COMMENT 'ProjectProgressed: wall time since the stage began, in ms',
    cpu_ms Nullable(UInt64) COMMENT 'ProjectProgressed: CPU time of the stage so far, in ms',
    media_ms Nullable(UInt64) COMMENT 'ProjectProgressed: length of the source, ExportCompleted: of the file, in ms',
    reason LowCardinality(String) COMMENT 'ProjectFailed, ExportFailed, DeadLetter: the typed reason, else empty',
    version UInt64 COMMENT 'Version of the project or transcript that the event carries, else 0',
    body String COMMENT 'The event as JSON without customers'' words: no titles, URLs, file names, details or payloads',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it; of two arrivals the later stays',
    INDEX by_time time TYPE minmax GRANULARITY 4
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (org_id, project_id, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every event of every topic, as the clickhouse sink wrote it; ask events_once instead';

CREATE TABLE IF NOT EXISTS tombstones
(
    org_id UUID COMMENT 'Whose project it was',
    project_id UUID COMMENT 'The erased project',
    erased_at DateTime64(3, 'UTC') COMMENT 'Time of its ProjectErased'
)
ENGINE = ReplacingMergeTree(erased_at)
ORDER BY (org_id, project_id)
COMMENT 'Erased projects: their rows are deleted, and what arrives late is dropped';

CREATE VIEW IF NOT EXISTS events_once AS
SELECT *
FROM events FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones);

CREATE VIEW IF NOT EXISTS stage_timings AS
SELECT
    org_id,
    project_id,
    stage,
    max(time) AS done_at,
    max(elapsed_ms) AS elapsed_ms,
    max(cpu_ms) AS cpu_ms,
    max(media_ms) AS media_ms
FROM events_once
WHERE type = 'ProjectProgressed' AND state IN ('done', 'failed')
GROUP BY org_id, project_id, stage;
