-- What was measured on each finished export, a row a check. Forward only; as with the other facts, ask the view.

CREATE TABLE IF NOT EXISTS certificate_checks
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
    value Nullable(Float64) COMMENT 'What was measured; NULL where it could not be',
    unit LowCardinality(String) COMMENT 'Of the value and the bound; empty where it has none',
    bound Float64 COMMENT 'What the value was held against',
    side LowCardinality(String) COMMENT 'at_most, at_least, equal, or within the bound of around',
    around Float64 COMMENT 'With within: from where the bound counts, else 0',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the sink wrote it; of two arrivals the later stays'
)
ENGINE = ReplacingMergeTree(inserted_at)
ORDER BY (org_id, project_id, export_id, name)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every check of every finished export; ask certificate_checks_once instead';

CREATE VIEW IF NOT EXISTS certificate_checks_once AS
SELECT *
FROM certificate_checks FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones);
