-- A question about one organisation reads its own rows alone: of the tombstones too, and of the versions of transcripts.
-- A filter by org_id reaches both sides of a join on it, but not the inside of `NOT IN (SELECT …)`, which read every
-- organisation's. And a failed project that was retried runs again. Forward only.

CREATE OR REPLACE VIEW events_once
(
    org_id UUID COMMENT 'Whose it is; the nil UUID where a dead letter has no owner',
    project_id UUID COMMENT 'Which project it speaks of; the nil UUID where a dead letter names none',
    event_id UUID COMMENT 'CloudEvents id: the same event has the same id however often it is sent',
    type LowCardinality(String) COMMENT 'Class of the event without its prefix, e.g. ProjectProgressed',
    topic LowCardinality(String) COMMENT 'Kafka topic it came from',
    partition UInt32 COMMENT 'Kafka partition',
    offset UInt64 COMMENT 'Kafka offset of one of its arrivals',
    time DateTime64(3, 'UTC') COMMENT 'CloudEvents time: when it became true',
    stage LowCardinality(String) COMMENT 'ProjectProgressed, CostIncurred, DeadLetter: which stage, else empty',
    state LowCardinality(String) COMMENT 'ProjectProgressed: waiting, running, done, failed or skipped (the project ended without it), else empty',
    elapsed_ms Nullable(UInt64) COMMENT 'ProjectProgressed: wall time since the stage began, in ms',
    cpu_ms Nullable(UInt64) COMMENT 'ProjectProgressed: CPU time of the stage when the event was made, in ms, lost tries left out; cost_items has all of it',
    media_ms Nullable(UInt64) COMMENT 'ProjectProgressed: length of the source, ExportCompleted: of the file, in ms',
    reason LowCardinality(String) COMMENT 'ProjectFailed, ExportFailed, DeadLetter, UploadRefused: the typed reason, else empty',
    version UInt64 COMMENT 'Version of the project or transcript that the event carries, else 0',
    body String COMMENT 'The event as JSON without customers'' words: no titles, URLs, file names, details or payloads',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
AS SELECT events.*
FROM events FINAL
LEFT ANTI JOIN tombstones ON tombstones.org_id = events.org_id AND tombstones.project_id = events.project_id
COMMENT 'Every event once, without erased projects. Its columns are those of `events`';

CREATE OR REPLACE VIEW moments_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    moment_id UUID COMMENT 'The candidate; a chosen one''s is the id of its clip',
    event_id UUID COMMENT 'The MomentsDetected or ClipMeasured that told of it',
    time DateTime64(3, 'UTC') COMMENT 'When the candidates were weighed',
    start_ms UInt64 COMMENT 'Where it begins, in ms of the project',
    end_ms UInt64 COMMENT 'Where it ends, in ms of the project',
    score Float32 COMMENT '0 to 100: weighted mean of its sub-scores',
    confidence Float32 COMMENT '0 to 1: how much of it could be measured, and how surely',
    selected Bool COMMENT 'Whether it became a clip',
    rank Nullable(UInt16) COMMENT 'Its place among the clips that detect chose, best first; NULL for others',
    scorer LowCardinality(String) COMMENT 'What weighed it',
    weights LowCardinality(String) COMMENT 'Which table of weights, and of which genre',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
AS SELECT moments.*
FROM moments FINAL
LEFT ANTI JOIN tombstones ON tombstones.org_id = moments.org_id AND tombstones.project_id = moments.project_id
COMMENT 'Every candidate once. Its columns are those of `moments`';

CREATE OR REPLACE VIEW sub_scores_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    moment_id UUID COMMENT 'The candidate it is a part of',
    name LowCardinality(String) COMMENT 'hook, emotion, coherence, clarity, energy, speaker_changes, novelty, picture or asked',
    event_id UUID COMMENT 'The MomentsDetected or ClipMeasured that told of it',
    time DateTime64(3, 'UTC') COMMENT 'When the candidates were weighed',
    selected Bool COMMENT 'Whether its candidate became a clip',
    value Float32 COMMENT '0 to 1, compared inside its video; what could not be measured has no row',
    raw Nullable(Float32) COMMENT 'The same before it was compared with the rest of the video',
    weight Float32 COMMENT 'How much it counts in the score',
    confidence Nullable(Float32) COMMENT '0 to 1: how much of it could be measured, times how sure the words are',
    evidence UInt16 COMMENT 'How many pieces of evidence it rests on',
    strongest LowCardinality(String) COMMENT 'The feature that made most of it; empty where it is made of one',
    strongest_share Nullable(Float32) COMMENT 'How much of it that feature made, 0 to 1',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
AS SELECT sub_scores.*
FROM sub_scores FINAL
LEFT ANTI JOIN tombstones ON tombstones.org_id = sub_scores.org_id AND tombstones.project_id = sub_scores.project_id
COMMENT 'Every sub-score once. Its columns are those of `sub_scores`';

CREATE OR REPLACE VIEW inference_calls_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it was for',
    event_id UUID COMMENT 'The CostIncurred that told of it: one try of one stage',
    ordinal UInt16 COMMENT 'Its place in that try, from 0',
    time DateTime64(3, 'UTC') COMMENT 'When it was sent',
    stage LowCardinality(String) COMMENT 'Which stage asked',
    attempt UInt32 COMMENT 'Which try at its event it was part of, from 1',
    outcome LowCardinality(String) COMMENT 'How that try ended: done, gave_up or later',
    model LowCardinality(String) COMMENT 'Name of the model on its server',
    weights LowCardinality(String) COMMENT 'Which weights answered, as the model says it; empty where it did not answer',
    requests UInt32 COMMENT '1; of a try with more than 200 requests the rest of each model is one row',
    failed UInt32 COMMENT 'How many of the requests were not answered',
    wall_ms UInt64 COMMENT 'From sending to the end of the answer, waiting in the model''s queue included',
    compute_ms UInt64 COMMENT 'Processor time of the model; part of the stage''s cpu_ms in cost_items',
    gpu_ms UInt64 COMMENT 'How long it held a GPU; 0 on a processor',
    tokens_in UInt64 COMMENT 'Tokens that it read, by its own count; 0 where it counts none',
    tokens_out UInt64 COMMENT 'Tokens that it wrote, by its own count',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
AS SELECT inference_calls.*
FROM inference_calls FINAL
LEFT ANTI JOIN tombstones ON tombstones.org_id = inference_calls.org_id AND tombstones.project_id = inference_calls.project_id
COMMENT 'Every request to a model once. Its columns are those of `inference_calls`';

CREATE OR REPLACE VIEW cost_items_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it was for',
    event_id UUID COMMENT 'The CostIncurred that told of it: one try of one stage',
    kind LowCardinality(String) COMMENT 'cpu_ms, gpu_ms, stored_bytes, read_bytes, fetched_bytes, delivered_bytes, tokens_in or tokens_out',
    time DateTime64(3, 'UTC') COMMENT 'When that try ended',
    stage LowCardinality(String) COMMENT 'Which stage used it',
    attempt UInt32 COMMENT 'Which try at its event it was, from 1',
    outcome LowCardinality(String) COMMENT 'How that try ended: done, gave_up or later; all are paid for',
    amount UInt64 COMMENT 'How much: ms, bytes or tokens, as the kind says',
    money Nullable(Float64) COMMENT 'By the price list of that time; NULL where the kind had no price',
    currency LowCardinality(String) COMMENT 'Of the money, as the settings have it',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
AS SELECT cost_items.*
FROM cost_items FINAL
LEFT ANTI JOIN tombstones ON tombstones.org_id = cost_items.org_id AND tombstones.project_id = cost_items.project_id
COMMENT 'Every cost item once. Its columns are those of `cost_items`';

CREATE OR REPLACE VIEW certificate_checks_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    export_id UUID COMMENT 'The file that was measured',
    name LowCardinality(String) COMMENT 'Which property: duration, streams, size, frames, lufs, ssim …',
    event_id UUID COMMENT 'The ExportCompleted that told of it',
    clip_id UUID COMMENT 'The clip that it is a file of',
    time DateTime64(3, 'UTC') COMMENT 'When the export was done',
    aspect LowCardinality(String) COMMENT 'Shape of the file, e.g. 9:16',
    outcome LowCardinality(String) COMMENT 'pass, warn, fail or not_measured',
    verdict LowCardinality(String) COMMENT 'Of the whole file: pass, warn or fail',
    tries UInt8 COMMENT '2: a check failed that a safer plan may help, so the file was made once more',
    value Nullable(Float64) COMMENT 'What was measured; NULL where it could not be',
    unit LowCardinality(String) COMMENT 'Of the value and the bound; empty where it has none',
    bound Float64 COMMENT 'What the value was held against',
    side LowCardinality(String) COMMENT 'at_most, at_least, equal, or within the bound of around',
    around Float64 COMMENT 'With within: from where the bound counts, else 0',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
AS SELECT certificate_checks.*
FROM certificate_checks FINAL
LEFT ANTI JOIN tombstones ON tombstones.org_id = certificate_checks.org_id AND tombstones.project_id = certificate_checks.project_id
COMMENT 'Every check of an export once. Its columns are those of `certificate_checks`';

CREATE OR REPLACE VIEW segments_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    version UInt32 COMMENT 'Version of the transcript: 1 is the machine''s, each correction by a person makes the next',
    ordinal UInt32 COMMENT 'Its place in the transcript, from 0',
    event_id UUID COMMENT 'The TranscriptCompleted that told of it',
    time DateTime64(3, 'UTC') COMMENT 'When the transcript was complete',
    start_ms UInt64 COMMENT 'Where it begins, in ms of the project',
    end_ms UInt64 COMMENT 'Where it ends, in ms of the project',
    language LowCardinality(String) COMMENT 'Language it was heard in, e.g. en; empty where unknown',
    speaker LowCardinality(String) COMMENT 'Who speaks: S1, S2 … in order of appearance; empty where not told apart',
    trust LowCardinality(String) COMMENT 'trusted or doubtful; empty in transcripts older than this judgement',
    doubts Array(LowCardinality(String)) COMMENT 'Why it is doubtful: no_speech, unsure, heard_twice, repeats, does_not_fit',
    words UInt32 COMMENT 'How many words, sounds of hesitation included',
    fillers UInt32 COMMENT 'How many of them are sounds of hesitation',
    probability Nullable(Float32) COMMENT 'Mean probability of its words, 0 to 1; NULL without words',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
AS SELECT held.*
FROM
(
    SELECT segments.*
    FROM segments FINAL
    INNER JOIN (SELECT org_id, project_id, max(version) AS version FROM segments GROUP BY org_id, project_id) AS newest
        ON newest.org_id = segments.org_id AND newest.project_id = segments.project_id AND newest.version = segments.version
) AS held
LEFT ANTI JOIN tombstones ON tombstones.org_id = held.org_id AND tombstones.project_id = held.project_id
COMMENT 'The segments of each transcript''s newest version, once. Its columns are those of `segments`';

CREATE OR REPLACE VIEW labels_once
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    kind LowCardinality(String) COMMENT 'Of what: project, clip or export',
    id UUID COMMENT 'Id of the project, the clip or the export',
    revision UInt32 COMMENT 'Counts the changes of title and metadata, from 1',
    title String COMMENT 'What it is called now; of an export empty where it goes by its clip''s',
    metadata String COMMENT 'The customer''s own JSON; ask it with JSONExtractString(metadata, ''name'')'
)
AS SELECT labels.org_id AS org_id, labels.project_id AS project_id, labels.kind AS kind, labels.id AS id,
    labels.revision AS revision, labels.title AS title, labels.metadata AS metadata
FROM labels FINAL
LEFT ANTI JOIN tombstones ON tombstones.org_id = labels.org_id AND tombstones.project_id = labels.project_id
COMMENT 'What customers call their projects, clips and exports now, and attached to them';

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
        argMaxIf(transform(type, ['ProjectCompleted', 'ProjectFailed', 'ProjectCancelled'],
                           ['completed', 'failed', 'cancelled'], 'running'),
                 version, type IN ('ProjectCompleted', 'ProjectFailed', 'ProjectCancelled', 'ProjectRetried')) AS last_state,
        if(last_state = '', 'running', last_state) AS state,
        if(state = 'failed', argMaxIf(toString(events_once.reason), version, type = 'ProjectFailed'), '') AS reason,
        if(state != 'running',
           maxIf(time, type IN ('ProjectCompleted', 'ProjectFailed', 'ProjectCancelled')), NULL) AS ended_at,
        max(events_once.media_ms) AS media_ms
    FROM events_once
    WHERE type IN ('UploadReceived', 'ProjectProgressed', 'ProjectCompleted', 'ProjectFailed', 'ProjectRetried',
                   'ProjectCancelled')
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
