"""Overrides of a caption template: the same fields and bounds, nothing that leads out of the picture."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.options.caption_template import CaptionTemplate, templates
from schemas.options.caption_template_overrides import TemplateOverrides, broken_overrides, overridden
from schemas.options.captions import CaptionWish
from schemas.options.export_options import ExportOptions, broken_export_rules, export_suffix

FIXED = {"template_id", "version", "name", "description"}


def patch(**parts: Any) -> TemplateOverrides:
    return msgspec.convert(parts, TemplateOverrides)


def test_the_tree_is_the_templates_own() -> None:
    """Every field may be overridden, within its bounds; none is required."""
    _, shapes = msgspec.json.schema_components((CaptionTemplate, TemplateOverrides), ref_template="{name}")
    bases = {name: shape for name, shape in shapes.items() if not name.endswith("Overrides")}
    for name, base in bases.items():
        override = shapes["TemplateOverrides" if name == "CaptionTemplate" else f"{name}Overrides"]
        assert "required" not in override or override["required"] == []
        assert override["additionalProperties"] is False
        assert set(override["properties"]) == set(base["properties"]) - FIXED
        for field, there in override["properties"].items():
            assert _bare(there) == _bare(base["properties"][field]), f"{name}.{field}"


def _bare(schema: Any) -> Any:
    """Without defaults, and without saying which of the two trees is referred to."""
    if isinstance(schema, dict):
        return {name: _bare(value) for name, value in schema.items() if name != "default"}
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    return schema.removesuffix("Overrides") if isinstance(schema, str) else schema


@pytest.mark.parametrize("template", templates().values(), ids=list(templates()))
def test_no_override_is_the_template_itself(template: CaptionTemplate) -> None:
    assert overridden(template, TemplateOverrides()) is template
    recoloured = patch(letters={"fill": "#123456"})
    assert broken_overrides(template, recoloured) == {}
    assert overridden(template, recoloured) == msgspec.structs.replace(
        template, letters=msgspec.structs.replace(template.letters, fill="#123456")
    )


def test_a_part_is_changed_within_and_taken_away_by_null() -> None:
    bold = templates()["bold_outline"]
    assert bold.letters.stroke is not None
    thin = overridden(bold, patch(letters={"stroke": {"width": 0.02}, "shadow": None}, speaker_colours=["#ff0000"]))
    assert thin.letters.stroke == msgspec.structs.replace(bold.letters.stroke, width=0.02)
    assert thin.letters.shadow is None
    assert thin.speaker_colours == ["#ff0000"]
    assert thin.shapes == bold.shapes
    again = overridden(thin, patch(letters={"fill": "#000000"}))
    assert (again.letters.fill, again.letters.stroke) == ("#000000", thin.letters.stroke), "patches are laid in turn"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"shapes": {"tall": {"y": 0.95}}}, "shapes/tall"),
        ({"shapes": {"tall": {"width": 0.9}}}, "shapes/tall"),
        ({"shapes": {"wide": {"font": 0.29}}}, "shapes/wide"),
        ({"shapes": {"square": {"left": 0.5}}}, "shapes/square"),
        ({"letters": {"plate": {"radius": 0.1}}}, "letters/plate"),
    ],
)
def test_incomplete_or_out_of_picture_overrides_are_refused(change: dict[str, Any], where: str) -> None:
    broken = broken_overrides(templates()["bold_outline"], patch(**change))
    assert list(broken) == [where]
    assert broken[where]
    options = ExportOptions(captions=CaptionWish(overrides=patch(**change)))
    assert list(broken_export_rules(options, "bold_outline")) == [f"captions/overrides/{where}"]
    assert broken_export_rules(options, "nobody_knows") == {}


@pytest.mark.parametrize(
    "change",
    [
        {"letters": {"fill": "red"}},
        {"letters": {"stroke": {"width": 3}}},
        {"wrap": {"max_lines": 9}},
        {"name": "Mine"},
        {"speaker_colours": ["#000000"] * 9},
        {"letters": {"font": None}},
    ],
)
def test_bounds_hold_when_an_override_is_read(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        patch(**change)


def test_an_export_with_overrides_has_its_own_name() -> None:
    options = ExportOptions(captions=CaptionWish(overrides=patch(letters={"stroke": None})))
    assert msgspec.json.decode(msgspec.json.encode(options), type=ExportOptions) == options
    assert len({export_suffix(options), export_suffix(ExportOptions())}) == 2
    assert msgspec.json.encode(ExportOptions()) == b"{}"
