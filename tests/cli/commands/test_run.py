"""A whole run against the fake API: files, report, exit codes, terminal output."""

from __future__ import annotations

import io
import json
import subprocess
from argparse import Namespace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from cli.api.project_progress import Progress
from cli.commands.demo import choose_search_word
from cli.commands.queries import highlighted_text, list_clips
from cli.commands.run import RunOutcome, check_options, check_source, is_url, run_project, source_name
from cli.exit_codes import CliError, ExitCode
from cli.options.project import build_project_options
from cli.output.results import commit_of, file_stem, slug
from cli.output.terminal import Display, file_cell, plain_table, stage_view
from tests.cli.fake_api import PROJECT, Twin, clip, export, finished, progressed, sse


def arguments(out: Path, video: str) -> Namespace:
    return Namespace(
        video=video, out=str(out), aspect=None, max_clips=3, no_captions=True, language=None, title=None, json=False,
        translate=None, glossary=None, script=None, captions_template=None, mask_profanity=False,
        quality=None, format=None, preset=None, caption_language=None, captions_overrides=None,
        thumbnails=None, thumbnail_title=False, no_storyboard=False,
        target_clips=None, min_score=None, length=None, prompt=None, topic=None, genre=None,
        skip=None, no_curation=False, ranges=None,
        loudness=None, denoise=None, high_pass=False, declick=False, no_levelling=False, audio_track=None,
    )  # fmt: skip


def run(tmp_path: Path, twin: Twin, video: str = "", page_rights: str | None = None) -> tuple[RunOutcome, str]:
    source = tmp_path / "my talk.mp4"
    source.write_bytes(b"video")
    text = io.StringIO()
    display = Display(Console(file=text, width=120), iter(range(1000)).__next__)
    args = arguments(tmp_path / "out", video or str(source))
    args.page_rights = page_rights
    return run_project(twin.client(), args, display, iter(range(1000)).__next__), text.getvalue()


def completed(**more: object) -> Twin:
    done = sse((1, "project.progressed", progressed("ingest", "done", 100)), (2, "project.completed", {}))
    return Twin(streams=[done], project=finished(**more))  # type: ignore[arg-type]


def test_a_run_leaves_clips_transcript_and_report(tmp_path: Path) -> None:
    twin = completed()
    twin.clips = [clip(0, "150 joules is enough to kill you"), clip(1, "Ça, c'est l'énergie…")]
    twin.exports = {"export-0": export(0), "export-1": export(1)}
    outcome, text = run(tmp_path, twin)
    assert outcome.code == ExitCode.OK
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    first = "01-150-joules-is-enough-to-kill-you-9x16"
    assert [name for name in names if name.startswith("01")] == [f"{first}.jpg", f"{first}.mp4", f"{first}.srt"]
    assert {"report.json", "transcript.json", "transcript.txt", "intelligence.json", "about.md"} <= set(names)
    assert not [name for name in names if name.endswith(".part")]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["clips"][0]["signals"][0]["name"] == "hook"
    assert report["stages"][0]["cpu_ms"] == 300
    assert set(report["timings_s"]) == {"upload", "work", "download"}
    assert report["versions"]["speech_model"] == "whisper-base"
    assert report["versions"]["encoder"] == "libx264 164"
    faces = "centerface-0123456789ab"
    assert report["versions"]["picture_models"] == [f"dense-shots-1, {faces}", f"luma-shots-1, {faces}"]
    assert report["candidates_weighed"] == 3
    assert report["scenery"]["screens"] == 10
    assert report["clips"][0]["export"]["certificate"]["framing"][0]["shows"] == "speaker"
    assert report["clips"][0]["export"]["certificate"]["verdict"] == "warn"
    cell = file_cell(report["clips"][0]).plain
    assert "certificate: warn" in cell
    assert "jitter 2.5 px a picture (limit 1.5)" in cell
    assert "a face in 75 %, somebody, but no face in 5 %, a screen or a slide in 25 %" in " ".join(text.split())
    assert "150 joules" in text
    assert "ingest: done" in text


class Hasty(Twin):
    """Its links expire as soon as another export is read."""

    fresh = ""

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "store" and request.method == "GET" and request.url.path[1] != self.fresh:
            return httpx2.Response(403)
        if request.url.path.startswith("/v1/exports/"):
            self.fresh = request.url.path[-1]
        return super().answer(request)


def test_each_link_is_requested_right_before_its_download(tmp_path: Path) -> None:
    """On a slow connection the first clips' files take longer than a link is valid."""
    done = sse((1, "project.completed", {}))
    twin = Hasty(streams=[done], project=finished())
    twin.clips = [clip(0, "One"), clip(1, "Two"), clip(2, "Three")]
    twin.exports = {f"export-{number}": export(number) for number in range(3)}
    assert run(tmp_path, twin)[0].code == ExitCode.OK


