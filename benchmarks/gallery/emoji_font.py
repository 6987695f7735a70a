"""Make the subset font of common emoji out of the whole of Noto Color Emoji (CBDT). Run by hand.

Writes ``streams/renderer/typography/fonts/NotoColorEmoji-common.ttf``.

``python -m benchmarks.gallery.emoji_font NotoColorEmoji.ttf``. The whole font is 11 MB (SIL Open Font License; Debian's
fonts-noto-color-emoji has it). Kept are faces, hands in all skin tones, hearts, what people talk about, all flags of
countries, and the joined sequences below; bitmaps are copied as they are. What is left out is drawn as its parts, or
counted as a letter without a font.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import uharfbuzz as hb
from fontTools import subset
from fontTools.ttLib import TTFont

from streams.renderer.typography.fonts import EMOJI_FONT, FONT_FOLDER

TONES = [chr(0x1F3FB + number) for number in range(5)]
TONED = "👍👎👏🙏👋✋👌💪🙌👆👇👈👉✊👊🤝🤞🤘🤙☝✌🫶🫡🤷🤦🙋🧑👩👨"
JOINED = """
❤️‍🔥 ❤️‍🩹 👨‍👩‍👧 👨‍👩‍👧‍👦 👩‍❤️‍👨 🏳️‍🌈 🏳️‍⚧️ 🏴‍☠️ 🤦‍♀️ 🤦‍♂️ 🤷‍♀️ 🤷‍♂️ 🙋‍♀️ 🙋‍♂️
👩‍💻 👨‍💻 🧑‍💻 👩‍🚀 👨‍🚀 🧑‍🚀 👩‍🔬 👨‍🔬 🧑‍🔬 👩‍🏫 👨‍🏫 🧑‍🏫 👩‍⚕️ 👨‍⚕️ 🧑‍⚕️ 👩‍🍳
👨‍🍳 🧑‍🍳 👩‍🎓 👨‍🎓 🧑‍🎓 👩‍🎤 👨‍🎤 👩‍🎨 👨‍🎨 👩‍🌾 👨‍🌾 👩‍🔧 👨‍🔧 👩‍🚒 👨‍🚒 🏃‍♀️
🏃‍♂️ 🚴‍♀️ 🚴‍♂️ 🏋️‍♀️ 🏋️‍♂️ 🧘‍♀️ 🧘‍♂️ 🐻‍❄️ 🐕‍🦺 👁️‍🗨️ 😶‍🌫️ 😵‍💫 😮‍💨 🏴󠁧󠁢󠁥󠁮󠁧󠁿
🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿 1️⃣ 2️⃣ 3️⃣ 4️⃣ 5️⃣ 6️⃣ 7️⃣ 8️⃣ 9️⃣ 0️⃣ #️⃣ *️⃣
"""
SINGLE = """
😀😃😄😁😆😅🤣😂🙂🙃😉😊😇🥰😍🤩😘😗😚😙🥲😋😛😜🤪😝🤑🤗🤭🤫🤔🤐🤨😐😑😶😏😒🙄😬🤥😌😔😪🤤😴😷🤒🤕🤢
🤮🤧🥵🥶🥴😵🤯🤠🥳🥸😎🤓🧐😕😟🙁☹😮😯😲😳🥺😦😧😨😰😥😢😭😱😖😣😞😓😩😫🥱😤😡😠🤬😈💀☠💩🤡👻👽👾🤖
😻🙀🙈🙉🙊💋💌💘💝💖💗💓💞💕💟❣💔❤🧡💛💚💙💜🤎🖤🤍💯💢💥💫💦💨🕳💣💬👁🗨🗯💭💤🧠🫀👀👅👄🦷👶🧒👦👧
🧓👴👵🏃🚶💃🕺👣🐵🐒🦍🐶🐕🐺🦊🐱🐈🦁🐯🐴🦄🦓🐮🐷🐑🐐🐘🐭🐹🐰🐿🦔🦇🐻🐨🐼🐾🐔🐤🐦🐧🦅🦆🦉🐸🐍🐉🦕🦖🐳
🐋🐬🐟🐠🐙🐚🐌🦋🐝🐞💐🌸🌹🌺🌻🌼🌷🌱🌲🌳🌴🌵🌾🌿☘🍀🍁🍂🍃🍇🍉🍊🍋🍌🍍🥭🍎🍏🍑🍒🍓🍅🥥🥑🍆🥔🥕🌽🌶🍄
🥜🍞🥐🥞🧀🍖🍗🥩🍔🍟🍕🌭🌮🌯🥚🍳🥗🍿🍚🍜🍝🍣🍦🍩🍪🎂🍰🧁🍫🍬🍭🍯🥛☕🍵🍾🍷🍸🍹🍺🍻🥂🥃🥤🍽🍴🌍🌎🌏🌐
🗺🧭🏔⛰🌋🏖🏝🏛🏠🏡🏥🏨🏫🏰🗼🗽⛪🕌🕍⛲🌃🏙🌄🌅🌆🌇🎡🎢🚂🚄🚆🚇🚌🚑🚒🚓🚕🚗🚙🚜🏎🏍🛵🚲⛽🚨🚦🛑🚧⚓
⛵🚤🛳🚢✈🚁🛰🚀🛸⌛⏳⌚⏰⏱🌕🌙🌞⭐🌟🌠🌌☁⛅🌧⛈🌀🌈☀☂☔⚡❄☃⛄🔥💧🌊🎃🎄🎆🎇🧨✨🎈🎉🎊🎁🎀🎗🏆🏅
🥇🥈🥉⚽⚾🥎🏀🏐🏈🏉🎾🥊🥋⛳🎣🎿🛷🎯🎱🔮🪄🎮🕹🎰🎲🧩🧸♟🎭🖼🎨👓🕶👕👖🎒👟👠👑🎩🎓💄💍💎🔊📢📣📯🔔🎼
🎵🎶🎙🎤🎧🎷🎸🎹🎺🎻🥁📱📞☎🔋🔌💻🖥💾💿🎥🎞🎬📺📷📸📹🔍🔎💡🔦📕📖📗📘📙📚📓📄📰🔖💰🪙💴💵💶💷💸💳✉
📧📦📫✏📝💼📁📅📇📈📉📊📋📌📍📎📏📐✂🔒🔓🔑🗝🔨🛠⚔🔫🔧⚙⚖🔗🧰🧲🧪🧫🧬🔬🔭📡💉🩸💊🩹🩺🚪🚻♿⚠🚸⛔
🚫🔞➡🔄⚛▶⏸✖➕➖➗♾‼⁉❓❔❕❗💱💲♻✅☑✔❌❎©®™🔴🟠🟡🟢🔵🟣🟤⚫⚪🟥🟧🟨🟩🟦🟪🟫⬛⬜🏁🚩🏴
🏳🫠🫢🫣🫤🥹🫵🫰🫱🫲🦾🦿🧑🧱🪐🪴🫧🛟🪫🪩🌭🤌🤏🖐🤚🤟🖖✍👐🤲🦸🦹🧙🧛🧟👮🕵👷👸🎅👼🙅🙆💁🙇🙏🗿🧗🏂🏄
🏊🚴🤸
"""
COUNTRIES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BM BN BO BQ BR BS BT BW BY BZ CA
CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU FI FJ FK FM
FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT
JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN
MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS
PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK
TL TM TN TO TR TT TV TW TZ UA UG UN US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""


def list_sequences() -> list[str]:
    """Every sequence that must come out as one picture."""
    flags = ["".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in country) for country in COUNTRIES.split()]
    toned = [sign + tone for sign in TONED for tone in TONES]
    return [*"".join(SINGLE.split()), *TONED, *JOINED.split(), *toned, *flags]


def glyph_numbers(path: Path) -> set[int]:
    """Glyphs of all sequences and of their parts."""
    font = hb.Font(hb.Face(hb.Blob.from_file_path(str(path))))
    glyphs = {font.get_nominal_glyph(ord(sign)) or 0 for text in list_sequences() for sign in text + "\u200d\ufe0f"}
    for text in list_sequences():
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        hb.shape(font, buffer)
        glyphs |= {info.codepoint for info in buffer.glyph_infos}
    return glyphs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("font", type=Path)
    args = parser.parse_args()
    font = TTFont(args.font)
    options = subset.Options(layout_closure=False, layout_features=["*"], glyph_names=False, name_IDs=["*"])
    cutter = subset.Subsetter(options)
    cutter.populate(gids=sorted(glyph_numbers(args.font)))
    cutter.subset(font)
    font.save(FONT_FOLDER / EMOJI_FONT)
    print(f"{len(font.getGlyphOrder())} glyphs, {(FONT_FOLDER / EMOJI_FONT).stat().st_size} bytes")


if __name__ == "__main__":
    main()
