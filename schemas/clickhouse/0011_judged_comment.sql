-- A configured model may judge the finalists: one more sub-score, which moves the score within bounds. Forward only.

ALTER TABLE moments COMMENT COLUMN score '0 to 100: the chance in percent that editors would post it, or a weighted mean; moved within bounds where the scorer ends with +judged';
ALTER TABLE moments_once COMMENT COLUMN score '0 to 100: the chance in percent that editors would post it, or a weighted mean; moved within bounds where the scorer ends with +judged';
ALTER TABLE sub_scores COMMENT COLUMN name 'hook, emotion, coherence, clarity, energy, speaker_changes, novelty, picture, asked or judged';
ALTER TABLE sub_scores_once COMMENT COLUMN name 'hook, emotion, coherence, clarity, energy, speaker_changes, novelty, picture, asked or judged';
