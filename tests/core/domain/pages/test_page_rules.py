"""Which pages may be named, and what is left of what one says about itself."""

from __future__ import annotations

import pytest

from core.domain.pages.page_rules import PageRules, find_page_refusal
from core.domain.pages.page_video import FoundVideo, tidy_title, tidy_video
from schemas.metadata import MAX_TITLE_CHARACTERS

ON = PageRules(mode="on", hosts=("youtube.com", "video.example"))
PAGE = "https://www.youtube.com/watch?v=abc"


@pytest.mark.parametrize(
    ("url", "rights", "rules", "reason"),
    [
        ("https://files.example/a.mp4", None, PageRules(), None),
        ("https://files.example/a", None, ON, None),
        (PAGE, None, PageRules(), "page.off"),
        (PAGE, "own", PageRules(), "page.off"),
        ("https://files.example/a", "own", PageRules(), "page.off"),
        (PAGE, "own", ON, None),
        ("https://youtube.com./watch?v=abc", "licence", ON, None),
        ("https://sub.video.example/talk", "permission", ON, None),
        (PAGE, None, ON, "page.rights"),
        ("https://YOUTU.BE/abc", None, ON, "page.host"),
        ("https://notyoutube.com/watch", "own", ON, "page.host"),
        ("https://youtube.com.evil.example/watch", "own", ON, "page.host"),
        ("https://youtube.com@evil.example/watch", "own", ON, "page.host"),
        ("https://[::1/watch", "own", ON, "page.host"),
        ("https://any.example/watch", "own", PageRules(mode="on", hosts=("*",)), None),
        ("https://any.example/watch", "own", PageRules(mode="on"), "page.host"),
    ],
)
def test_a_page_needs_the_switch_its_host_and_a_statement(
    url: str, rights: str | None, rules: PageRules, reason: str | None
) -> None:
    refusal = find_page_refusal(url, rights, rules)
    assert (refusal.reason if refusal else None) == reason


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A talk", "A talk"),
        ("  A\r\n\ttalk\x00\x1b[31m \u202eevil\u202c\u200b ", "A talk [31m evil"),
        ("\ud800 lone", "lone"),
        ("e\u0301", "é"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * 10_000, "x" * MAX_TITLE_CHARACTERS),
    ],
)
def test_a_title_is_one_line_of_visible_text(text: str, title: str) -> None:
    assert tidy_title(text) == title


def test_only_tidy_parts_of_a_video_are_used() -> None:
    found = FoundVideo(
        url="https://cdn.example/a.mp4",
        headers={"User-Agent": "A", "Referer": "https://a.example/", "Cookie": "a=b", "Authorization": "Basic x",
                 "Accept-Language": "en\r\nCookie: a=b", "Host": "10.0.0.1"},
        extractor="Youtube",
        page_id="abc",
    )  # fmt: skip
    video = tidy_video(found)
    assert video.headers == {"user-agent": "A", "referer": "https://a.example/"}
    assert video.page_key == "youtube:abc"


@pytest.mark.parametrize(
    ("extractor", "page_id"),
    [("Generic", "talk"), ("HTML5MediaEmbed", "a-1"), ("Youtube", "a b"), ("", "a"), ("X" * 65, "a")],
)
def test_an_id_that_is_not_of_one_video_is_no_key(extractor: str, page_id: str) -> None:
    assert tidy_video(FoundVideo(url="https://a.example/", extractor=extractor, page_id=page_id)).page_key is None
