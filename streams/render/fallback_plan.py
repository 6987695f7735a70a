"""What the second try of a failed export does otherwise: crops that cut nothing off, captions that stand still. Pure.

Only what the failed checks are about is made simpler: the rest stays as it was asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from core.domain.framing.geometry import is_cut, share_shown
from schemas.common import CropBox, Value
from schemas.documents.frame_plan import FramePlan, ShotCrop
from schemas.documents.quality import Check, CheckName
from schemas.options.caption_template import DEFAULT_TEMPLATE, CaptionTemplate, Motion, template_named
from streams.render.quality.check_framing import WHOLE

FACES: frozenset[CheckName] = frozenset({"nobody_in_frame", "cut_face", "cut_letters"})
MOVEMENT: frozenset[CheckName] = frozenset({"jitter", "reversals"})
LETTERS: frozenset[CheckName] = frozenset({"caption_offset", "caption_cut_off"})
FEWER_WORDS = 3
FIT_REASON = "the whole picture, in a second try: {}"


class Simpler(Value, frozen=True, kw_only=True):
    """A safer way to the same clip, and what it does otherwise, each as a phrase."""

    plan: FramePlan
    template: CaptionTemplate | None
    styles: bool
    """Whether segments keep their own captions' looks."""
    told: list[str]


def failed(checks: Sequence[Check]) -> list[CheckName]:
    """The checks that fail."""
    return [check.name for check in checks if check.verdict == "fail"]


def simpler(
    plan: FramePlan, template: CaptionTemplate | None, faults: Collection[CheckName], *, styled: bool = False
) -> Simpler | None:
    """What may pass where these checks failed; None where no safer plan helps: a silent source stays silent.

    ``styled``: some segments have captions that look otherwise.
    """
    told: list[str] = []
    safer, look = plan, template
    if FACES.union(MOVEMENT).intersection(faults):
        safer = safer_plan(plan, faults)
        told += _changes(plan.shots, safer.shots)
    letters = bool(LETTERS.intersection(faults))
    if letters:
        look = plain_captions()
        told += [f"plain captions of at most {FEWER_WORDS} words"] if styled or look != template else []
    return Simpler(plan=safer, template=look, styles=not letters, told=told) if told else None


def safer_plan(plan: FramePlan, faults: Collection[CheckName]) -> FramePlan:
    """Still crops only, as framing itself would have it, and nothing cropped away where that still loses a face.

    Where no crop moves in the plan and it was the movement that failed, nothing is cropped away in any shot.
    """
    shots, faces = (plan.safer, plan.safer_faces) if plan.safer else (plan.shots, plan.faces)
    all_of_it = shots == plan.shots and bool(MOVEMENT.intersection(faults))
    fitted = [_fit(plan, shot) if all_of_it or not _is_safe(plan, shot) else shot for shot in shots]
    return msgspec.structs.replace(plan, shots=fitted, faces=faces)


def _is_safe(plan: FramePlan, shot: ShotCrop) -> bool:
    """Whether it stands still, loses no face and cuts no letters."""
    looks = [one for one in plan.expected if shot.range.start_ms <= one.at_ms < shot.range.end_ms]
    whole = all(share_shown(one.box, shot, one.at_ms) >= WHOLE for one in looks)
    signs = [one for one in plan.signs if shot.range.overlap_ms(one.range) > 0]
    cut = any(is_cut(one.box, shot, shot.range.start_ms) for one in signs)
    return whole and not cut and not shot.path and not shot.panes


def _fit(plan: FramePlan, shot: ShotCrop) -> ShotCrop:
    if shot.mode == "fit":
        return shot
    crop = shot.content or CropBox(x=0, y=0, width=plan.source_width, height=plan.source_height)
    return msgspec.structs.replace(
        shot, mode="fit", crop=crop, path=[], panes=[], reason=FIT_REASON.format(shot.reason)
    )


def _changes(before: Sequence[ShotCrop], after: Sequence[ShotCrop]) -> list[str]:
    """What a person would see of it."""
    changed = [shot for shot in after if shot not in before]
    whole = sum(shot.mode == "fit" for shot in changed)
    told = [(whole, "the whole picture"), (len(changed) - whole, "a still crop")]
    return [f"{what} in {count} of {len(after)} shots" for count, what in told if count]


def plain_captions() -> CaptionTemplate:
    """The default template without movement, and with few words at once."""
    template = template_named(DEFAULT_TEMPLATE)
    return msgspec.structs.replace(
        template,
        highlight=msgspec.structs.replace(template.highlight, how="colour", scale=1.0),
        motion=Motion(),
        wrap=msgspec.structs.replace(template.wrap, max_words=FEWER_WORDS),
    )
