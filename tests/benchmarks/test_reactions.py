"""Texts that mark reactions, without a trace of the marks; and the model that is fitted on what differs in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.posting.posting_matrix import MeasuredText
from benchmarks.reactions import reaction_model, reaction_score
from benchmarks.reactions.reaction_matrix import (
    MeasuredReactions,
    ReactionSample,
    analysis_of,
    sample_before,
    sample_inside,
)
from benchmarks.reactions.reaction_texts import (
    ReactionText,
    held_out_names,
    is_reaction,
    list_reactions_ms,
    read_speech,
)
from schemas.common import TimeRange
from streams.detect.posting.model import FittedModel
from streams.detect.posting.posting_features import WORDS

TEXTS_COUNT = 24
WINDOWS_COUNT = 60


@pytest.mark.parametrize(
    "mark", ["(Applause.)", "\\[laughter\\]", "[laughs]", "(Laughter and applause.)", "[Cheers and applause]"]
)
def test_the_room_is_heard(mark: str) -> None:
    assert is_reaction(mark)


@pytest.mark.parametrize(
    "remark", ["[00:12:03.14]", "\\[unintelligible 00:50:22.15\\]", "(crosstalk)", f"({'and then ' * 6}they laughed)"]
)
def test_other_remarks_are_no_reaction(remark: str) -> None:
    assert not is_reaction(remark)


def test_the_words_are_the_same_with_marks_and_without() -> None:
    plain = [("A", "We did it. It was (as I said) hard."), ("B", "Yes."), ("A", "So we went home.")]
    marked = [
        ("A", "We did it. (Applause.)"), ("A", "It was (as I said) hard. \\[laughs\\]"), ("B", "\\[laughter\\] Yes."),
        ("B", "[laughter]"), ("A", "[unintelligible 00:01] So we went home."),
    ]  # fmt: skip
    assert read_speech(marked).words == read_speech(plain).words
    assert read_speech(plain).marks == []
    assert [at for at, _ in read_speech(marked).marks] == [3, 9, 9, 10]


def test_marks_near_to_each_other_are_one_reaction() -> None:
    speech = read_speech([("A", "It is so. (Laughter.) No. (Applause.) " + "and on " * 8 + "again. (Laughter.)")])
    assert list_reactions_ms(speech) == [speech.words[2].end_ms, speech.words[-1].end_ms]


def test_a_third_is_held_out_whatever_their_order() -> None:
    names = [f"text-{number}" for number in range(31)]
    assert len(held_out_names(names)) == 10
    assert held_out_names(names[::-1]) == held_out_names(names)


def speech_of(sentences_count: int, mark_after: int) -> list[tuple[str, str]]:
    sentence = "We went there and we came back in the same week again. "
    return [("A", sentence * mark_after + "(Laughter.) " + sentence * (sentences_count - mark_after))]


def test_ranges_end_at_a_reaction_or_far_from_it() -> None:
    speech = read_speech(speech_of(60, 30))
    (at_ms,) = list_reactions_ms(speech)
    sample = sample_before(speech, [at_ms])
    near = [part for part, reacted in zip(sample.ranges, sample.reacted, strict=True) if reacted]
    assert [part.end_ms for part in near] == [at_ms]
    assert len(sample.ranges) > 10
    for part in set(sample.ranges) - set(near):
        assert not part.start_ms <= at_ms <= part.end_ms + 12_000


def test_windows_cover_the_text_and_know_their_reactions() -> None:
    speech = read_speech(speech_of(60, 30))
    (at_ms,) = list_reactions_ms(speech)
    sample = sample_inside(speech, [at_ms])
    reacted = [part for part, react in zip(sample.ranges, sample.reacted, strict=True) if react]
    assert all(part.start_ms + 5_000 <= at_ms <= part.end_ms + 3_000 for part in reacted)
    assert len(reacted) == 1
    assert sum(part.length_ms for part in sample.ranges) > 0.8 * analysis_of(speech).duration_ms
    assert all(20_000 <= part.length_ms <= 45_000 for part in sample.ranges)


def measured() -> list[MeasuredReactions]:
    """Texts in which `share_people` makes listeners react; how often they do is each text's own."""
    rng = np.random.default_rng(5)
    texts = []
    for number in range(TEXTS_COUNT):
        values = rng.normal(size=(3, WINDOWS_COUNT))
        reacted = values[0] + 0.3 * rng.normal(size=WINDOWS_COUNT) > rng.uniform(0.3, 1.2)
        features = {
            "share_people": values[0] + 2 * rng.normal(), "share_past": values[1], "end_quality": reacted.astype(float),
            "longest_sentence": values[2], WORDS: np.full(WINDOWS_COUNT, 90.0),
        }  # fmt: skip
        ranges = [TimeRange(start_ms=at, end_ms=at + 1) for at in range(WINDOWS_COUNT)]
        half = WINDOWS_COUNT // 2
        texts.append(
            MeasuredReactions(
                text=ReactionText(
                    name=f"text-{number}", kind="panel", speech=read_speech([("A", "It is so.")]), held_out=False
                ),
                before=ReactionSample(ranges=ranges[:half], reacted=reacted[:half].tolist()),
                inside=ReactionSample(ranges=ranges[half:], reacted=reacted[half:].tolist()),
                measured=MeasuredText(name=f"text-{number}", features=features, candidates=features),
            )
        )
    return texts


