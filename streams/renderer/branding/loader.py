"""Loads a pinned brand kit for the render child: brings its files to the scratch folder."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import msgspec

from core.ports.stores import Objects
from schemas.common import ObjectRef, Value
from schemas.documents.edit import PlacedSegment
from schemas.documents.source import SourceIndex
from schemas.documents.transcript import Transcript
from schemas.options.brand_kit import BrandSnapshot, named_assets
from schemas.options.export_options import BrandPin
from streams.renderer.branding.brand_assets import BrandAssets, bumper_slots, delayed_pieces
from streams.renderer.timeline.slots import build_timeline

COPY_BYTES = 8 * 2**20
"""Bytes read at a time."""
MISSING_WARNING = "brand.missing: {}: the clip is made without it"
"""Warning about a part of the kit that is missing."""


class LoadedBrand(Value, frozen=True, kw_only=True):
    """The loaded kit, and warnings about what is missing."""

    assets: BrandAssets | None = None
    warnings: list[str] = []


def list_brand_files(snapshot: BrandSnapshot | None) -> dict[str, ObjectRef | None]:
    """Stored files of a kit by their place in it: part of an export's inputs."""
    if snapshot is None:
        return {}
    assets = {pointer: snapshot.assets.get(asset_id) for pointer, asset_id, _ in named_assets(snapshot.kit)}
    return {f"brand{pointer.replace('/', '.')}": asset.object if asset else None for pointer, asset in assets.items()}


def pieces_after_intro(
    played: list[PlacedSegment], assets: BrandAssets | None, index: SourceIndex, min_rate: Fraction
) -> list[PlacedSegment]:
    """Move the pieces behind the kit's intro, if it has one.

    ``min_rate``: lowest frame rate of the output.
    """
    if assets is None or assets.kit.intro not in assets.indexes:
        return played
    rate = build_timeline(played, index, min_rate).rate
    return delayed_pieces(played, bumper_slots(assets, rate).intro, rate)


async def load_brand(
    pin: BrandPin | None, snapshot: BrandSnapshot | None, transcript: Transcript | None, objects: Objects, scratch: Path
) -> LoadedBrand:
    """Bring the kit's files to ``scratch``. A missing file costs its part of the kit and nothing else."""
    if pin is None:
        return LoadedBrand()
    if snapshot is None:
        return LoadedBrand(warnings=[MISSING_WARNING.format("there is no such brand kit")])
    files: dict[UUID, str] = {}
    indexes: dict[UUID, SourceIndex] = {}
    warnings = []
    for pointer, asset_id, kind in named_assets(snapshot.kit):
        checked = snapshot.assets.get(asset_id)
        try:
            if checked is None:
                raise KeyError(pointer)
            if asset_id not in files:
                path = scratch / f"brand-{asset_id}"
                await _download(checked.object, path, objects)
                if checked.index is not None:
                    indexes[asset_id] = msgspec.msgpack.decode(await objects.get(checked.index), type=SourceIndex)
                files[asset_id] = str(path)
        except KeyError:
            warnings.append(MISSING_WARNING.format(f"the {kind} of {pointer} is not there"))
    speakers = transcript.diarization.speakers if transcript is not None and transcript.diarization is not None else []
    names = {speaker.id: speaker.name for speaker in speakers if speaker.name}
    return LoadedBrand(
        assets=BrandAssets(kit=snapshot.kit, files=files, indexes=indexes, names=names), warnings=warnings
    )


def without_bumpers(brand: LoadedBrand) -> LoadedBrand:
    """Keep what is laid over the clip and drop what plays around it, for animated previews."""
    if brand.assets is None:
        return brand
    kit = msgspec.structs.replace(brand.assets.kit, intro=None, outro=None, end_card=None, music=None)
    return msgspec.structs.replace(brand, assets=msgspec.structs.replace(brand.assets, kit=kit))


async def _download(ref: ObjectRef, path: Path, objects: Objects) -> None:
    """Write an object to a file. Raises KeyError where it is missing."""
    if await objects.size(ref.key) != ref.size:
        raise KeyError(ref.key)
    with path.open("wb") as file:
        while (start := file.tell()) < ref.size:
            part = await objects.read_range(ref.key, start, min(COPY_BYTES, ref.size - start))
            if not part:
                raise KeyError(ref.key)
            await asyncio.to_thread(file.write, part)
