"""The JSON object of a model's answer. Pure."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decode_answer(text: str, answer_type: type[T]) -> T:
    """Read the JSON object of an answer. Raises ValueError that says what is wrong."""
    begin, end = text.find("{"), text.rfind("}") + 1  # some put a code fence or their thoughts around it all the same
    try:
        return msgspec.json.decode(text[begin:end] if 0 <= begin < end else text, type=answer_type)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ValueError(f"the answer does not fit the schema: {error}") from None
