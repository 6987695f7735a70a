"""Whether title, hook line, description and hashtags of moments worth posting are fit to post.

Scores nothing by itself: readers do, by the checklist of benchmarks/labels/wording.md. The baseline is the clip's first
sentence.

``python -m benchmarks.posting.wording`` prints the stored judgements: share of wordings without a failed point, and how
far both passes agree; ``--check`` also makes the product's wording again and names what has changed since.

``--sheet FILE --key KEY`` writes a sheet of 60 moments of the texts that are not held out, or of the unseen with
``--held-out``, and which wording is whose; ``--checklist FILE`` the instructions. ``--write FILE`` writes the product's
wording alone, which ``--also FILE`` puts into a sheet as a third one: that of an earlier revision.
``--judged PASS [PASS] --key KEY`` prints pass rates and Cohen's kappa of what one or two readers answered, lines of
``<id> <eleven digits>``, 1 where a point passes and 0 where it fails; ``--store`` keeps them.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import msgspec
import numpy as np

from benchmarks.posting.posting_labels import LABELS, LabelledWindow, Reader, labelled_windows
from benchmarks.posting.posting_texts import PostingText, read_texts
from benchmarks.ranking import score_rig
from benchmarks.ranking.score_measures import kappa
from schemas.common import TimeRange
from streams.detect.explanations.titles import write_wording
from streams.detect.features.base import shorten_text
from streams.detect.features.project_baseline import ProjectBaseline, read_baseline
from streams.detect.lexicon import normalise_lexicon_word
from streams.detect.timeline import EmbeddedTexts, ProjectAnalysis, ProjectTimeline, build_timeline
from streams.detect.window import CandidateWindow

SEED = 20_261_124
MOMENTS_COUNT = 60
BASELINE_TITLE_CHARS, BASELINE_HOOK_CHARS, BASELINE_DESCRIPTION_CHARS = 60, 110, 220
"""The product's bounds, for the baseline too."""
MIN_BASELINE_TAG_LETTERS = 4
System = Literal["product", "first_sentence", "earlier"]
Point = Literal[
    "title_alone", "title_about", "title_true", "title_grammar", "title_whole", "title_nouns",
    "hook_opens", "hook_alone", "description_alone", "description_true", "hashtags",
]  # fmt: skip
"""The points of the checklist; benchmarks/labels/wording.md says what each asks."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """What one system writes of one moment, the sentences ``first`` to ``last`` (inclusive) of a text."""

    text: str
    first: int
    last: int
    system: System
    title: str
    hook: str
    description: str
    hashtags: list[str]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The points that a wording fails, by one reader."""

    wording: Wording
    failed: list[Point]
    why: str = "-"


class Judgements(msgspec.Struct, frozen=True, kw_only=True):
    """All judgements of one pass."""

    reader: Reader
    judgements: list[Judgement]


def draw_moments(texts: Sequence[PostingText], *, held_out: bool) -> list[LabelledWindow]:
    """Draw windows worth posting by the seed, in drawn order.

    Of those that are held out the first 60 were judged before the rules' second design, and the 49 others once after
    it: a sheet has the unseen, and eleven of the first.
    """
    worth = [window for window in labelled_windows(texts, held_out=held_out) if window.is_worth_posting]
    drawn = random.Random(f"{SEED} wording {held_out}").sample(worth, len(worth) if held_out else MOMENTS_COUNT)
    unseen = drawn[MOMENTS_COUNT:]
    return unseen + drawn[: MOMENTS_COUNT - len(unseen)] if held_out else drawn


def write_wordings(moments: Sequence[LabelledWindow], media: Path, vectors: Path | None) -> list[Wording]:
    """Write the product's and the baseline's wording of each moment."""
    texts = {moment.text.name: moment.text for moment in moments}
    analyses = {name: score_rig.material(name, text.sentences, media) for name, text in texts.items()}
    projects = {}
    for name, analysis in _embed(analyses, vectors).items():
        timeline = build_timeline(analysis)
        projects[name] = (timeline, read_baseline(timeline, analysis.embedded))
    return [wording for moment in moments for wording in _write_moment(moment, *projects[moment.text.name])]


