"""What every screen has to pass: accessibility by axe, nothing cut off, no word of another language."""

from __future__ import annotations

import json
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path("web/node_modules/axe-core/axe.min.js")
_SERIOUS = ("serious", "critical")
_WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolls = "[data-scrolls], .table-box, .visually-hidden";
  const sticksOut = (box) => box.right > wide + 1 || box.left < -1;
  const found = [...document.querySelectorAll("body *")]
    .filter((one) => sticksOut(one.getBoundingClientRect()) && !one.closest(scrolls))
    .slice(0, 5).map((one) => `${one.tagName}.${one.className}`);
  return found.length ? found : [`the page is ${document.documentElement.scrollWidth} px wide`];
}"""
_CLIPPED = """() => {
  const tight = "button, a.button, .badge, [role=tab], .page-tabs a, h1, h2, h3, label, th";
  const writes = (one) => [...one.childNodes].some((part) => part.nodeType === 3 && part.textContent.trim());
  const isClipped = (one) => {
    const wider = one.scrollWidth > one.clientWidth + 1, higher = one.scrollHeight > one.clientHeight + 2;
    if (one.clientWidth < 5 || !(wider || higher) || !writes(one) || one.closest(".visually-hidden")) return false;
    const style = getComputedStyle(one);
    if (style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none") return false;
    const hides = (side) => ["hidden", "clip"].includes(style[`overflow${side}`]);
    return (wider && (hides("X") || one.matches(tight))) || (higher && hides("Y"));
  };
  return [...document.querySelectorAll("body *")]
    .filter((one) => isClipped(one) && one.checkVisibility({ opacityProperty: true }))
    .slice(0, 5).map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`);
}"""
"""Text that its own box hides, or that sticks out of a button, a tab, a badge or a heading."""
_WRITTEN = """() => {
  const language = document.documentElement.lang;
  // Words that are said and passages that are found are data.
  const other = "code, pre, kbd, textarea, option, script, style, .word, mark, :has(> mark)";
  const isOwn = (one) => one.closest("[lang]").lang === language && !one.closest(other);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let one = walker.nextNode(); one; one = walker.nextNode()) {
    const [text, at] = [one.textContent.trim(), one.parentElement];
    if (text && isOwn(at) && at.checkVisibility()) found.push(text);
  }
  for (const name of ["aria-label", "title", "alt", "placeholder", "data-title"]) {
    for (const one of document.querySelectorAll(`[${name}]`)) if (isOwn(one)) found.push(one.getAttribute(name).trim());
  }
  const data = [...(window.answered ?? [])].sort((one, two) => two.length - one.length);
  const escaped = (one) => one.replace(/[\\\\^$.*+?()[\\]{}|\\/]/g, "\\\\$&");
  const whole = (one) => new RegExp(`(?<!\\\\p{L})${escaped(one)}(?!\\\\p{L})`, "gu");
  const without = (left, one) => (left.includes(one) ? left.replace(whole(one), " ") : left);
  const bare = (text) => data.reduce(without, text).trim();
  return [...new Set(found)].map(bare).filter(Boolean);
}"""
_ANSWERED = """
window.answered = new Set();
const told = new Set(["title", "name", "org_name", "text", "filename", "tags", "label", "email"]);
const note = (value, key) => {
  if (typeof value === "string" && told.has(key) && value.length > 2) window.answered.add(value);
  else if (Array.isArray(value)) for (const one of value) note(one, key);
  else if (value && typeof value === "object") for (const [name, one] of Object.entries(value)) note(one, name);
};
for (const name of ["text", "json"]) {
  const read = Response.prototype[name];
  Response.prototype[name] = async function () {
    const given = await read.call(this);
    try { if (this.ok) note(name === "text" ? JSON.parse(given) : given, ""); } catch { /* no JSON */ }
    return given;
  };
}
"""
_ENGLISH = re.compile(
    r"\b(the|of|and|is|are|with|without|your|you|this|that|from|for|have|has|no|yes|nothing|by|to|when|what|which|it|its"
    r"|be|been|there|here|only|each|every|at|as|on|or|can|made|seconds?|minutes?|ago|file|files)\b"
)
_WORD = re.compile(r"[A-Za-z]{3}")
_MESSAGE = re.compile(r"""^\s*(?:\w+|"[^"]+"): (?:"((?:[^"\\]|\\.)+)"|\{ one: "([^"]+)", other: "([^"]+)" \})""", re.M)


def find_serious(page: Page, *rules: str) -> list[dict[str, Any]]:
    """Rules of accessibility that the page breaks seriously, with the first elements that do.

    ``rules``: those alone.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text() + ";true")  # by the browser's own console: the page's policy lets no script in
    options = {"resultTypes": ["violations"], "preload": False, "iframes": False}
    if rules:
        options["runOnly"] = list(rules)
    found = json.loads(page.evaluate("async (how) => JSON.stringify((await axe.run(how)).violations)", options))
    return [
        {
            "rule": one["id"],
            "help": one["help"],
            "at": [(node["html"][:160], node["failureSummary"][-160:]) for node in one["nodes"][:3]],
        }
        for one in found
        if one["impact"] in _SERIOUS
    ]


def find_cut_off(page: Page) -> list[str]:
    """Elements that stick out of the window where the page does not scroll sideways."""
    found: list[str] = page.evaluate(_WIDER)
    return found


def find_clipped(page: Page) -> list[str]:
    """Texts that their own boxes cut."""
    found: list[str] = page.evaluate(_CLIPPED)
    return found


def note_answers(page: Page) -> None:
    """Let a page remember names and texts that the API answers: data, in whatever language people write."""
    page.add_init_script(_ANSWERED)


def find_english(page: Page) -> list[str]:
    """English texts of a German page that are neither data (`note_answers`) nor marked as English."""
    written: list[str] = page.evaluate(_WRITTEN)
    return [text for text in written if text in _english_messages() or _ENGLISH.search(text)]


@cache
def _english_messages() -> frozenset[str]:
    """Messages of the app that German says otherwise."""
    texts: dict[str, set[str]] = {"en": set(), "de": set()}
    for path in Path("web/src").rglob("*.ts*"):
        part = "de" if path.stem.endswith("-de") or "german" in path.parts else "en"
        for chunk in re.split(r"^  (en|de): \{$", path.read_text(), flags=re.M):
            if chunk in texts:
                part = chunk
            else:
                texts[part] |= {text for found in _MESSAGE.findall(chunk) for text in found if _WORD.search(text)}
    return frozenset(texts["en"] - texts["de"])


def wait_until(page: Page, expression: str, *, argument: object = None, timeout: float = 30_000) -> None:
    """Ask the page until the expression holds; ``timeout`` in milliseconds.

    ``Page.wait_for_function`` runs `eval` inside the page, which its content policy refuses.
    """
    deadline = time.monotonic() + timeout / 1000
    while not page.evaluate(expression, argument):
        assert time.monotonic() < deadline, f"not within {timeout / 1000:.0f} s: {expression}"
        page.wait_for_timeout(50)
