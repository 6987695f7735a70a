"""Still framings of a camera angle: a crop that holds, or all of it, or what is needed of it, on a blurred ground.

Pure; nothing moves here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import median

import msgspec
import numpy as np

from schemas.documents import ShotCrop, ShotLook
from schemas.framing import Mode
from schemas.media import Box, CropBox, TimeRange
from schemas.scenery import Shows
from streams.frame.crop import EYES_IN_BOX, EYES_IN_CROP, RATIO, Floats, Subject, even, heads
from streams.frame.figures import figures, upper
from streams.frame.letters import hull
from streams.frame.scenes import Framed, Scene

TOO_WIDE = 0.98
"""Of the crop's width: a face that is usually wider cannot be shown by it."""
TEXT_WIDE = 0.75
"""A crop that holds less of what stands on a screen or a slide cuts its lines off."""
BEYOND_DOUBT = 0.8
"""So surely a screen is shown where the picture is made small for it."""
SAFE = 0.98
"""Share of the looks at which a crop that is beyond doubt holds the main face."""
LETTERS_HIGH, LETTERS_WIDE, LETTERS_STAY = 0.035, 0.25, 0.6
"""Of the picture's height, its width, and the time: smaller or shorter letters are not what it is about."""
CUT_LETTERS = "letters that a crop would cut: all of it on a blurred ground"
MARGIN = 0.3
"""Heights of a line that are left beside it."""
MIDDLE, HIGHEST = 0.5, 0.25
"""How much of what is left over of a ground may lie above all of a picture that stands on it."""
BESIDE, NEARLY_ALL = 0.06, 0.85
"""Of a crop, what a wider part of the picture leaves beside whom it holds; of the picture, where all of it is shown."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A crop, what it holds on, and why; ``inside``: the share of looks at which it holds the main face or person."""

    crop: CropBox
    shows: Shows
    reason: str
    mode: Mode = "hold"
    inside: float = 1.0
    above: float = 0.5
    """Of what a higher ground leaves over of it."""


def held(scene: Scene) -> Decision:
    """The still crop of an angle, or all of it where a crop would cut off what matters."""
    if scene.ground.is_tall:
        cut = f"{scene.ground.aspect} would cut more than half of a tall picture away"
        return everything(scene, f"{cut}: all of it on a blurred ground")
    if scene.cast.subjects:
        return _on_faces(scene)
    return _without_face(scene)


def everything(scene: Scene, reason: str) -> Decision:
    """All of the picture, on a blurred ground."""
    content = scene.ground.content
    return Decision(crop=content, shows="whole", reason=reason, mode="fit", above=above(scene, content))


def above(scene: Scene, crop: CropBox) -> float:
    """Where a wide part of a picture stands on a higher ground: the eyes at a third, as far up as the middle allows."""
    across, down = RATIO[scene.ground.aspect]
    ground_high = crop.width * down / across
    left_over = ground_high - crop.height
    subjects = scene.cast.subjects
    if not subjects or left_over <= 0:
        return MIDDLE
    eyes = median(box.y + EYES_IN_BOX * box.height for box in subjects[0].boxes) - crop.y
    return round(min(MIDDLE, max(HIGHEST, (EYES_IN_CROP * ground_high - eyes) / left_over)), 3)


