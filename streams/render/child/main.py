"""The render child: one decode, an encode for each shape, and a look at each result.

Never talks to anything but its descriptors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from core.domain.editing.clock import whole
from core.domain.editing.output_words import words_out
from core.media.decode.reader import Reader
from schemas.documents.edit import Piece
from schemas.documents.frame_plan import FramePlan
from streams.render.child.output_file import Common, Company, Making
from streams.renderer.audio.codec_round_trip import CodecRoundTrip
from streams.renderer.audio.loudness import RATE_HZ
from streams.renderer.audio.mixer import AudioMix, SourceAudio, add_nothing, mix_audio
from streams.renderer.audio.music_bed import BrandAudio
from streams.renderer.audio.speaker_levels import audible_words
from streams.renderer.branding.brand_assets import bumper_slots, with_bumpers
from streams.renderer.caption_plan import build_job_timeline
from streams.renderer.encoding.animated_image import shorten_timeline
from streams.renderer.job import RenderJob, RenderResult
from streams.renderer.render_progress import RenderProgress, Report
from streams.renderer.segments.segment_reuse import SegmentMismatch
from streams.renderer.timeline.slots import OutputTimeline
from streams.renderer.timeline.source_frames import SourcePlayer


def main(args: dict[str, Any], source: BinaryIO | None, report: Report) -> dict[str, Any]:
    """Child entry: ``task`` as JSON text, ``plans`` of the same in further shapes as another, a folder for each in
    ``folders``; ``rendered`` out, for each a `Rendered` as plain values or None, as `render_all` gives them.
    """
    assert source is not None
    task = msgspec.json.decode(args["task"], type=RenderJob)
    plans = msgspec.json.decode(args["plans"], type=list[FramePlan])
    tasks = [task, *(msgspec.structs.replace(task, plan=plan) for plan in plans)]
    return {"rendered": msgspec.to_builtins(render_all(tasks, source, list(map(Path, args["folders"])), report))}


def render(task: RenderJob, source: BinaryIO, scratch: Path, report: Report) -> RenderResult:
    """Make the clip and its thumbnail in ``scratch``. Raises Rejected when the range has no picture."""
    (rendered,) = render_all([task], source, [scratch], report)
    assert rendered is not None
    return rendered


def render_all(
    tasks: Sequence[RenderJob], source: BinaryIO, folders: Sequence[Path], report: Report
) -> list[RenderResult | None]:
    """The same as `render` for tasks that differ in nothing but their plan, by one decode; each in its own folder.

    None for one that could not be made beside the others. Raises when that is so of all, or the source is at fault.
    """
    progress = RenderProgress(report)
    try:
        return _rendered(tasks, source, folders, progress)
    except SegmentMismatch:
        alone = [msgspec.structs.replace(task, earlier_files=[]) for task in tasks]
        return _rendered(alone, source, folders, progress)


def _rendered(
    tasks: Sequence[RenderJob], source: BinaryIO, folders: Sequence[Path], progress: RenderProgress
) -> list[RenderResult | None]:
    """Raises Otherwise where what was made before is not to be trusted."""
    task = tasks[0]
    played = task.pieces or whole(task.plan.range)
    body = build_job_timeline(task, played)
    body = shorten_timeline(body) if task.encoding.file.is_preview else body
    timeline = with_bumpers(body, bumper_slots(task.brand, body.rate))
    reader = Reader(source, task.index, threads=task.encoding.threads)
    mix = _sound(task, reader, body, played, progress)
    common = Common(played=played, timeline=timeline, mix=mix)
    makings = [Making(one, common, folder, progress) for one, folder in zip(tasks, folders, strict=True)]
    with Company(makings) as company:
        lost = _shown(company, SourcePlayer(reader, task.index, timeline), timeline)
        reader.close()
        return company.rendered(lost, progress)


def _shown(company: Company, projector: SourcePlayer, timeline: OutputTimeline) -> list[str]:
    """Every picture to every file; gives what of the source could not be read."""
    try:
        company.each(Making.begin)
        needless_ms = company.needless_ms()
        for part in timeline.parts:
            projector.play(part, company.see, needless_ms)
        if projector.is_interlaced:
            company.each(Making.doubt)
        company.each(Making.end)
    except Exception as error:
        company.drop(error)
        raise
    return projector.loss_warnings()


def _sound(
    task: RenderJob, reader: Reader, body: OutputTimeline, played: Sequence[Piece], progress: RenderProgress
) -> AudioMix:
    """All sound as it is to be encoded; silence of the right length where there is none. ``body`` is the clip's."""
    beside = bumper_slots(task.brand, body.rate)
    timeline = with_bumpers(body, beside)
    if task.encoding.file.audio is None:
        return AudioMix(sound=np.zeros((timeline.samples(RATE_HZ), 2), np.float32))
    source = SourceAudio(reader=reader, index=task.index, step=progress.count_frame)
    words = words_out(task.words, played)
    trial = CodecRoundTrip(task.encoding.audio_bit_rate, task.encoding.file.audio)
    heard = audible_words(words, played)
    added = BrandAudio(task.brand, beside, timeline, heard).add_to if task.brand else add_nothing
    samples = body.samples(RATE_HZ)
    mix = mix_audio(source, played, words, task.options.sound, samples=samples, round_trip=trial, add_brand_audio=added)
    return msgspec.structs.replace(mix, packets=trial.packets_of(mix.sound))
