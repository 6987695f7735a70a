"""How well the chance of a reaction tells where listeners laugh and clap, on texts left out.

``python -m benchmarks.reactions.reaction_score`` on the texts that the model was fitted on (a check of the path, no
figure to quote); ``--held-out`` on the third that was not; ``--meetings`` on AMI meetings of QMSum, and
``--talks DIR`` on anybody's transcripts (`*.txt`) that mark (Laughter) and (Applause): kinds that it was never fitted
on. Each figure stands next to the posting score, the longest sentence and chance, with 95 % intervals that draw texts,
and runs of neighbouring ranges in them.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from benchmarks.posting.posting_matrix import MeasuredText
from benchmarks.posting.train import to_chances
from benchmarks.ranking import score_texts
from benchmarks.ranking.score_laughter import MEETINGS, shared_laughter_ms
from benchmarks.ranking.score_measures import ROUNDS, Bools, Floats, auc, blocks, interval
from benchmarks.reactions.reaction_matrix import MeasuredReactions, measure_reactions, measure_speech
from benchmarks.reactions.reaction_model import PRESIDENTS, calibration_lines
from benchmarks.reactions.reaction_texts import MIN_REACTIONS, ReactionText, read_speech, read_texts
from streams.detect.posting.model import (
    FittedModel,
    find_medians,
    level_lengths,
    list_slopes,
    measure_effects,
    read_posting_model,
    read_reaction_model,
)

SEED = 20_261_125
VOCAL_SOUND = "{vocalsound}"
"""AMI's mark; where two people make one together it is taken for laughter."""
_BRACES = re.compile(r"\{\w+\}")
SampleName = Literal["before", "windows"]
OURS, POSTING, LONGEST = "reactions", "posting score", "longest sentence"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """AUC within a text, and what each round of the bootstrap gave."""

    auc: float
    rounds: Floats


def log_odds_of(model: FittedModel, text: MeasuredText) -> Floats:
    """A model's log-odds of a text's ranges, as the product computes them."""
    slopes = list_slopes(model)
    medians = find_medians(level_lengths(text.candidates, slopes))
    effects = measure_effects(model, level_lengths(text.features, slopes), medians)
    return np.asarray(model.intercept + np.sum(list(effects.values()), axis=0))


WAYS: Mapping[str, Callable[[MeasuredText], Floats]] = {
    OURS: lambda text: log_odds_of(read_reaction_model(), text),
    POSTING: lambda text: log_odds_of(read_posting_model(), text),
    LONGEST: lambda text: text.features["longest_sentence"],
}


def ranges_of(measured_text: MeasuredReactions, sample: SampleName) -> tuple[slice, Bools]:
    """Where a sample's ranges are among a text's, and whether listeners react to each."""
    count = len(measured_text.before.ranges)
    if sample == "before":
        return slice(0, count), np.array(measured_text.before.reacted, dtype=bool)
    return slice(count, None), np.array(measured_text.inside.reacted, dtype=bool)


def figure_of(scores: Floats, reacted: Bools) -> Figure:
    """Figure of one way on one text; every way meets the same draws."""
    rng = np.random.default_rng(SEED)
    drawn = [blocks(scores.size, rng) for _ in range(ROUNDS)]
    return Figure(auc=auc(scores, reacted), rounds=np.array([auc(scores[rows], reacted[rows]) for rows in drawn]))


def pool(figures: Sequence[Figure]) -> Figure:
    """The mean over texts; a round draws texts, too."""
    drawn = np.random.default_rng(SEED).integers(0, len(figures), size=(ROUNDS, len(figures)))
    rounds = np.array([figure.rounds for figure in figures])
    return Figure(
        auc=float(np.mean([figure.auc for figure in figures])),
        rounds=np.nanmean(rounds[drawn, np.arange(ROUNDS)[:, None]], axis=1),
    )


def sample_lines(measured: Sequence[MeasuredReactions], sample: SampleName) -> Iterator[str]:
    """The table of one sample: all texts, presidents, podcasts, each kind."""
    figures: dict[str, list[tuple[str, Figure]]] = {way: [] for way in WAYS}
    ranges_count, reacted_count = 0, 0
    for measured_text in measured:
        chosen, reacted = ranges_of(measured_text, sample)
        if reacted.all() or not reacted.any():
            continue
        ranges_count, reacted_count = ranges_count + reacted.size, reacted_count + int(reacted.sum())
        for way, score in WAYS.items():
            figures[way].append((measured_text.text.kind, figure_of(score(measured_text.measured)[chosen], reacted)))
    kinds = [kind for kind, _ in figures[OURS]]
    yield f"{sample}: {ranges_count} ranges of {len(kinds)} texts, {reacted_count} with a reaction"
    groups = {
        "all": set(kinds),
        "presidents": set(PRESIDENTS) & set(kinds),
        "podcasts": set(kinds) - {*PRESIDENTS, "meeting", "talk"},
        **{kind: {kind} for kind in sorted(set(kinds))},
    }
    for name, group in groups.items():
        if not group:
            continue
        for way, of_texts in figures.items():
            of_group = [figure for kind, figure in of_texts if kind in group]
            low, high = interval(pool(of_group).rounds.tolist())
            yield f"  {name:<12} {way:<18} AUC {pool(of_group).auc:.2f} [{low:.2f}, {high:.2f}]  {len(of_group)} texts"


def report(measured: Sequence[MeasuredReactions]) -> Iterator[str]:
    """All tables, line by line."""
    yield from sample_lines(measured, "before")
    yield from sample_lines(measured, "windows")
    yield "calibration"
    chances, reacted = [], []
    for measured_text in measured:
        chosen, of_text = ranges_of(measured_text, "windows")
        chances.append(to_chances(WAYS[OURS](measured_text.measured)[chosen]))
        reacted.append(of_text)
    yield from calibration_lines(np.concatenate(chances), np.concatenate(reacted))


def measure_meetings(media: Path) -> Iterator[MeasuredReactions]:
    """The meetings whose people can be heard to laugh together."""
    for name in MEETINGS:
        turns = score_texts.meeting(media / f"text/qmsum/{name}.json")
        marked = [(speaker, words.replace(VOCAL_SOUND, "[laughter]")) for speaker, words in turns]
        speech = read_speech([(speaker, _BRACES.sub(" ", words)) for speaker, words in marked])
        text = ReactionText(name=name, kind="meeting", speech=speech, held_out=True)
        yield measure_speech(text, shared_laughter_ms(speech, 2))


def read_talks(folder: Path) -> Iterator[ReactionText]:
    """Anybody's transcripts, those with marks enough; one speaker each."""
    for path in sorted(folder.glob("*.txt")):
        speech = read_speech([("1", path.read_text(errors="replace"))])
        if len(speech.marks) >= MIN_REACTIONS:
            yield ReactionText(name=path.stem, kind="talk", speech=speech, held_out=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--held-out", action="store_true", help="on the texts that are held out")
    parser.add_argument("--meetings", action="store_true", help="on meetings")
    parser.add_argument("--talks", type=Path, help="a folder of transcripts that mark (Laughter) and (Applause)")
    options = parser.parse_args()
    if options.talks:
        measured = list(measure_reactions(list(read_talks(options.talks))))
        if not measured:
            parser.error(f"no *.txt of {options.talks} has {MIN_REACTIONS} marks of laughter or applause")
    elif options.meetings:
        measured = list(measure_meetings(options.media))
    else:
        texts = [text for text in read_texts(options.media) if text.held_out == options.held_out]
        measured = list(measure_reactions(texts))
    for line in report(measured):
        print(line, flush=True)


if __name__ == "__main__":
    main()
