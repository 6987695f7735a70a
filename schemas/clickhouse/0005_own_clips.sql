-- Clips that people choose are candidates as well, told of by an event of their own. Forward only.

ALTER TABLE moments COMMENT COLUMN event_id 'The MomentsDetected or ClipMeasured that told of it';

ALTER TABLE moments COMMENT COLUMN rank 'Its place among the clips that detect chose, best first; NULL for others';

ALTER TABLE sub_scores COMMENT COLUMN event_id 'The MomentsDetected or ClipMeasured that told of it';
