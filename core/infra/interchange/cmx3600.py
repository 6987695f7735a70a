"""CMX 3600 edit decision lists: cuts, speeds and captions, no levels. Pure.

We write them ourselves: OpenTimelineIO's writer divides a retimed source by its speed where the field multiplies,
writes drop-frame time code without saying so, and leaves the sound out. Its reader reads our lists (tests).
"""

from __future__ import annotations

from collections.abc import Iterator

from core.domain.editing.interchange import Cut, Handover, InterchangeFile, timecode
from core.infra.interchange.naming import base_name, one_line

RECORD_START_HOURS = 1
"""Time code at which the sequence begins: one o'clock, by custom."""
MAX_LINE_CHARACTERS = 80
NO_GAIN = "edl: a list has no levels; {} plays at {:+g} dB"


def write_edl(handover: Handover) -> InterchangeFile:
    """Write the list. Levels are lost: each is named in the warnings, and in the list as a comment."""
    rate = handover.rate
    start = RECORD_START_HOURS * 3600 * round(rate)
    warnings = [NO_GAIN.format(cut.segment_id, cut.gain_db) for cut in handover.cuts if cut.gain_db and not cut.muted]
    lines = [f"TITLE: {one_line(handover.name)[:70]}", "FCM: NON-DROP FRAME", ""]
    for number, cut in enumerate(handover.cuts, start=1):
        lines += [_event(number, cut, handover, start), *_comments(cut, handover, start), ""]
    lines += [f"* {one_line(warning)}" for warning in warnings]
    return InterchangeFile(text="\n".join(lines).rstrip("\n") + "\n", warnings=warnings)


def _event(number: int, cut: Cut, handover: Handover, start: int) -> str:
    first = handover.media.first + cut.source
    times = (first, first + cut.source_count, start + cut.record, start + cut.record + cut.count)
    codes = " ".join(timecode(time, handover.rate) for time in times)
    return f"{number:03d}  {handover.media.reel:<8} {_channels(cut, handover):<5} C        {codes}"


def _channels(cut: Cut, handover: Handover) -> str:
    if cut.muted or not handover.media.channels:
        return "V"
    return "B" if handover.media.channels == 1 else "AA/V"


def _comments(cut: Cut, handover: Handover, start: int) -> Iterator[str]:
    """Speed, file name, and the captions that begin in this cut."""
    if cut.speed != 1:
        at = timecode(handover.media.first + cut.source, handover.rate)
        yield f"M2   {handover.media.reel:<8}       {float(round(handover.rate) * cut.speed):05.1f}                {at}"
    yield f"* FROM CLIP NAME:  {one_line(base_name(handover.media.name))}"
    for mark in handover.marks:
        if cut.record <= mark.record < cut.record + cut.count:
            text = one_line(mark.text)[:MAX_LINE_CHARACTERS]
            yield f"* LOC: {timecode(start + mark.record, handover.rate)} YELLOW  {text}"
