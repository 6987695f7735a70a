"""Sound options: invalid values are named by path, and the defaults are an empty object."""

from __future__ import annotations

import msgspec
import pytest

from schemas.options.audio import SoundWish
from schemas.options.export_options import ExportOptions, export_suffix
from schemas.options.project import ProjectOptions, broken_rules


@pytest.mark.parametrize("wish", [{"target_lufs": -10.9}, {"target_lufs": -25}, {"track": 0}, {"track": 33}])
def test_an_option_out_of_range_is_named(wish: dict[str, float]) -> None:
    options = ProjectOptions(export=ExportOptions(sound=msgspec.convert(wish, SoundWish)))
    assert list(broken_rules(options)) == [f"export/sound/{next(iter(wish))}"]


@pytest.mark.parametrize("wish", [{"denoise": "much"}, {"target_lufs": "loud"}, {"tracks": 1}, {"track": 1.5}])
def test_an_invalid_sound_option_is_refused(wish: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"sound": wish}, ExportOptions)


def test_the_usual_sound_names_no_other_export() -> None:
    assert export_suffix(ExportOptions(sound=SoundWish())) == ""
    assert export_suffix(ExportOptions(sound=SoundWish(denoise="light"))) != ""
