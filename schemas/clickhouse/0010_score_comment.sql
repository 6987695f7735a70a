-- A score is a chance where the fitted model gave it, and a weighted mean elsewhere. Forward only.

ALTER TABLE moments COMMENT COLUMN score '0 to 100: the chance in percent that editors would post it, or a weighted mean';
ALTER TABLE moments_once COMMENT COLUMN score '0 to 100: the chance in percent that editors would post it, or a weighted mean';