def _embed(analyses: dict[str, ProjectAnalysis], vectors: Path | None) -> dict[str, ProjectAnalysis]:
    """Embed the texts' sentences on Triton; those that lie in the folder ``vectors`` are read there."""
    paths = {name: vectors / f"{name}.npy" for name in analyses} if vectors else {}
    missing = [name for name in analyses if not (name in paths and paths[name].is_file())]
    labelled = [
        score_rig.Labelled(name=name, material=analyses[name], ranges=[], first=[], second=[]) for name in missing
    ]
    embedded = {text.name: text.material for text in (score_rig.embedded(labelled) if labelled else [])}
    for name, analysis in embedded.items():
        if vectors and analysis.embedded is not None:
            vectors.mkdir(parents=True, exist_ok=True)
            np.save(paths[name], analysis.embedded.values)
    for name in set(analyses) - set(missing):
        values = EmbeddedTexts(values=np.load(paths[name]), model="all-MiniLM-L6-v2, kept")
        embedded[name] = msgspec.structs.replace(analyses[name], embedded=values)
    return {name: embedded[name] for name in analyses}


def _write_moment(moment: LabelledWindow, timeline: ProjectTimeline, baseline: ProjectBaseline) -> Iterator[Wording]:
    sentences = moment.text.sentences[moment.first : moment.last + 1]
    window = score_rig.window_of(timeline, TimeRange(start_ms=sentences[0].start_ms, end_ms=sentences[-1].end_ms))
    clip_wording = write_wording(window, timeline, baseline, [])
    yield Wording(
        text=moment.text.name, first=moment.first, last=moment.last, system="product", title=clip_wording.title,
        hook=clip_wording.hook, description=clip_wording.description, hashtags=list(clip_wording.hashtags),
    )  # fmt: skip
    opening = window.sentences[0].text
    yield Wording(
        text=moment.text.name, first=moment.first, last=moment.last, system="first_sentence",
        title=shorten_text(opening, BASELINE_TITLE_CHARS), hook=shorten_text(opening, BASELINE_HOOK_CHARS),
        description=shorten_text(window.text, BASELINE_DESCRIPTION_CHARS), hashtags=_most_said(window),
    )  # fmt: skip


def _most_said(window: CandidateWindow) -> list[str]:
    """Return the words said most, without stop words."""
    counts = Counter(
        word
        for sentence in window.sentences
        for word in map(normalise_lexicon_word, sentence.text.split())
        if word.isalpha() and len(word) >= MIN_BASELINE_TAG_LETTERS
        and not (sentence.lexicon and word in sentence.lexicon.stop)
    )  # fmt: skip
    return [f"#{word}" for word in sorted(counts, key=lambda word: (-counts[word], word))[:4]]


Key = dict[str, Wording]
"""The wordings of a sheet by their ids, a moment's number and a letter."""


def make_key(moments: Sequence[LabelledWindow], wordings: Sequence[Wording]) -> Key:
    """Give each wording its id, those of a moment in a drawn order."""
    key: Key = {}
    for number, moment in _in_drawn_order(moments):
        place = (moment.text.name, moment.first, moment.last)
        moment_wordings = [wording for wording in wordings if (wording.text, wording.first, wording.last) == place]
        random.Random(f"{SEED} letters {place}").shuffle(moment_wordings)
        key |= {f"{number}{letter}": wording for letter, wording in zip("ABC", moment_wordings, strict=False)}
    return key


