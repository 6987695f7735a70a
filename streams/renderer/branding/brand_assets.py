"""The brand kit as the render child gets it, and the slots that its bumpers take. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from uuid import UUID

import msgspec

from schemas.common import Value
from schemas.documents.edit import PlacedSegment
from schemas.documents.source import SourceIndex
from schemas.options.brand_kit import BrandKit
from schemas.options.caption_template import Font
from streams.renderer.timeline.slots import OutputTimeline


class BrandAssets(Value, frozen=True, kw_only=True):
    """A version of a kit, the local paths of its files, and the speakers' names."""

    kit: BrandKit
    files: dict[UUID, str] = {}
    """Path in the parent's scratch folder, by asset."""
    indexes: dict[UUID, SourceIndex] = {}
    """Index of intro, outro and music, by asset."""
    names: dict[str, str] = {}
    """Names by speaker id; speakers without a name are left out."""

    @property
    def fonts(self) -> dict[Font, str]:
        """Paths of the kit's own fonts, by role."""
        return {role: self.files[asset_id] for role, asset_id in self.kit.fonts.items() if asset_id in self.files}


class BumperSlots(Value, frozen=True, kw_only=True):
    """Slots before and after the clip: an intro; an end card, then an outro."""

    intro: int = 0
    card: int = 0
    outro: int = 0


def bumper_slots(assets: BrandAssets | None, rate: Fraction) -> BumperSlots:
    """Number of slots of each bumper at a frame rate."""
    if assets is None:
        return BumperSlots()
    kit = assets.kit
    return BumperSlots(
        intro=_slots(assets, kit.intro, rate),
        card=round(kit.end_card.seconds * rate) if kit.end_card is not None else 0,
        outro=_slots(assets, kit.outro, rate),
    )


def _slots(assets: BrandAssets, asset_id: UUID | None, rate: Fraction) -> int:
    index = assets.indexes.get(asset_id) if asset_id is not None else None
    return round(index.duration_ms * rate / 1000) if index is not None else 0


def with_bumpers(clip: OutputTimeline, bumpers: BumperSlots) -> OutputTimeline:
    """Extend the clip's timeline by the end card and the outro; an intro is part of ``clip`` already."""
    return msgspec.structs.replace(clip, count=clip.count + bumpers.card + bumpers.outro)


def delayed_pieces(played: Sequence[PlacedSegment], slots: int, rate: Fraction) -> list[PlacedSegment]:
    """Move pieces back on the output clock by the slots that play before them."""
    late_ms = float(slots * 1000 / rate)
    return [msgspec.structs.replace(piece, output_start_ms=piece.output_start_ms + late_ms) for piece in played]
