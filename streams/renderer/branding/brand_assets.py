"""What a brand kit adds to an export, as its child is told, and how many slots of it that takes. Pure data."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from uuid import UUID

import msgspec

from schemas.common import Value
from schemas.documents.edit import Piece
from schemas.documents.source import SourceIndex
from schemas.options.brand_kit import BrandKit
from schemas.options.caption_template import Font
from streams.renderer.timeline.slots import OutputTimeline


class BrandAssets(Value, frozen=True, kw_only=True):
    """A version of a kit, its files where the child finds them, and who the voices are."""

    kit: BrandKit
    files: dict[UUID, str] = {}
    """By asset: a path in the parent's scratch folder."""
    indexes: dict[UUID, SourceIndex] = {}
    """Of intro, outro and music."""
    names: dict[str, str] = {}
    """Of speakers, by their ids; those without a name are not there."""

    @property
    def fonts(self) -> dict[Font, str]:
        """Paths of own fonts by their roles."""
        return {role: self.files[asset_id] for role, asset_id in self.kit.fonts.items() if asset_id in self.files}


class BumperSlots(Value, frozen=True, kw_only=True):
    """Slots before and after the clip: an intro; an end card, then an outro."""

    intro: int = 0
    card: int = 0
    outro: int = 0


def bumper_slots(assets: BrandAssets | None, rate: Fraction) -> BumperSlots:
    """How many slots each part takes at so many pictures a second."""
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
    """The clock of all that is played; ``body`` is of the clip with what plays before it."""
    return msgspec.structs.replace(clip, count=clip.count + bumpers.card + bumpers.outro)


def delayed_pieces(played: Sequence[Piece], slots: int, rate: Fraction) -> list[Piece]:
    """The pieces so much later, for what plays before them: all that counts from them is as much later."""
    late_ms = float(slots * 1000 / rate)
    return [msgspec.structs.replace(piece, output_start_ms=piece.output_start_ms + late_ms) for piece in played]
