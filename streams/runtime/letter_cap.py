"""Cap on the dead letters of messages without a proven sender; the rest is counted. Pure.

A record does not say which Kafka principal wrote it, so a sender is who the message claims to be: the id of its
producer key, or none. A sender that changes that with each message meets the cap of all.
"""

from __future__ import annotations

from collections import Counter

from core.infra.kafka.message import Message
from core.services.upload_signatures import KEY
from schemas import events
from schemas.topics import TOPIC_OF

UPLOADS = TOPIC_OF[events.UploadReceived].name
WINDOW_S = 60.0
MAX_LETTERS_OF_SENDER_COUNT, MAX_LETTERS_COUNT = 100, 500
"""Kept in a window: more than a person reads, too few to delay good messages or to fill table and topic."""
UNPROVEN_REASONS = ("undecodable", "producer.")


class LetterCap:
    """The letters of one consumer in the window that runs."""

    def __init__(self) -> None:
        """Start with no letter kept."""
        self._since_s = 0.0
        self._kept: Counter[str] = Counter()
        self.unkept_count = 0
        """Letters not kept since `take_unkept` was last called."""

    def keeps(self, message: Message, reason: str, now_s: float) -> bool:
        """Whether to write the letter of a message; it is counted either way."""
        if message.topic != UPLOADS or not reason.startswith(UNPROVEN_REASONS):
            return True
        if now_s - self._since_s >= WINDOW_S:
            self._since_s, self._kept = now_s, Counter()
        sender = message.headers.get(KEY, "")
        if self._kept[sender] >= MAX_LETTERS_OF_SENDER_COUNT or self._kept.total() >= MAX_LETTERS_COUNT:
            self.unkept_count += 1
            return False
        self._kept[sender] += 1
        return True

    def take_unkept(self) -> int:
        """Letters that were not kept since the last call."""
        count, self.unkept_count = self.unkept_count, 0
        return count
