"""FCPXML 1.10. Pure.

We write it ourselves: OpenTimelineIO's writer supports no 1001 rates and runs ffprobe. Elements and attributes are in
the order of Apple's document type definition for 1.10. Every time is a whole number of frames.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from core.domain.editing.interchange import Cut, Handover, InterchangeFile, Mark
from core.infra.interchange.naming import base_name, media_url, one_line

FORMAT, ASSET = "r1", "r2"
STYLE = {
    "font": "Helvetica",
    "fontSize": "13",
    "fontFace": "Regular",
    "fontColor": "1 1 1 1",
    "backgroundColor": "0 0 0 1",
}
MAX_NAME_CHARACTERS = 60


def write_fcpxml(handover: Handover) -> InterchangeFile:
    """Write the document.

    Speed is a time map, a muted range plays video only, captions are a caption track.
    """
    root = Element("fcpxml", version="1.10")
    _resources(SubElement(root, "resources"), handover)
    event = SubElement(SubElement(root, "library"), "event", name="Clipstream")
    project = SubElement(event, "project", name=one_line(handover.name))
    time = {"duration": _time(handover.count, handover.rate), "tcStart": "0s", "tcFormat": "NDF"}
    sound = {"audioLayout": "stereo", "audioRate": "48k"}
    sequence = SubElement(project, "sequence", {"format": FORMAT, **time, **sound})
    spine = SubElement(sequence, "spine")
    for cut in handover.cuts:
        _clip(spine, cut, handover)
    indent(root, " ")
    for lines in root.iter("text"):  # white space in there would be shown
        lines.text = lines[0].tail = None
    text = tostring(root, encoding="unicode")
    return InterchangeFile(text=f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n\n{text}\n')


def _time(pictures: int, rate: Fraction) -> str:
    """A number of frames as seconds, unrounded and unreduced, as Final Cut Pro writes them."""
    return f"{pictures * rate.denominator}/{rate.numerator}s" if pictures else "0s"


def _resources(parent: Element, handover: Handover) -> None:
    media, rate = handover.media, handover.rate
    size = {"width": str(media.width_px), "height": str(media.height_px)}
    SubElement(parent, "format", {"id": FORMAT, "frameDuration": _time(1, rate), **size})
    length = {"start": _time(media.first, rate), "duration": _time(media.count, rate)}
    has = {"hasVideo": "1", "videoSources": "1", "format": FORMAT}
    if media.channels:
        has |= {"hasAudio": "1", "audioSources": "1", "audioChannels": str(media.channels)}
        has |= {"audioRate": str(media.sample_rate_hz)}
    asset = SubElement(parent, "asset", {"id": ASSET, "name": one_line(base_name(media.name)), **length, **has})
    SubElement(asset, "media-rep", kind="original-media", src=media_url(media.name))


def _clip(spine: Element, cut: Cut, handover: Handover) -> None:
    """Add a clip. A retimed one counts its own time from 0; its map gives the time in the file."""
    rate, first = handover.rate, handover.media.first + cut.source
    begins = 0 if cut.speed != 1 else first
    attributes = {"offset": _time(cut.record, rate), "name": one_line(base_name(handover.media.name))}
    attributes |= {
        "start": _time(begins, rate),
        "duration": _time(cut.count, rate),
        "format": FORMAT,
        "tcFormat": "NDF",
    }
    if handover.media.channels:
        attributes |= {"srcEnable": "video"} if cut.muted else {"audioRole": "dialogue"}
    clip = SubElement(spine, "asset-clip", {"ref": ASSET, **attributes})
    if cut.speed != 1:
        ends = {"time": _time(cut.count, rate), "value": _time(first + cut.source_count, rate)}
        times = SubElement(clip, "timeMap")
        SubElement(times, "timept", {"time": "0s", "value": _time(first, rate), "interp": "linear"})
        SubElement(times, "timept", {**ends, "interp": "linear"})
    if cut.gain_db and not cut.muted:
        SubElement(clip, "adjust-volume", amount=f"{cut.gain_db:g}dB")
    for number, mark in enumerate(handover.marks, start=1):
        if cut.record <= mark.record < cut.record + cut.count:
            _caption(clip, mark, number, begins + mark.record - cut.record, handover)


def _caption(clip: Element, mark: Mark, number: int, offset: int, handover: Handover) -> None:
    rate, style = handover.rate, f"ts{number}"
    attributes = {"lane": "1", "offset": _time(offset, rate), "name": one_line(mark.text)[:MAX_NAME_CHARACTERS]}
    attributes |= {"start": "3600s", "duration": _time(mark.count, rate)}
    caption = SubElement(clip, "caption", {**attributes, "role": f"iTT?captionFormat=ITT.{handover.language}"})
    lines = SubElement(caption, "text", placement="bottom")
    SubElement(lines, "text-style", ref=style).text = mark.text
    SubElement(SubElement(caption, "text-style-def", id=style), "text-style", STYLE)