def test_each_aspect_of_a_clip_is_fetched_and_reported(tmp_path: Path) -> None:
    twin = completed()
    square = {"export_id": "export-1", "automatic": True, "aspect": "1:1", "state": "failed"}
    talk = clip(0, "A talk")
    twin.clips = [talk | {"exports": [*talk["exports"], square]}]
    twin.exports = {"export-0": export(0), "export-1": export(1) | {"aspect": "1:1"}}
    outcome, text = run(tmp_path, twin)
    assert outcome.code == ExitCode.OK
    (entry,) = outcome.report["clips"]
    assert entry["files"]["video"] == "01-a-talk-9x16.mp4"
    assert [one["files"]["video"] for one in entry["shapes"]] == ["01-a-talk-1x1.mp4"]
    assert {"01-a-talk-9x16.mp4", "01-a-talk-1x1.mp4"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert "01-a-talk-1x1.mp4" in text
    twin = completed()
    twin.clips = [talk | {"exports": [*talk["exports"], square]}]
    twin.exports = {"export-0": export(0), "export-1": export(1, failed=True) | {"aspect": "1:1"}}
    outcome, text = run(tmp_path, twin)
    assert outcome.code == ExitCode.PARTIAL
    assert "There are no" in text


def test_only_flags_that_are_set_become_options(tmp_path: Path) -> None:
    twin = completed(nothing_found_reason="Nothing is said.")
    run(tmp_path, twin)
    (body,) = [body for method, path, body in twin.seen if (method, path) == ("POST", "/v1/projects")]
    assert body == {"upload_id": "u1", "title": "my talk", "options": {"max_clips": 3, "captions": False}}
    assert build_project_options(arguments(tmp_path, "x")) == body["options"]


def test_a_text_file_is_sent_as_a_script(tmp_path: Path) -> None:
    twin, path = completed(nothing_found_reason="Nothing is said."), tmp_path / "talk.md"
    path.write_bytes(b"\xef\xbb\xbf# Hello\r\n\r\nIt is text.")
    run(tmp_path, twin, str(path))
    (body,) = [body for method, path, body in twin.seen if (method, path) == ("POST", "/v1/projects")]
    assert (body["script_text"], body["title"]) == ("# Hello\n\nIt is text.", "talk")
    assert not {"upload_id", "source_url"} & set(body)
    assert twin.stored == {}


@pytest.mark.parametrize(
    ("content", "changes", "complaint"),
    [
        (b"Hello.", {"captions": True}, "--language must be named"),
        (b"Hello.", {"language": "en"}, "captions .--no-captions. must be true"),
        (b"x" * 60_001, {"language": "en"}, "longer than the 60000 bytes"),
        (b"\xff\xfe", {"language": "en"}, "is not UTF-8"),
        (b"", {"language": "en"}, "is empty"),
    ],
)
def test_a_script_that_would_be_refused_is_not_sent(
    tmp_path: Path, content: bytes, changes: dict[str, Any], complaint: str
) -> None:
    path = tmp_path / "talk.txt"
    path.write_bytes(content)
    args = arguments(tmp_path, str(path))
    args.no_captions = not changes.get("captions", False)
    args.language = changes.get("language")

    def check() -> None:
        check_source(str(path))
        check_options(args)

    with pytest.raises(CliError, match=complaint):
        check()


def test_a_url_is_named_not_uploaded(tmp_path: Path) -> None:
    twin = completed(nothing_found_reason="Nothing is said.")
    run(tmp_path, twin, "https://example.org/talks/one.mp4?x=1")
    (body,) = [body for method, path, body in twin.seen if (method, path) == ("POST", "/v1/projects")]
    assert body["source_url"] == "https://example.org/talks/one.mp4?x=1"
    assert body["title"] == "one"
    assert twin.stored == {}


def test_a_page_is_named_with_its_rights_and_has_its_own_title(tmp_path: Path) -> None:
    twin = completed(nothing_found_reason="Nothing is said.")
    run(tmp_path, twin, "https://video.example/watch?v=1", page_rights="own")
    (body,) = [body for method, path, body in twin.seen if (method, path) == ("POST", "/v1/projects")]
    assert (body["page_rights"], body["title"]) == ("own", "")


def test_a_run_without_clips_says_why(tmp_path: Path) -> None:
    outcome, text = run(tmp_path, completed(nothing_found_reason="Nothing is said and nothing moves in this video."))
    assert outcome.code == ExitCode.NOTHING_FOUND
    assert "No clips: Nothing is said and nothing moves in this video." in text


def test_a_run_without_clips_names_the_nearest_moments(tmp_path: Path) -> None:
    short = {"what": "score", "told": "It scores 39 of 100, where 40 are needed.", "value": 39, "needed": 40}
    near = {
        "moment_id": "m-1",
        "start_ms": 50_000,
        "end_ms": 80_000,
        "score": 39.7,
        "lacks": [short],
        "title": "So near",
    }
    outcome, text = run(tmp_path, completed(nothing_found_reason="Nothing is good enough.", nearest=[near]))
    told = " ".join(text.split())
    assert outcome.code == ExitCode.NOTHING_FOUND
    assert "0:50 – 1:20 So near. It scores 39 of 100, where 40 are needed." in told
    assert "--moment m-1" in told
    assert "--min-score 39" in told


def test_a_failed_project_says_why(tmp_path: Path) -> None:
    twin = Twin(streams=[sse((1, "project.failed", {}))])
    twin.project = finished("failed", failure={"reason": "media.corrupt", "detail": "The file is damaged."})
    outcome, text = run(tmp_path, twin)
    assert outcome.code == ExitCode.PROJECT_FAILED
    assert "No clips: The file is damaged. [media.corrupt]" in text


def test_a_failed_clip_is_listed_with_the_finished_ones(tmp_path: Path) -> None:
    twin = completed()
    twin.clips = [clip(0, "One"), clip(1, "Two")]
    twin.exports = {"export-0": export(0), "export-1": export(1, failed=True)}
    outcome, text = run(tmp_path, twin)
    assert outcome.code == ExitCode.PARTIAL
    assert "There are no" in text


def test_clips_of_a_project_without_any_say_why() -> None:
    twin = Twin(project=finished(nothing_found_reason="Too short."))
    text = io.StringIO()
    code, _ = list_clips(
        twin.client(), Namespace(project=PROJECT, json=False), Display(Console(file=text), lambda: 0.0)
    )
    assert code == ExitCode.NOTHING_FOUND
    assert "Too short." in text.getvalue()


def test_the_live_view_shows_each_stage_and_the_time_left() -> None:
    progress = Progress()
    progress.take_event("project.progressed", progressed("listen", "running", 50))
    text = io.StringIO()
    Console(file=text, width=100).print(stage_view(progress, 20.0))
    shown = text.getvalue()
    assert all(name in shown for name in progress.stages)
    assert "50 %" in shown
    assert "0:20 · about 3 min left" in shown


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("150 joules is enough to kill you", "150-joules-is-enough-to-kill-you"),
        ("Don't! ../../etc/passwd", "dont-etc-passwd"),
        ("量子力学", ""),
        ("word " * 30, "word-word-word-word-word-word-word-word"),
        ("x" * 90, "x" * 40),
    ],
)
def test_titles_become_safe_file_names(title: str, name: str) -> None:
    assert slug(title) == name


