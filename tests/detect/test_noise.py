"""Small errors of the features hardly change the ranking: with 5 % noise at most one of the first five."""

from __future__ import annotations

import numpy as np

from benchmarks.ranking.score_measures import picks
from benchmarks.ranking.score_noise import Rng, Shaken
from schemas.options.score_weights import default_weights
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.project_baseline import read_baseline
from streams.detect.scoring import build_scales, compute_score, measure_window, weigh_sub_scores
from streams.detect.timeline import build_timeline
from tests.detect.material_factory import LECTURE_MS, lecture_words, material, speech_levels

ROUNDS = 40


def test_five_percent_of_noise_changes_at_most_one_of_the_first_five() -> None:
    words = lecture_words()
    timeline = build_timeline(material(words, LECTURE_MS, levels_db=speech_levels(words, LECTURE_MS)))
    whole = read_baseline(timeline)
    windows = find_speech_windows(timeline, min_ms=10_000, max_ms=25_000)
    raws = [measure_window(window, timeline, whole) for window in windows]
    scale, table = build_scales(raws), default_weights().weights_of("lecture", spoken=True)
    features, parts = Shaken(raws, scale, table), [window.range for window in windows]
    exact = [compute_score(weigh_sub_scores(raw, scale, table)) for raw in raws]
    assert np.abs(features.scores() - exact).max() < 0.05, "scored as detect scores"

    def apart(one: int, other: int) -> bool:
        return one != other and not parts[one].overlap_ms(parts[other])

    def firsts(rng: Rng | None) -> list[int]:
        return picks(features.scores(rng), apart)

    kept = [parts[at] for at in firsts(None)]
    rng = np.random.default_rng(7)
    for _ in range(ROUNDS):
        now = [parts[at] for at in firsts(rng)]
        lost = [part for part in kept if not any(2 * part.overlap_ms(one) > part.length_ms for one in now)]
        assert len(lost) <= 1, "a moment counts as kept where more than half of its time is still chosen"