def write_sheet(moments: Sequence[LabelledWindow], key: Key) -> str:
    """Write the moments as Markdown, each with its words and its wordings, without naming a system."""
    lines = [f"# {len(moments)} moments", ""]
    for number, moment in _in_drawn_order(moments):
        sentences = moment.text.sentences[moment.first : moment.last + 1]
        lines += [f"## {number} ({moment.text.kind})", ""]
        lines += [f"- {sentence.speaker}: {sentence.text}" for sentence in sentences]
        for letter in "ABC":
            if wording := key.get(f"{number}{letter}"):
                lines += [
                    "", f"**{number}{letter}** {wording.title}", f"- hook: {wording.hook}",
                    f"- text: {wording.description}", f"- tags: {' '.join(wording.hashtags)}",
                ]  # fmt: skip
        lines.append("")
    return "\n".join(lines)


def _in_drawn_order(moments: Sequence[LabelledWindow]) -> list[tuple[int, LabelledWindow]]:
    numbered = list(enumerate(moments, 1))
    random.Random(f"{SEED} order").shuffle(numbered)
    return numbered


def read_checklist() -> str:
    """Return the instructions as a reader has them."""
    return "# " + (LABELS / "wording.md").read_text().split("\n## ", 1)[1]


def read_pass(path: Path, key: Key, reader: Reader) -> Judgements:
    """Read what a reader answered, a line a wording: its id and a digit a point, 1 where it passes.

    Raises ValueError for a line of another form, and for a wording that is unknown, left out or judged twice.
    """
    points = get_args(Point)
    answers: dict[str, str] = {}
    for line in filter(None, map(str.strip, path.read_text().splitlines())):
        name, _, digits = line.partition(" ")
        digits = digits.strip()
        if len(digits) != len(points) or set(digits) - {"0", "1"}:
            raise ValueError(f"{path}: {line!r} is not an id with {len(points)} digits of 0 and 1")
        if name not in key or name in answers:
            raise ValueError(f"{path}: {name} is {'judged twice' if name in answers else 'no wording of the sheet'}")
        answers[name] = digits
    if missing := sorted(set(key) - set(answers)):
        raise ValueError(f"{path}: not judged: {', '.join(missing)}")
    judgements = [
        Judgement(
            wording=wording,
            failed=[point for point, digit in zip(points, answers[name], strict=True) if digit == "0"],
        )
        for name, wording in key.items()
    ]
    return Judgements(reader=reader, judgements=judgements)


def read_judgements(path: Path) -> Judgements:
    """Read a stored pass."""
    return msgspec.json.decode(path.read_bytes(), type=Judgements)


def stored_passes() -> list[tuple[str, list[Judgements]]]:
    """List the stored passes of both measurements, by name."""
    return [
        (name, [read_judgements(path) for path in sorted(LABELS.glob(f"wording_{kind}_?.json"))])
        for name, kind in (
            ("first measurement, 60 moments", "first"),
            ("second measurement, 49 unseen", "pass"),
            ("third measurement, those 49 and 11 of the first", "third"),
        )
    ]


def result_lines(passes: Sequence[Judgements]) -> Iterator[str]:
    """Write the share that passes and what fails, a line a system and pass, then the agreement."""
    for system in get_args(System):
        for stored in passes:
            system_wordings = [judgement for judgement in stored.judgements if judgement.wording.system == system]
            if system_wordings:
                passed = sum(not judgement.failed for judgement in system_wordings)
                failed = Counter(point for judgement in system_wordings for point in judgement.failed)
                points = ", ".join(f"{point} {failed[point]}" for point in get_args(Point) if failed[point])
                share = f"{passed} of {len(system_wordings)} ({passed / len(system_wordings):.0%})"
                yield f"{system}, pass {stored.reader}: {share}; fails: {points}"
    if len(passes) == len(get_args(Reader)):
        yield from _agreement_lines(passes)


