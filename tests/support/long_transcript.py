"""An hour's transcript of 10,000 words, and scripts that scroll it and jump in it as a person does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

WORDS = 10_000
WORD_MS = 355
JUMPS_MS = (3_000_000, 100_000, 2_000_000, 1_234_000, 3_400_000)
FRAMES = """async () => {
  const box = document.querySelector('.words-scroll'); const frames = []; let last = performance.now();
  for (let at = 0; at < 120; at += 1) {
    box.scrollTop += 90;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last); last = now;
  }
  return frames.slice(1);
}"""
"""Milliseconds between each two frames while the words scroll."""
JUMP = """async (ms) => {
  const place = document.querySelector('.player-place');
  const began = performance.now();
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(place, String(ms));
  place.dispatchEvent(new InputEvent('input', { bubbles: true }));
  for (let turn = 0; turn < 300; turn += 1) {
    await new Promise(requestAnimationFrame);
    const word = document.querySelector('[data-now]');
    if (!word || Math.abs(Number(word.dataset.word) - ms / 355) > 3) continue;
    const place = word.getBoundingClientRect(), box = document.querySelector('.words-scroll').getBoundingClientRect();
    if (place.top >= box.top && place.bottom <= box.bottom) return performance.now() - began;
  }
  return -1;
}"""
"""Milliseconds until the word of a time is in sight; -1 where it never comes."""


def long_transcript(real: dict[str, Any]) -> dict[str, Any]:
    """A real transcript's answer with its words over and over, in sentences of 6 to 24 words."""
    draw = random.Random(1)
    texts = [word["text"] for word in real["words"]]
    words: list[dict[str, Any]] = []
    segments: list[dict[str, Any]] = []
    while len(words) < WORDS:
        first = len(words)
        for _ in range(min(draw.randint(6, 24), WORDS - first)):
            at = len(words)
            times = {"start_ms": at * WORD_MS, "end_ms": at * WORD_MS + 300}
            words.append(real["words"][0] | times | {"text": texts[at % len(texts)]})
        text = " ".join(word["text"] for word in words[first:])
        times = {"start_ms": words[first]["start_ms"], "end_ms": words[-1]["end_ms"]}
        segments.append(real["segments"][0] | times | {"text": text, "first_word": first, "end_word": len(words)})
    return real | {"words": words, "segments": segments, "duration_ms": WORDS * WORD_MS}


def answer_long(page: Page, project_id: str, read: Callable[[str], Any]) -> None:
    """Let a page have the hour's transcript in place of a project's own.

    ``read`` reads an address of the API. The page has no source to play: the real one ends long before the words.
    """
    address = f"/v1/projects/{project_id}"
    transcript = long_transcript(read(f"{address}/transcript"))
    project = read(address) | {"duration_ms": WORDS * WORD_MS}
    without = {"state": "unavailable", "kind": None, "url": None, "expires_at": None, "reason": "media.corrupt"}
    source = read(f"{address}/source") | without
    page.route(f"**{address}/transcript", lambda route: route.fulfill(json=transcript))
    page.route(f"**{address}/source", lambda route: route.fulfill(json=source))
    page.route(f"**{address}", lambda route: route.fulfill(json=project))
