"""Words a certificate's checks plainly for the person who wants to post the clip.

Judges nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.documents.quality import Check, CheckName

FOUND: Mapping[CheckName, str] = MappingProxyType(
    {
        "duration": "Picture or sound is {value:.0f} ms longer or shorter than planned",
        "streams": "The file does not hold just the tracks that it should",
        "size": "Its sides are {value:.0f} px other than asked for",
        "frames": "{value:.0f} pictures too many or too few",
        "faststart": "It cannot be played while it loads",
        "caption_offset": "A caption comes {value:.0f} ms from its word",
        "caption_cut_off": "Letters of a caption stand too near to the edge, or are missing",
        "nobody_in_frame": "Somebody is on screen and not in the picture in {value:.0%} of the looks",
        "cut_face": "The edge cuts a face in {value:.0%} of the looks",
        "cut_letters": "The edge cuts a title, a sign or a name in {value:.0%} of the pictures",
        "jitter": "The crop moves by {value:.1f} px a picture",
        "reversals": "The crop turns back {value:.2f} times a second",
        "lufs": "It is not as loud as it should be: {value:.1f} LUFS",
        "true_peak": "Its peaks are too high: {value:.1f} dBTP",
        "clipping": "Its sound is cut off at full scale ({value:.0f} of a million samples)",
        "black": "{value:.0%} of the pictures looked at are black where the source is not",
        "frozen": "The picture stands still for {value:.0f} ms where the source moves",
        "av_offset": "Sound and picture are {value:.0f} ms apart",
        "ssim": "The picture is far from its source: likeness {value:.2f} of 1",
        "preset": "{value:.0f} of the platform's limits are broken",
    }
)
MAX_PLACES_COUNT = 4


def in_words(check: Check) -> str:
    """One sentence: what was found, against which limit, and where."""
    if check.value is None:
        return f"{check.name}: not measured, {check.detail}"
    finding = FOUND[check.name].format(value=check.value)
    return f"{finding} (limit {_limit(check)}){_places(check.at_ms)}."


def _limit(check: Check) -> str:
    if check.unit == "share":
        return f"{check.limit:.0%}"
    bound = f"{check.limit:g} {check.unit}".strip()
    return f"{check.around:g} ± {bound}" if check.side == "within" and check.around else bound


def _places(at_ms: list[int]) -> str:
    if not at_ms:
        return ""
    times = ", ".join(f"{at / 1000:.1f}" for at in at_ms[:MAX_PLACES_COUNT])
    return f", at {times} s" + (" and elsewhere" if len(at_ms) > MAX_PLACES_COUNT else "")
