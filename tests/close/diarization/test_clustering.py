"""Speaker count and window assignment, on synthetic voices of many kinds and in bounded time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from streams.close.diarization.clustering import SpeakerClusters, find_speakers, min_distance
from streams.close.diarization.linkage import link_rows
from streams.speech.viterbi import find_best_path
from tests.support.media.synthetic_voices import taking_turns, voice_windows


def cluster_turns(turns: list[tuple[int, int, int]], **kind: float) -> tuple[SpeakerClusters, np.ndarray]:
    windows, rows, owners = voice_windows(turns, **kind)  # type: ignore[arg-type]
    starts_ms = np.array([window.start_ms for window in windows])
    return find_speakers(rows, starts_ms, np.array([window.end_ms for window in windows])), owners


def purity(found: SpeakerClusters, owners: np.ndarray) -> float:
    """Share of windows that are with the most of their true speaker."""
    table = np.zeros((len(found.centres), owners.max() + 1))
    np.add.at(table, (found.labels, owners), 1)
    return float(table.max(axis=1).sum() / table.sum())


@pytest.mark.parametrize("speakers", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("alike", [0.3, 0.5])
def test_clustering_finds_the_true_number_of_speakers(speakers: int, alike: float) -> None:
    found, owners = cluster_turns(taking_turns(speakers, 4), alike=alike)
    assert len(found.centres) == speakers
    assert purity(found, owners) > 0.97


def test_clustering_adapts_to_the_similarity_of_the_voices() -> None:
    """Two people on a telephone line that makes voices similar, and one person whose voice varies as much."""
    found, owners = cluster_turns(taking_turns(2, 2), alike=0.66, steady=0.8)
    assert len(found.centres) == 2
    assert purity(found, owners) > 0.95
    assert len(cluster_turns(taking_turns(1, 2), steady=0.6)[0].centres) == 1


def test_the_minimum_distance_grows_with_the_length() -> None:
    wanted = [min_distance(count) for count in (11, 12, 20, 40, 60, 5000)]
    assert wanted == pytest.approx([0.22, 0.15, 0.15, 0.185, 0.22, 0.22])


def test_a_speaker_with_almost_no_speech_is_merged() -> None:
    turns = [(0, 20_000, 0), (20_500, 22_000, 1), (22_500, 40_000, 0)]
    assert len(cluster_turns(turns)[0].centres) == 1


def test_very_little_speech_is_one_speaker() -> None:
    found, _ = cluster_turns([(0, 600, 0)])
    assert (len(found.centres), found.labels.tolist()) == (1, [0])


def test_the_cost_grows_linearly_with_the_length() -> None:
    costs = []
    for minutes in (60, 180):
        started = time.process_time()
        found, _ = cluster_turns(taking_turns(4, minutes))
        costs.append(time.process_time() - started)
        assert len(found.centres) == 4
    assert costs[0] < 20
    assert costs[1] < 4.5 * costs[0]


def test_the_path_changes_speaker_only_where_it_pays() -> None:
    scores = np.array([[1, 0], [1, 0], [0.4, 0.6], [1, 0], [0, 1], [0, 1], [0, 1]], dtype=np.float64)
    assert find_best_path(scores, np.full(7, 0.5)).tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert find_best_path(scores, np.zeros(7)).tolist() == [0, 0, 1, 0, 1, 1, 1]
    assert find_best_path(scores[:0], np.zeros(0)).tolist() == []


def test_linkage_labels_outliers_as_unassigned() -> None:
    rows = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 2]]
    assert link_rows(rows, max_groups=2).tolist() in ([0, 0, 1, 1, -1], [1, 1, 0, 0, -1])
    assert link_rows(rows[:1], max_groups=2).tolist() == [0]
