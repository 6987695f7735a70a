"""Features of labelled windows as the product measures them, and the sentence vectors that they need.

Scores nothing. Sentence vectors are kept in the cache folder: the same sentences are asked once.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.posting.posting_labels import LabelledWindow
from benchmarks.ranking.score_rig import material, window_of
from core.infra.triton.embeddings import TritonSentences
from local.config.paths import cache_dir
from schemas.common import TimeRange
from schemas.options.project import ProjectOptions
from streams.detect.candidates.speech_windows import find_speech_windows
from streams.detect.features.project_baseline import read_baseline
from streams.detect.posting.posting_features import measure_posting_features
from streams.detect.scoring import measure_window
from streams.detect.semantics import texts_to_embed
from streams.detect.timeline import EmbeddedTexts, ProjectAnalysis, build_timeline
from streams.detect.window import CandidateWindow
from tests.contract.rigs.triton_server import running

Floats = NDArray[np.float64]
MODEL = "all-MiniLM-L6-v2"
MAX_CANDIDATES_COUNT = 400
"""Windows of a text, evenly drawn, of which the median is taken."""


class MeasuredText(msgspec.Struct, frozen=True, kw_only=True):
    """Features of a text's windows that are judged, and of a sample of all that detect would weigh."""

    name: str
    features: dict[str, Floats]
    candidates: dict[str, Floats]


def embed(analyses: Sequence[ProjectAnalysis]) -> list[ProjectAnalysis]:
    """The same with the vectors of their sentences, from the cache or from Triton."""
    texts = [texts_to_embed(build_timeline(analysis), []) for analysis in analyses]
    folder = cache_dir(os.environ) / "sentence-vectors"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()[:32]}.npy" for lines in texts]
    missing = [(path, lines) for path, lines in zip(paths, texts, strict=True) if not path.exists()]
    if missing:
        with tempfile.TemporaryDirectory() as logs, running(Path(logs) / "triton.log") as triton:
            asyncio.run(_ask(triton.url, missing))
    return [
        msgspec.structs.replace(analysis, embedded=EmbeddedTexts(values=np.load(path), model=MODEL))
        for analysis, path in zip(analyses, paths, strict=True)
    ]


async def _ask(url: str, missing: Sequence[tuple[Path, Sequence[str]]]) -> None:
    sentences = TritonSentences(url)
    try:
        for at, (path, lines) in enumerate(missing, 1):
            vectors = await sentences.embed(lines)
            partial = path.with_suffix(".partial.npy")
            np.save(partial, vectors.values.astype(np.float32))
            partial.rename(path)
            print(f"sentence vectors: {at} of {len(missing)} texts", flush=True)
    finally:
        await sentences.close()


def measure_text(name: str, analysis: ProjectAnalysis, ranges: Sequence[TimeRange]) -> MeasuredText:
    """Measure the windows at ``ranges``."""
    timeline = build_timeline(analysis)
    baseline = read_baseline(timeline, analysis.embedded)
    options = ProjectOptions()
    candidates = find_speech_windows(timeline, min_ms=options.min_clip_ms, max_ms=options.max_clip_ms)
    windows = [window_of(timeline, part) for part in ranges]

    def measure(chosen: Sequence[CandidateWindow]) -> dict[str, Floats]:
        raws = [measure_window(window, timeline, baseline) for window in chosen]
        return measure_posting_features(chosen, raws, timeline, baseline)

    step = max(1, len(candidates) // MAX_CANDIDATES_COUNT)
    return MeasuredText(name=name, features=measure(windows), candidates=measure(candidates[::step]))


def measure_labelled(windows: Sequence[LabelledWindow], media: Path) -> list[MeasuredText]:
    """Measure labelled windows, text by text in their order."""
    groups = [list(group) for _, group in itertools.groupby(windows, key=lambda window: window.text.name)]
    texts = [group[0].text for group in groups]
    analyses = embed([material(text.name, text.sentences, media) for text in texts])
    return [
        measure_text(
            text.name,
            analysis,
            [
                TimeRange(start_ms=text.sentences[window.first].start_ms, end_ms=text.sentences[window.last].end_ms)
                for window in group
            ],
        )
        for text, analysis, group in zip(texts, analyses, groups, strict=True)
    ]
