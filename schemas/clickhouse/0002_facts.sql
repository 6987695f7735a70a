-- What is found and what it costs, a row each: segments, moments, sub-scores, requests to models, cost items.
-- Forward only. As with events, rows may arrive twice: the engine keeps one for each key when it merges, and the views
-- ask with FINAL and leave out erased projects. No row holds a word of a customer's.

CREATE TABLE IF NOT EXISTS segments
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
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (org_id, project_id, version, ordinal)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every segment of every version of every transcript; ask segments_once instead';

CREATE TABLE IF NOT EXISTS moments
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    moment_id UUID COMMENT 'The candidate; a chosen one''s is the id of its clip',
    event_id UUID COMMENT 'The MomentsDetected that told of it',
    time DateTime64(3, 'UTC') COMMENT 'When the candidates were weighed',
    start_ms UInt64 COMMENT 'Where it begins, in ms of the project',
    end_ms UInt64 COMMENT 'Where it ends, in ms of the project',
    score Float32 COMMENT '0 to 100: weighted mean of its sub-scores',
    confidence Float32 COMMENT '0 to 1: how much of it could be measured, and how surely',
    selected Bool COMMENT 'Whether it became a clip',
    rank Nullable(UInt16) COMMENT 'Its place among the clips, best first; NULL where it is none',
    scorer LowCardinality(String) COMMENT 'What weighed it',
    weights LowCardinality(String) COMMENT 'Which table of weights, and of which genre',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (org_id, project_id, moment_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every candidate that was weighed, chosen or not; ask moments_once instead';

CREATE TABLE IF NOT EXISTS sub_scores
(
    org_id UUID COMMENT 'Whose it is',
    project_id UUID COMMENT 'Which project it is of',
    moment_id UUID COMMENT 'The candidate it is a part of',
    name LowCardinality(String) COMMENT 'hook, emotion, coherence, clarity, energy, speaker_changes, novelty, picture or asked',
    event_id UUID COMMENT 'The MomentsDetected that told of it',
    time DateTime64(3, 'UTC') COMMENT 'When the candidates were weighed',
    selected Bool COMMENT 'Whether its candidate became a clip',
    value Float32 COMMENT '0 to 1, compared inside its video; what could not be measured has no row',
    raw Nullable(Float32) COMMENT 'The same before it was compared with the rest of the video',
    weight Float32 COMMENT 'How much it counts in the score',
    confidence Nullable(Float32) COMMENT '0 to 1: how much of it could be measured, times how sure the words are',
    evidence UInt16 COMMENT 'How many pieces of evidence it rests on',
    strongest LowCardinality(String) COMMENT 'The feature that made most of it; empty where it is made of one',
    strongest_share Nullable(Float32) COMMENT 'How much of it that feature made, 0 to 1',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (org_id, project_id, moment_id, name)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every sub-score of every candidate; ask sub_scores_once instead';

CREATE TABLE IF NOT EXISTS inference_calls
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
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (org_id, project_id, event_id, ordinal)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every request to a model; ask inference_calls_once instead';

CREATE TABLE IF NOT EXISTS cost_items
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
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (org_id, project_id, event_id, kind)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What every try of every stage used; ask cost_items_once instead';

CREATE VIEW IF NOT EXISTS segments_once AS
SELECT *
FROM segments FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones)
  AND (org_id, project_id, version) IN
      (SELECT org_id, project_id, max(version) FROM segments GROUP BY org_id, project_id);

CREATE VIEW IF NOT EXISTS moments_once AS
SELECT *
FROM moments FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones);

CREATE VIEW IF NOT EXISTS sub_scores_once AS
SELECT *
FROM sub_scores FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones);

CREATE VIEW IF NOT EXISTS inference_calls_once AS
SELECT *
FROM inference_calls FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones);

CREATE VIEW IF NOT EXISTS cost_items_once AS
SELECT *
FROM cost_items FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones);

ALTER TABLE events COMMENT COLUMN stage 'ProjectProgressed, CostIncurred, DeadLetter: which stage, else empty';