def _agreement_lines(passes: Sequence[Judgements]) -> Iterator[str]:
    by_wording = [
        {msgspec.json.encode(judgement.wording): not judgement.failed for judgement in stored.judgements}
        for stored in passes
    ]
    for system in (*get_args(System), "all"):
        keys = [
            msgspec.json.encode(judgement.wording)
            for judgement in passes[0].judgements
            if system in (judgement.wording.system, "all")
        ]
        if keys:
            first, second = ([int(passed[key]) for key in keys] for passed in by_wording)
            same = sum(first_verdict == other for first_verdict, other in zip(first, second, strict=True)) / len(keys)
            passed_share = sum(
                first_verdict and other for first_verdict, other in zip(first, second, strict=True)
            ) / len(keys)
            yield f"{system}: both pass {passed_share:.0%}, same verdict {same:.0%}, kappa {kappa(first, second):.2f}"


def changed_wordings(stored: Judgements, wordings: Sequence[Wording]) -> list[Wording]:
    """List what the product or the baseline writes otherwise than it was judged."""
    judged = {msgspec.json.encode(judgement.wording) for judgement in stored.judgements}
    return [wording for wording in wordings if msgspec.json.encode(wording) not in judged]


def parsed() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--media", type=Path, default=Path(os.environ.get("CLIPSTREAM_MEDIA", "../shared/media")))
    parser.add_argument("--held-out", action="store_true", help="moments of the texts that are held out")
    parser.add_argument("--sheet", type=Path, help="where to write a sheet")
    parser.add_argument("--key", type=Path, help="which wording of a sheet is whose")
    parser.add_argument("--checklist", type=Path, help="where to write the instructions")
    parser.add_argument("--judged", type=Path, nargs="+", help="one or two readers' answers")
    parser.add_argument("--store", action="store_true", help="keep the answers among the labels")
    parser.add_argument("--write", type=Path, help="where to write the product's wording as JSON")
    parser.add_argument("--also", type=Path, help="a file of --write of an earlier revision")
    parser.add_argument("--check", action="store_true", help="name what is worded otherwise than it was judged")
    parser.add_argument("--vectors", type=Path, help="a folder that keeps the sentences' vectors between runs")
    options = parser.parse_args()
    if (options.sheet or options.judged) and not options.key:
        parser.error("a sheet and its answers need --key")
    if options.judged and len(options.judged) > len(get_args(Reader)):
        parser.error("there are two passes at most")
    return options


def _print_judged(options: argparse.Namespace) -> None:
    key = msgspec.json.decode(options.key.read_bytes(), type=Key)
    passes = [read_pass(path, key, reader) for path, reader in zip(options.judged, get_args(Reader), strict=False)]
    print("\n".join(result_lines(passes)))
    for judgements in passes if options.store else ():
        path = LABELS / f"wording_third_{judgements.reader}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(judgements), indent=1) + b"\n")


def main() -> None:
    """Print results, or write a sheet with its key."""
    options = parsed()
    if options.judged:
        _print_judged(options)
        return
    if options.checklist:
        options.checklist.write_text(read_checklist())
    if not (options.sheet or options.write or options.check):
        for name, passes in stored_passes() if not options.checklist else ():
            print(name)
            print("\n".join(result_lines(passes)))
        return
    moments = draw_moments(read_texts(options.media), held_out=options.held_out or options.check)
    wordings = write_wordings(moments, options.media, options.vectors)
    if options.check:
        *_, (name, last) = [(name, passes) for name, passes in stored_passes() if passes]
        changed = changed_wordings(last[0], wordings)
        print("\n".join(f"{wording.system} {wording.text} {wording.first}: {wording.title}" for wording in changed))
        print(f"{len(changed)} of {len(wordings)} wordings are not those of the {name}")
    if options.write:
        product = [wording for wording in wordings if wording.system == "product"]
        options.write.write_bytes(msgspec.json.encode(product))
    if options.also:
        earlier_wordings = msgspec.json.decode(options.also.read_bytes(), type=list[Wording])
        wordings += [msgspec.structs.replace(wording, system="earlier") for wording in earlier_wordings]
    if options.sheet:
        key = make_key(moments, wordings)
        options.sheet.write_text(write_sheet(moments, key))
        options.key.write_bytes(msgspec.json.format(msgspec.json.encode(key), indent=1) + b"\n")


if __name__ == "__main__":
    main()
