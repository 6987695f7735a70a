"""The render child: one decode, one encode for each aspect, quality checks on each file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from core.domain.editing.clock import single_segment
from core.domain.editing.output_words import words_out
from core.media.decode.reader import SourceReader
from schemas.documents.edit import PlacedSegment
from schemas.documents.frame_plan import FramePlan
from streams.render.child.output_file import OutputFile, OutputFiles, SharedMedia
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
    """Child entry.

    ``task``: a job as JSON; ``plans``: the frame plans of further aspects; ``folders``: one for each. Returns
    ``rendered``: for each job a `RenderResult` as plain values, or None, as `render_all` returns them.
    """
    assert source is not None
    job = msgspec.json.decode(args["task"], type=RenderJob)
    plans = msgspec.json.decode(args["plans"], type=list[FramePlan])
    jobs = [job, *(msgspec.structs.replace(job, plan=plan) for plan in plans)]
    return {"rendered": msgspec.to_builtins(render_all(jobs, source, list(map(Path, args["folders"])), report))}


def render(job: RenderJob, source: BinaryIO, scratch: Path, report: Report) -> RenderResult:
    """Render the clip and its images into ``scratch``. Raises InputRejected when the range has no video."""
    (rendered,) = render_all([job], source, [scratch], report)
    assert rendered is not None
    return rendered


def render_all(
    jobs: Sequence[RenderJob], source: BinaryIO, folders: Sequence[Path], report: Report
) -> list[RenderResult | None]:
    """Render jobs that differ only in their plan with one decode, each into its own folder.

    None for a job that failed while others succeeded. Raises when all fail, or the source is at fault.
    """
    progress = RenderProgress(report)
    try:
        return _render_outputs(jobs, source, folders, progress)
    # Found out in the middle of a file that is half copied: begin again, and encode every frame.
    except SegmentMismatch:
        without_reuse = [msgspec.structs.replace(job, earlier_files=[]) for job in jobs]
        return _render_outputs(without_reuse, source, folders, progress)


def _render_outputs(
    jobs: Sequence[RenderJob], source: BinaryIO, folders: Sequence[Path], progress: RenderProgress
) -> list[RenderResult | None]:
    """Raises SegmentMismatch where cached segments cannot be trusted."""
    job = jobs[0]
    played = job.pieces or single_segment(job.plan.range)
    clip_timeline = build_job_timeline(job, played)
    clip_timeline = shorten_timeline(clip_timeline) if job.encoding.file.is_preview else clip_timeline
    timeline = with_bumpers(clip_timeline, bumper_slots(job.brand, clip_timeline.rate))
    reader = SourceReader(source, job.index, threads=job.encoding.threads)
    mix = _build_audio(job, reader, clip_timeline, played, progress)
    shared = SharedMedia(played=played, timeline=timeline, mix=mix)
    outputs = [
        OutputFile(output_job, shared, folder, progress) for output_job, folder in zip(jobs, folders, strict=True)
    ]
    with OutputFiles(outputs) as output_files:
        losses = _play_source(output_files, SourcePlayer(reader, job.index, timeline), timeline)
        reader.close()
        return output_files.build_results(losses, progress)


def _play_source(outputs: OutputFiles, player: SourcePlayer, timeline: OutputTimeline) -> list[str]:
    """Show every frame to every output; returns warnings about undecodable video."""
    try:
        outputs.apply_to_each(OutputFile.open)
        needless_ms = outputs.skippable_ms()
        for part in timeline.timeline_parts:
            player.play(part, outputs.add_frame, needless_ms)
        # Only decoding shows it.
        if player.is_interlaced:
            outputs.apply_to_each(OutputFile.reject_reuse)
        outputs.apply_to_each(OutputFile.finish)
    except Exception as error:
        outputs.drop_all(error)
        raise
    return player.loss_warnings()


def _build_audio(
    job: RenderJob,
    reader: SourceReader,
    clip_timeline: OutputTimeline,
    played: Sequence[PlacedSegment],
    progress: RenderProgress,
) -> AudioMix:
    """Mix the audio to encode; silence of the right length for files without audio."""
    bumpers = bumper_slots(job.brand, clip_timeline.rate)
    timeline = with_bumpers(clip_timeline, bumpers)
    if job.encoding.file.audio is None:
        return AudioMix(sound=np.zeros((timeline.samples(RATE_HZ), 2), np.float32))
    source = SourceAudio(reader=reader, index=job.index, step=progress.count_frame)
    words = words_out(job.words, played)
    round_trip = CodecRoundTrip(job.encoding.audio_bit_rate, job.encoding.file.audio)
    audible = audible_words(words, played)
    add_brand_audio = BrandAudio(job.brand, bumpers, timeline, audible).add_to if job.brand else add_nothing
    samples = clip_timeline.samples(RATE_HZ)
    mix = mix_audio(
        source,
        played,
        words,
        job.options.sound,
        samples=samples,
        round_trip=round_trip,
        add_brand_audio=add_brand_audio,
    )
    return msgspec.structs.replace(mix, packets=round_trip.packets_of(mix.sound))
