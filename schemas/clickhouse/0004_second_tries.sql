-- Whether an export was made in one try or two. Forward only.

ALTER TABLE certificate_checks ADD COLUMN IF NOT EXISTS tries UInt8 DEFAULT 1 COMMENT '2: a check failed that a safer plan may help, so the file was made once more' AFTER verdict;

CREATE OR REPLACE VIEW certificate_checks_once AS
SELECT *
FROM certificate_checks FINAL
WHERE (org_id, project_id) NOT IN (SELECT org_id, project_id FROM tombstones);
