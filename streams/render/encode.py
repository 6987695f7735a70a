"""The render child: one decode, one encode, and a look at the result. Never talks to anything but its descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, BinaryIO

import msgspec
import numpy as np

from schemas.edit import Piece
from schemas.edit_clock import union, whole
from schemas.edited import words_out
from streams.adapters.media.reader import Reader
from streams.render.bed import Surroundings
from streams.render.certificate import examine
from streams.render.checks.case import Meant, comes_in_ms
from streams.render.checks.witness import Witness
from streams.render.damage import stills_told
from streams.render.dress import around, extended
from streams.render.edl import OUTPUT_SIZES, Timeline
from streams.render.film import Film, Progress, Report
from streams.render.inserts import Inserts
from streams.render.loudness import RATE_HZ, Sound
from streams.render.mix import Mixed, Source, alone, limits_for, mixed
from streams.render.previews import file_size, preview_count, shortened
from streams.render.stems import save_stems, stems_of
from streams.render.storyboard import STORYBOARD_FILE
from streams.render.task import Rendered, RenderTask, clip_file, clock_of, cues_of
from streams.render.trial import heard_after
from streams.render.writer import open_writer


def main(args: dict[str, Any], source: BinaryIO | None, report: Report) -> dict[str, Any]:
    """Child entry: ``task`` as JSON text and ``scratch`` in, a `Rendered` as plain values out."""
    assert source is not None
    task = msgspec.json.decode(args["task"], type=RenderTask)
    rendered = render(task, source, Path(args["scratch"]), report)
    plain: dict[str, Any] = msgspec.to_builtins(rendered)
    return plain


def render(task: RenderTask, source: BinaryIO, scratch: Path, report: Report) -> Rendered:
    """Make the clip and its thumbnail in ``scratch``. Raises Rejected when the range has no picture."""
    played = task.pieces or whole(task.plan.range)
    file = task.encoding.file
    body = clock_of(task, played)
    body = shortened(body) if file.is_preview else body
    timeline = extended(body, around(task.brand, body.rate))
    reader = Reader(source, task.index, threads=task.encoding.threads)
    progress = Progress(report)
    mix = _sound(task, reader, body, played, progress)
    cues, missing_glyphs = cues_of(task, played)
    path = scratch / clip_file(task.encoding)
    witness = Witness()
    film = Film(task, timeline, cues, scratch, progress, witness)
    lost = _encode(task, reader, timeline, mix.sound, film, scratch)
    reader.close()
    stems = stems_of(mix) if task.options.stems else {}
    turned_down = save_stems(scratch, stems)
    meant = Meant(
        plan=task.plan,
        timeline=timeline,
        size_px=file_size(file, OUTPUT_SIZES[task.plan.aspect]),
        sound=mix.sound,
        witness=witness,
        cues=cues,
        words=words_out(task.words, played),
        comes_in_ms=comes_in_ms(task.template),
        limits=limits_for(task.options.sound),
        source_lost=any(one.startswith("video.frozen") for one in lost),
        file=file,
        preset=task.options.preset,
        count=preview_count(timeline) if file.is_preview else None,
    )
    began = process_time()
    certificate = examine(
        path, meant, encoder=task.encoding.name, warnings=[*mix.warnings, *missing_glyphs, *lost, *turned_down]
    )
    looked_cpu_ms = round((process_time() - began) * 1000)
    return Rendered(
        certificate=msgspec.structs.replace(certificate, sound=mix.report),
        thumbnails=film.thumbnail.save(scratch, film.title),
        storyboard=film.tiles.save(scratch / STORYBOARD_FILE) if film.tiles else None,
        stems=list(stems),
        looked_cpu_ms=looked_cpu_ms,
    )


def _sound(task: RenderTask, reader: Reader, body: Timeline, played: Sequence[Piece], progress: Progress) -> Mixed:
    """All sound as it is to be encoded; silence of the right length where there is none. ``body`` is the clip's."""
    beside = around(task.brand, body.rate)
    timeline = extended(body, beside)
    if task.encoding.file.audio is None:
        return Mixed(sound=np.zeros((timeline.samples(RATE_HZ), 2), np.float32))
    source = Source(reader=reader, index=task.index, step=progress.step)
    words = words_out(task.words, played)
    trial = partial(heard_after, bit_rate=task.encoding.audio_bit_rate, audio=task.encoding.file.audio)
    added = Surroundings(task.brand, beside, timeline, words).added if task.brand else alone
    samples = body.samples(RATE_HZ)
    return mixed(source, played, words, task.options.sound, samples=samples, trial=trial, added=added)


def _encode(
    task: RenderTask,
    reader: Reader,
    timeline: Timeline,
    sound: Sound,
    film: Film,
    scratch: Path,
) -> list[str]:
    size_px = OUTPUT_SIZES[task.plan.aspect]
    with open_writer(scratch / clip_file(task.encoding), size_px, timeline, sound, task.encoding) as writer:
        inserts = Inserts(task.brand, around(task.brand, timeline.rate), timeline, size_px, scratch)
        film.insert(inserts.before(), writer)
        for part in timeline.parts:
            film.play(part, reader, writer)
        film.insert(inserts.after(), writer)
    damaged = sum(reader.damaged(stretch) for stretch in union(film.ranges))
    warnings = [f"video.damaged: {damaged} pictures of the source are damaged there"] if damaged else []
    return warnings + stills_told(film.stills)