def widened(scene: Scene, times: Collection[TimeRange], shows: Shows, reason: str) -> Decision:
    """All heads of some stretches, whoever's they are, and all letters, from side to side; else all of the picture.

    It is as wide as it takes and no wider: whoever no crop holds is larger in it than in all of the picture.
    """
    content, across = scene.ground.content, scene.ground.size[0] < scene.ground.content.width
    start, limit = (content.x, content.width) if across else (content.y, content.height)
    spans = _spans(scene, times, across=across)
    room = BESIDE * scene.ground.size[0 if across else 1]
    low, high = max(start, float(spans.min()) - room), min(start + limit, float(spans.max()) + room)
    if high - low > NEARLY_ALL * limit:
        return everything(scene, f"{reason}: all of it on a blurred ground")
    first = even(low - 0.5)
    length = min(even(high - first + 1), (start + limit - first) // 2 * 2)
    crop = (
        CropBox(x=first, y=content.y, width=length, height=content.height)
        if across
        else CropBox(x=content.x, y=first, width=content.width, height=length)
    )
    told = f"{reason}: as much of the picture as holds all of it on a blurred ground"
    return Decision(crop=crop, shows=shows, reason=told, mode="fit", above=above(scene, crop))


def _spans(scene: Scene, times: Collection[TimeRange], *, across: bool) -> Floats:
    """From where to where all that must be seen goes, (n, 2)."""
    samples = [sample for group in scene.groups for track in group for sample in track.samples]
    faces = [sample.face.box for sample in samples if _is_in(sample.at_ms, times)]
    persons = [upper(person) for look in scene.tracks.persons if _is_in(look.at_ms, times) for person in look.persons]
    lines = [one.box for one in scene.tracks.letters if any(one.range.overlap_ms(when) > 0 for when in times)]
    read = [(box.x, box.x + box.width) if across else (box.y, box.y + box.height) for box in lines]
    seen = heads(Subject(boxes=faces or persons), across=across)
    return np.concatenate([seen, np.asarray(read, np.float64).reshape(-1, 2)])


def _is_in(at_ms: int, times: Collection[TimeRange]) -> bool:
    return any(when.start_ms <= at_ms < when.end_ms for when in times)


def safest(scene: Scene) -> Decision:
    """As `held`, but everything is shown unless the crop holds who matters at nearly every look."""
    decision = held(scene)
    if decision.mode == "fit" or decision.inside >= SAFE or scene.ground.holds_all:
        return decision
    return everything(scene, f"a still crop holds the face in {decision.inside:.0%} of its looks: all of the picture")


def framed(scene: Scene, decision: Decision) -> Framed:
    """The same for all shots of the angle."""
    return {number: [shot_of(decision, when)] for number, when in scene.shots.items()}


def shot_of(decision: Decision, when: TimeRange) -> ShotCrop:
    """A decision for a stretch of time."""
    return ShotCrop(
        range=when, mode=decision.mode, crop=decision.crop, shows=decision.shows, reason=decision.reason,
        above=decision.above,
    )  # fmt: skip


def crop_alone(scene: Scene) -> CropBox:
    """The crop that holds whoever or whatever matters best, where nothing but one still crop may be shown."""
    group = list(scene.shots)
    subjects = scene.cast.subjects or (figures(scene.tracks, group) if not scene.is_screen else [])
    if subjects:
        return scene.ground.on_faces(subjects[0], subjects[1:]).crop
    return _on_detail(scene)[0]


def _on_faces(scene: Scene) -> Decision:
    cast, ground = scene.cast, scene.ground
    subjects = cast.subjects
    shows: Shows = "speaker" if cast.speaks_ms else "face"
    wide = median(box.width for box in subjects[0].boxes)
    if wide > TOO_WIDE * ground.size[0] and not ground.holds_all:
        return widened(scene, scene.shots.values(), shows, f"the face is wider than a {ground.aspect} crop")
    placed = ground.on_faces(subjects[0], subjects[1:])
    whose = "the face" if len(subjects) == 1 else f"the main face of {len(subjects)}"
    if cast.speaks_ms:
        heard = f"{cast.speaks_ms / 1000:.1f} of {cast.of_ms / 1000:.1f} s"
        whose = f"the one of {len(subjects)} faces who speaks ({heard})"
    reason = f"holds on {whose}: in frame in {placed.inside:.0%} of {len(subjects[0].boxes)} looks"
    return Decision(crop=placed.crop, shows=shows, reason=reason, inside=placed.inside)


def _without_face(scene: Scene) -> Decision:
    """On a person, else on what a screen or the picture has most of."""
    tracks, group, ground = scene.tracks, list(scene.shots), scene.ground
    persons = figures(tracks, group) if not scene.is_screen else []
    if persons:
        placed = ground.on_faces(persons[0], persons[1:])
        reason = f"no face: holds on a person, seen in {len(persons[0].boxes)} looks"
        return Decision(crop=placed.crop, shows="person", reason=reason, inside=placed.inside)
    if not scene.is_screen and (signs := _on_letters(scene)):
        return signs
    crop, stands_out = _on_detail(scene)
    if not scene.is_screen:
        reason = "no face: most detail and movement" if stands_out else "no face, nothing stands out: centre"
        return Decision(crop=crop, shows="detail" if stands_out else "centre", reason=reason)
    shown = f"a screen or a slide ({scene.screen:.0%} sure)"
    kept = share_held(_mean([look.columns for look in _looks(scene)]), crop.x, crop.width, ground.width)
    if kept < TEXT_WIDE and scene.screen >= BEYOND_DOUBT and not ground.holds_all:
        return msgspec.structs.replace(
            everything(scene, f"{shown}, and a crop holds {kept:.0%} of it: all of it on a blurred ground"),
            shows="screen",
        )
    found = "most detail and movement" if stands_out else "nothing stands out: centre"
    return Decision(crop=crop, shows="screen", reason=f"{shown}{': ' if stands_out else ', '}{found}")


def _on_letters(scene: Scene) -> Decision | None:
    """Titles and signs are what a picture without anybody is about: a crop that holds them, else all of it."""
    content, ground = scene.ground.content, scene.ground
    told = [
        one.box
        for one in scene.tracks.letters
        if is_sign(one.box, content)
        and sum(one.range.overlap_ms(when) for when in scene.shots.values()) >= LETTERS_STAY * scene.length_ms
    ]
    if not told or ground.holds_all:
        return None
    box = hull(told)
    roomy = Box(x=box.x - MARGIN * box.height, y=box.y, width=box.width + 2 * MARGIN * box.height, height=box.height)
    wide, high = ground.size
    if roomy.width > wide or box.height > high:
        return everything(scene, CUT_LETTERS)
    x = min(max(content.x, roomy.x + (roomy.width - wide) / 2), content.x + content.width - wide)
    y = min(max(content.y, box.y + box.height / 2 - high / 2), content.y + content.height - high)
    crop = CropBox(x=even(x - 0.5), y=even(y - 0.5), width=wide, height=high)
    return Decision(crop=crop, shows="detail", reason="no face: holds the letters in it")


def is_sign(box: Box, content: CropBox) -> bool:
    """Whether a line is a title or a sign that fills some of a picture."""
    return box.height >= LETTERS_HIGH * content.height and box.width >= LETTERS_WIDE * content.width


def _looks(scene: Scene) -> list[ShotLook]:
    return [look for look in scene.tracks.looks if look.shot in scene.shots]


def _on_detail(scene: Scene) -> tuple[CropBox, bool]:
    looks = _looks(scene)
    return scene.ground.on_detail(_mean([look.columns for look in looks]), _mean([look.rows for look in looks]))


def share_held(profile: Sequence[float], start: int, length: int, limit: int) -> float:
    """How much of a profile over ``limit`` pixels lies on some of them."""
    if not profile:
        return 1.0
    width = limit / len(profile)
    return sum(
        value * max(0.0, min(start + length, (place + 1) * width) - max(start, place * width)) / width
        for place, value in enumerate(profile)
    )


def _mean(profiles: Sequence[Sequence[float]]) -> list[float]:
    kept = [profile for profile in profiles if profile]
    return [sum(values) / len(kept) for values in zip(*kept, strict=True)] if kept else []
