"""Lines that run both ways: Unicode's own vectors, and whole sentences."""

from __future__ import annotations

import pytest

from streams.renderer.typography.bidi import base_level, resolve_levels, visual_order

VECTORS = """
0028 05D0 0029 0028 0029 0061;0;0 1 0 0 0 0;0 1 2 3 4 5
0061 0028 2680 0062 0029 0028 0063 0029;0;0 0 0 0 0 0 0 0;0 1 2 3 4 5 6 7
05D0 0028 0028 05D1 0029 0061 0029 2680;0;1 0 0 1 0 0 0 0;0 1 2 3 4 5 6 7
0028 2680 0029 05D0 005B 0061 05D1 005D;0;0 0 0 1 0 0 1 0;0 1 2 3 4 5 6 7
0028 05D0 0029 0061 05D1 005B 005D 05D2;0;0 1 0 0 1 1 1 1;0 1 2 3 7 6 5 4
0028 005B 2680 005D 05D0 2681 0029 05D1;0;0 0 0 0 1 0 0 1;0 1 2 3 4 5 6 7
2680 0028 2681 05D0 0029 0028 0061 0029;1;1 1 1 1 1 1 2 1;7 6 5 4 3 2 1 0
0028 0061 05D0 0028 05D1 0029 0062 0029;1;1 2 1 1 1 1 2 1;7 6 5 4 3 2 1 0
05D0 0028 0061 0029 05D1 005B 005D;1;1 1 2 1 1 1 1;6 5 4 3 2 1 0
0028 0029 0061 05D0 0062 005B 2680 005D;1;1 1 2 1 2 1 1 1;7 6 5 4 3 2 1 0
05D0 0028 005B 2680 005D 0029 0061;1;1 1 1 1 1 1 2;6 5 4 3 2 1 0
0028 0061 005B 05D0 005D 2680 0029 0062;1;1 2 1 1 1 1 1 2;7 6 5 4 3 2 1 0
0061 0028 0062 0029 0331;1;2 2 2 2 2;0 1 2 3 4
0061 0028 0332 0062 0029 0333;1;2 2 2 2 2 2;0 1 2 3 4 5
05D0 0028 05D1 0029 0331;0;1 1 1 1 1;4 3 2 1 0
05D0 0028 0332 05D1 0029 0333;0;1 1 1 1 1 1;5 4 3 2 1 0
0661 0028 0662 0029 0331;0;2 1 2 1 1;4 3 2 1 0
0661 0028 0332 0662 0029 0333;0;2 1 1 2 1 1;5 4 3 2 1 0
0661 002D 0031;0;2 0 0;0 1 2
0031 0661 0028 0627 0029;0;0 2 1 1 1;0 4 3 2 1
062A 0031 002F 0032;0;1 2 2 2;1 2 3 0
062A 0031 002F 0032;1;1 2 2 2;1 2 3 0
0028 05D0 0029 0020 0031 002E 0032;0;0 1 0 0 2 2 2;0 1 2 3 4 5 6
0028 0627 0029 0020 0031 002E 0032;0;0 1 0 0 2 2 2;0 1 2 3 4 5 6
002B 0661 0028 0662 0029;0;0 2 1 2 1;0 4 3 2 1
0627 0628 062C 0020 0062 006F 006F 006B 0028 0073 0029;0;1 1 1 0 0 0 0 0 0 0 0;2 1 0 3 4 5 6 7 8 9 10
0627 0628 062C 0020 0062 006F 006F 006B 0028 0073 0029;1;1 1 1 1 2 2 2 2 2 2 2;4 5 6 7 8 9 10 3 2 1 0
0061 0020 2329 0062 002E 0031 232A;1;2 2 2 2 2 2 2;0 1 2 3 4 5 6
0061 0020 2329 0062 002E 0031 3009;1;2 2 2 2 2 2 2;0 1 2 3 4 5 6
05D0 0020 3008 05D1 002E 0031 232A;0;1 1 1 1 1 2 1;6 5 4 3 2 1 0
0661 0009 0028 0662 0029;0;2 0 1 2 1;0 1 4 3 2
0025 0661 0028 0662 0029;0;0 2 1 2 1;0 4 3 2 1
0661 0020 0028 0662 0029;0;2 1 1 2 1;4 3 2 1 0
0061 0028 05D0 0029;0;0 0 1 0;0 1 2 3
0061 0028 05D0 0029;1;2 1 1 1;3 2 1 0
0061 0028 0029 05D0;0;0 0 0 1;0 1 2 3
0028 0061 05D0 0029;0;0 0 1 0;0 1 2 3
""".strip().splitlines()
"""Of BidiCharacterTest.txt, Unicode 16 and 17 (Unicode License v3): signs, base, levels, order from the left."""


@pytest.mark.parametrize("vector", VECTORS)
def test_levels_and_order_are_those_of_unicode(vector: str) -> None:
    signs, base, told, order = vector.split(";")
    found = resolve_levels("".join(chr(int(sign, 16)) for sign in signs.split()), int(base))
    assert found == [int(one) for one in told.split()]
    assert visual_order(found) == [int(one) for one in order.split()]


def test_signs_without_a_direction_are_passed_over() -> None:
    assert resolve_levels("\u05d0\u00ad\u05d1", 0) == [1, 1, 1]
    assert resolve_levels("", 1) == []
    assert visual_order([]) == []


@pytest.mark.parametrize(
    ("text", "language", "level"),
    [
        ("hello 42", "ar", 0),
        ("مرحبا", None, 1),
        ("YouTube هو", "ar", 1),
        ("this is שלום here", "en", 0),
        ("א ב", "en", 1),
    ],
)
def test_a_line_begins_where_its_language_or_its_letters_say(text: str, language: str | None, level: int) -> None:
    assert base_level(text, language) == level
