"""Versions of brand kits: find one, check its parts, pin one to a request."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from api.brand.assets import PROBLEMS
from api.problems.problem_details import ApiProblem, FieldError, invalid, invalid_fields, not_found
from core.infra.postgres.connection import Connection, Row
from core.storage.assets import find_asset_row, read_checked_assets
from core.storage.brand_kits import find_kit_row, lock_kit_row, read_kit, read_kit_row
from schemas.options.brand_kit import BrandKit, named_assets
from schemas.options.caption_template import DEFAULT_TEMPLATE, templates
from schemas.options.caption_template_overrides import TemplateOverrides, broken_overrides
from schemas.options.export_options import BrandPin, ExportOptions
from schemas.options.project import ProjectOptions


async def find_kit(rows: Connection, org_id: UUID, kit_id: UUID, *, lock: bool = False) -> Row:
    """A kit of the caller's organisation that is not archived; raises a 404."""
    return _require_kit(await (lock_kit_row if lock else find_kit_row)(rows, org_id, kit_id))


async def find_any_kit(rows: Connection, org_id: UUID, kit_id: UUID) -> Row:
    """A kit of the caller's organisation, archived or not; raises a 404."""
    return _require_kit(await read_kit_row(rows, org_id, kit_id))


def _require_kit(row: Row | None) -> Row:
    if row is None:
        raise not_found("brand kit")
    return row


async def check_kit(rows: Connection, org_id: UUID, kit: BrandKit, before: BrandKit | None = None) -> None:
    """Raise a problem for an asset that a kit cannot use: of another kind, missing, refused or unchecked.

    An asset that the kit has ``before`` in the same place is not checked again: one that was archived since stays.
    """
    check_template(kit)
    unchanged = set(named_assets(before)) if before is not None else set()
    for pointer, asset_id, kind in named_assets(kit):
        if (pointer, asset_id, kind) in unchanged:
            continue
        row = await find_asset_row(rows, org_id, asset_id)
        if row is None or row["kind"] != kind:
            raise invalid(pointer, f"There is no such {kind} asset.")
        if row["state"] == "received":
            raise _asset_problem(pointer, "asset-not-checked", "The file is still being checked.")
        if row["state"] == "refused":
            raise _asset_problem(pointer, PROBLEMS[row["kind"]], f"{row['detail']} [{row['reason']}]")


def check_template(kit: BrandKit) -> None:
    """Raise a 422 for an unknown template, and for overrides that it does not take."""
    if kit.template is not None and kit.template not in templates():
        raise invalid("/template", f"It must be one of {', '.join(templates())}.")
    if kit.overrides == TemplateOverrides():
        return
    if kit.template is None:
        raise invalid("/overrides", "They change a template: name it as `template`.")
    broken = broken_overrides(templates()[kit.template], kit.overrides).items()
    if broken:
        raise invalid_fields(
            [FieldError(pointer=f"/overrides/{path}", detail=f"It must be {rule}.") for path, rule in broken]
        )


def with_kit_template(options: ExportOptions, kit: BrandKit) -> ExportOptions:
    """The options with the kit's overrides of its template, unless the caller overrides it."""
    if options.captions.overrides != TemplateOverrides():
        return options
    captions = msgspec.structs.replace(options.captions, overrides=kit.overrides)
    return msgspec.structs.replace(options, captions=captions)


def _asset_problem(pointer: str, code: str, detail: str) -> ApiProblem:
    return ApiProblem(code, detail, errors=[FieldError(pointer=pointer, detail=detail)])


async def pin_kit(rows: Connection, org_id: UUID, pin: BrandPin, pointer: str) -> tuple[BrandPin, BrandKit]:
    """The requested version of a kit, or the newest; raises a 422.

    An archived kit needs its version named.
    """
    row = await read_kit_row(rows, org_id, pin.kit_id)
    if row is None or (row["archived_at"] is not None and pin.version is None):
        raise invalid(f"{pointer}/kit_id", "There is no such brand kit.")
    version = pin.version or int(row["version"])
    kit = await read_kit(rows, org_id, pin.kit_id, version)
    if kit is None:
        raise invalid(f"{pointer}/version", f"There is no version {version} of this brand kit.")
    return BrandPin(kit_id=pin.kit_id, version=version), kit


async def kit_length_ms(rows: Connection, org_id: UUID, pin: BrandPin | None) -> float:
    """Length in ms that a kit plays before and after a clip: intro, end card and outro."""
    kit = await read_kit(rows, org_id, pin.kit_id, pin.version) if pin is not None and pin.version else None
    if kit is None:
        return 0.0
    clips = [asset_id for asset_id in (kit.intro, kit.outro) if asset_id is not None]
    checked = await read_checked_assets(rows, org_id, clips)
    lasts_ms = {asset_id: asset.duration_ms or 0 for asset_id, asset in checked.items()}
    card_ms = kit.end_card.seconds * 1000 if kit.end_card is not None else 0.0
    return card_ms + sum(lasts_ms.get(asset_id, 0) for asset_id in clips)


async def resolve_export_brand(
    rows: Connection, org_id: UUID, options: ExportOptions, pointer: str
) -> tuple[ExportOptions, BrandKit | None]:
    """The options with the kit's version filled in, and the kit; raises a 422."""
    if options.brand is None:
        return options, None
    pin, kit = await pin_kit(rows, org_id, options.brand, f"{pointer}/brand")
    return msgspec.structs.replace(options, brand=pin), kit


async def resolve_project_brand(rows: Connection, org_id: UUID, options: ProjectOptions) -> ProjectOptions:
    """The options of a project likewise; captions look as the kit says unless the request says otherwise."""
    export, kit = await resolve_export_brand(rows, org_id, options.export, "/options/export")
    changes: dict[str, Any] = {"export": export}
    if kit is not None and kit.template is not None and options.captions_template == DEFAULT_TEMPLATE:
        changes |= {"captions_template": kit.template, "export": with_kit_template(export, kit)}
    return msgspec.structs.replace(options, **changes)
