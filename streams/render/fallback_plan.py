"""Plans the second try of a failed export: safer crops, still captions. Pure.

Only what the failed checks concern is simplified; the rest stays as requested.
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

FACE_CHECKS: frozenset[CheckName] = frozenset({"nobody_in_frame", "cut_face", "cut_letters"})
"""Checks that a safer crop may pass."""
MOVEMENT_CHECKS: frozenset[CheckName] = frozenset({"jitter", "reversals"})
"""Checks that a still crop may pass."""
CAPTION_CHECKS: frozenset[CheckName] = frozenset({"caption_offset", "caption_cut_off"})
"""Checks that plainer captions may pass."""
MAX_FALLBACK_WORDS = 3
"""Words per cue of fallback captions."""
FIT_REASON = "the whole picture, in a second try: {}"


class FallbackPlan(Value, frozen=True, kw_only=True):
    """A safer plan of the same clip, and what it changes, in phrases."""

    plan: FramePlan
    template: CaptionTemplate | None
    keeps_styles: bool
    """Whether segments keep caption styles of their own."""
    changes: list[str]


def list_failed_checks(checks: Sequence[Check]) -> list[CheckName]:
    """Names of the failed checks."""
    return [check.name for check in checks if check.verdict == "fail"]


def build_fallback(
    plan: FramePlan, template: CaptionTemplate | None, failed_checks: Collection[CheckName], *, has_styles: bool = False
) -> FallbackPlan | None:
    """Build what may pass the failed checks; None where no safer plan helps, as with a silent source.

    ``has_styles``: some segments have caption styles of their own.
    """
    changes: list[str] = []
    safe_plan, look = plan, template
    if FACE_CHECKS.union(MOVEMENT_CHECKS).intersection(failed_checks):
        safe_plan = build_safe_framing(plan, failed_checks)
        changes += _describe_changes(plan.shots, safe_plan.shots)
    letters = bool(CAPTION_CHECKS.intersection(failed_checks))
    if letters:
        look = build_plain_captions()
        changes += [f"plain captions of at most {MAX_FALLBACK_WORDS} words"] if has_styles or look != template else []
    return FallbackPlan(plan=safe_plan, template=look, keeps_styles=not letters, changes=changes) if changes else None


def build_safe_framing(plan: FramePlan, failed_checks: Collection[CheckName]) -> FramePlan:
    """Replace moving crops by still ones, and fit shots whose crop still loses a face.

    Where no crop moves and movement failed nevertheless, every shot is fitted.
    """
    shots, faces = (plan.safer, plan.safer_faces) if plan.safer else (plan.shots, plan.faces)
    fits_all = shots == plan.shots and bool(MOVEMENT_CHECKS.intersection(failed_checks))
    fitted = [_fit_shot(plan, shot) if fits_all or not _is_safe(plan, shot) else shot for shot in shots]
    return msgspec.structs.replace(plan, shots=fitted, faces=faces)


def _is_safe(plan: FramePlan, shot: ShotCrop) -> bool:
    """Whether the crop is still, holds all faces and cuts no on-screen text."""
    looks = [look for look in plan.expected if shot.range.start_ms <= look.at_ms < shot.range.end_ms]
    holds_faces = all(share_shown(look.box, shot, look.at_ms) >= WHOLE for look in looks)
    signs = [sign for sign in plan.signs if shot.range.overlap_ms(sign.range) > 0]
    cuts_sign = any(is_cut(sign.box, shot, shot.range.start_ms) for sign in signs)
    return holds_faces and not cuts_sign and not shot.path and not shot.panes


def _fit_shot(plan: FramePlan, shot: ShotCrop) -> ShotCrop:
    if shot.mode == "fit":
        return shot
    crop = shot.content or CropBox(x=0, y=0, width=plan.source_width, height=plan.source_height)
    return msgspec.structs.replace(
        shot, mode="fit", crop=crop, path=[], panes=[], reason=FIT_REASON.format(shot.reason)
    )


def _describe_changes(planned: Sequence[ShotCrop], safer: Sequence[ShotCrop]) -> list[str]:
    """Describe the changes that a viewer would notice."""
    changed = [shot for shot in safer if shot not in planned]
    fitted = sum(shot.mode == "fit" for shot in changed)
    counts = [(fitted, "the whole picture"), (len(changed) - fitted, "a still crop")]
    return [f"{framing} in {count} of {len(safer)} shots" for count, framing in counts if count]


def build_plain_captions() -> CaptionTemplate:
    """The default template without motion, with few words at a time."""
    template = template_named(DEFAULT_TEMPLATE)
    return msgspec.structs.replace(
        template,
        highlight=msgspec.structs.replace(template.highlight, how="colour", scale=1.0),
        motion=Motion(),
        wrap=msgspec.structs.replace(template.wrap, max_words=MAX_FALLBACK_WORDS),
    )
