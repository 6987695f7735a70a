"""A rough pronunciation of an English word from its letters, for words without a dictionary entry.

Good enough to align a known word, not to speak it. Phones are those of the CMU dictionary. The rules match the longest
known run of letters, from left to right.
"""

from __future__ import annotations

MAX_RULE_LENGTH = 4
RULES = {
    "tion": "SH AH N", "sion": "ZH AH N", "ture": "CH ER", "eigh": "EY", "ough": "OW", "augh": "AO", "ight": "AY T",
    "tch": "CH", "sch": "SH", "igh": "AY", "eau": "OW", "dge": "JH", "que": "K", "ear": "IH R", "air": "EH R", "our": "AO R",
    "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "wh": "W", "ck": "K", "ng": "NG", "qu": "K W", "gh": "G", "kn": "N",
    "wr": "R", "ps": "P S", "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oi": "OY", "oy": "OY", "ai": "EY",
    "ay": "EY", "au": "AO", "aw": "AO", "ie": "IY", "ei": "EY", "ey": "IY", "eu": "Y UW", "ew": "UW", "ue": "UW", "ar": "AA R",
    "er": "ER", "ir": "ER", "or": "AO R", "ur": "ER", "bb": "B", "cc": "K", "dd": "D", "ff": "F", "gg": "G", "ll": "L",
    "mm": "M", "nn": "N", "pp": "P", "rr": "R", "ss": "S", "tt": "T", "zz": "Z", "ce": "S", "ci": "S IH", "cy": "S IY",
    "ge": "JH", "gi": "JH IH", "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH",
    "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
NAMES = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH", "i": "AY",
    "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY", "q": "K Y UW", "r": "AA R",
    "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY", "w": "D AH B AH L Y UW", "x": "EH K S", "y": "W AY", "z": "Z IY",
}  # fmt: skip
VOWELS = frozenset("aeiouy")


def phones(word: str) -> str:
    """Phones of a lower-case word of a to z and apostrophes; one without a vowel is spelled out."""
    bare = word.replace("'", "")
    if not VOWELS & set(bare):
        return " ".join(NAMES[letter] for letter in bare)
    silent = len(bare) > 3 and bare.endswith("e") and bare[-2] not in VOWELS
    return " ".join(_match_rules(bare[:-1] if silent else bare))


def _match_rules(letters: str) -> list[str]:
    phonemes: list[str] = []
    at = 0
    while at < len(letters):
        for length in range(MAX_RULE_LENGTH, 0, -1):
            piece = letters[at : at + length]
            if piece in RULES:
                phonemes.append(RULES[piece])
                at += length
                break
    return phonemes