def test_names_are_derived_from_sources() -> None:
    assert file_stem(0, "量子", "9:16") == "01-9x16"
    assert [is_url(text) for text in ("https://a/b", "HTTP://a", "talk.mp4", "httpfile.mp4")] == [
        True,
        True,
        False,
        False,
    ]
    assert [source_name(text) for text in ("a/b.c.mp4", "https://x/y.mp4?z=/q", "https://x/")] == ["b.c", "y", "x"]


def test_highlights_are_shown_as_text() -> None:
    text = highlighted_text("150 <mark>joules</mark> &amp; more")
    assert text.plain == "150 joules & more"
    assert len(text.spans) == 1


def test_the_demo_searches_for_a_word_of_the_transcript() -> None:
    words = [{"text": text} for text in ["Now", "energy,", "kinetic", "energy.", "A"]]
    assert choose_search_word({"words": words}) == "energy"
    assert choose_search_word({"words": []}) is None
    assert choose_search_word(None) is None


def test_options_are_checked_before_the_upload(tmp_path: Path) -> None:
    args = arguments(tmp_path / "out", "x")
    check_options(args)
    args.max_clips, args.language = 99, "english"
    with pytest.raises(
        CliError, match="--max-clips must be from 1 to 50; --language must be the code of a language"
    ) as caught:
        check_options(args)
    assert caught.value.code == ExitCode.USAGE
    args.title = "x" * 501
    with pytest.raises(CliError, match="--title has 501 characters: it may have 500"):
        check_options(args)


def test_a_source_of_another_scheme_is_refused() -> None:
    with pytest.raises(CliError, match="ftp://a/b cannot be fetched: give an http or https URL"):
        is_url("ftp://a/b")


def test_control_characters_in_titles_are_escaped() -> None:
    text = io.StringIO()
    display = Display(Console(file=text, width=60), lambda: 0.0)
    display.say("a\x1b[31mb\x9bc\n\td")
    display.table(plain_table("", ("title",), [("x\x1b]0;owned\x07",)]))
    assert "\x1b" not in text.getvalue()
    assert "\x9b" not in text.getvalue()
    assert "a\\x1b[31mb\\x9bc\n" in text.getvalue()


def test_a_later_edit_does_not_overwrite_the_first() -> None:
    assert file_stem(0, "One", "1:1", 1) == "01-one-1x1"
    assert file_stem(0, "One", "1:1", 3) == "01-one-1x1-v3"


def test_the_report_names_the_commit_of_a_clone(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        named = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        done = subprocess.run(("git", *named, *arguments), cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    assert commit_of(tmp_path) is None, "no clone"
    git("init", "-q")
    assert commit_of(tmp_path) is None, "no commit yet"
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert commit_of(tmp_path) == commit
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == f"{commit}-changed"