def test_the_model_finds_what_counts_and_sees_no_paragraph() -> None:
    reactions = reaction_model.reactions_of(measured())
    model = reaction_model.fit_model(reactions)
    weights = {feature.name: feature.weight + feature.relative_weight for feature in model.features}
    assert set(weights) == {"share_people", "share_past", "longest_sentence"}
    assert weights["share_people"] > 10 * abs(weights["share_past"])
    assert reaction_model.fit_model(reaction_model.reactions_of(measured())) == model


def test_cross_validation_ranks_the_windows_of_each_text() -> None:
    reactions = reaction_model.reactions_of(measured())
    scores = reaction_model.cross_validate(reactions, ~reactions.is_before)
    areas = reaction_model.areas_of(reactions, scores, ~reactions.is_before)
    assert np.nanmean(list(areas.values())) > 0.9
    assert "podcasts 0.9" in reaction_model.figures_of("ridge", reactions, scores)


def test_centred_values_have_no_mean_in_any_text() -> None:
    centred = reaction_model.centre(np.array([[1.0], [3.0], [10.0]]), np.array(["a", "a", "b"]))
    assert centred.tolist() == [[-1.0], [1.0], [0.0]]


def test_figures_name_every_way_and_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = measured()
    model: FittedModel = reaction_model.fit_model(reaction_model.reactions_of(texts))
    monkeypatch.setattr(reaction_score, "read_reaction_model", lambda: model)
    monkeypatch.setattr(reaction_score, "ROUNDS", 20)
    ways = {name: score for name, score in reaction_score.WAYS.items() if name != reaction_score.POSTING}
    monkeypatch.setattr(reaction_score, "WAYS", ways)
    lines = list(reaction_score.report(texts[:4]))
    assert [line for line in lines if line.startswith("  all") and "reactions" in line]
    assert not [line for line in lines if "presidents" in line]
    assert lines[0].endswith("with a reaction")


def test_talks_are_read_with_their_marks(tmp_path: Path) -> None:
    (tmp_path / "marked.txt").write_text(
        "So it went. (Laughter) And on. (Applause) And " + "so on " * 12 + ". (Laughter)"
    )
    (tmp_path / "bare.txt").write_text("Nobody laughs here.")
    (text,) = reaction_score.read_talks(tmp_path)
    assert (text.name, text.kind, len(text.speech.marks)) == ("marked", "talk", 3)
    assert not any("(" in word.text for word in text.speech.words)
