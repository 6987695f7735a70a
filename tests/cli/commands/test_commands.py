"""Commands for a project, its clips, words, speakers, exports, brand kits: requests and printed text."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from cli.__main__ import main
from cli.exit_codes import ExitCode
from tests.cli.fake_api import PROJECT, Twin
from tests.cli.test_main import write_stack

BASE = f"/v1/projects/{PROJECT}"
CLIP = "00000000-0000-4000-8000-0000000000c1"
EXPORT = "00000000-0000-4000-8000-0000000000e1"
KIT = "00000000-0000-4000-8000-0000000000b1"
STAGE = {"stage": "render", "state": "skipped", "parts_done": 0, "parts_total": 3, "elapsed_ms": None, "cpu_ms": 0}
SEEN: Mapping[str, Any] = {
    "project_id": PROJECT, "title": "A talk", "state": "completed", "duration_ms": 61_000, "failure": None,
    "warnings": ["A warning."], "nothing_found_reason": None, "stages": [STAGE], "clip_count": 1,
}  # fmt: skip
MOMENT = {"selected": False, "reason": "r"}
MOMENTS = [
    MOMENT | {"id": "m-low", "range": {"start_ms": 0, "end_ms": 9_000}, "score": 12.0, "title": "Low"},
    MOMENT | {"id": "m-high", "range": {"start_ms": 9_000, "end_ms": 30_000}, "score": 39.0, "title": "High"},
]
WORDS = [
    {"text": text, "start_ms": 1000 * at} for at, text in enumerate(["I", "trust", "Nuclear", "energy.", "I", "trust"])
]


@pytest.fixture
def twin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Twin:
    twin = Twin()
    monkeypatch.setattr("cli.__main__._client", lambda _: twin.client())
    write_stack(tmp_path)
    return twin


def run(tmp_path: Path, *words: str) -> int:
    return main([*words, "--state-dir", str(tmp_path)])


def plan(twin: Twin, method: str, path: str, *bodies: Any, status: int = 200, **headers: str) -> None:
    answers = [httpx2.Response(status, json=body, headers=headers) for body in bodies]
    twin.overrides.setdefault((method, path), []).extend(answers)


def sent(twin: Twin, method: str, path: str) -> Any:
    (body,) = [body for one, where, body in twin.seen if (one, where) == (method, path)]
    return body


def test_a_project_is_shown_with_its_warnings_and_stages(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(twin, "GET", BASE, SEEN)
    assert run(tmp_path, "project", PROJECT) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "A talk" in shown
    assert "Warning: A warning." in shown
    assert "skipped" in shown


def test_cancel_keeps_and_delete_erases(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(twin, "POST", f"{BASE}/cancel", {"project_id": PROJECT, "state": "cancelled"})
    assert run(tmp_path, "cancel", PROJECT) == ExitCode.OK
    plan(twin, "GET", BASE, SEEN)
    plan(twin, "DELETE", BASE, {})
    assert run(tmp_path, "delete", PROJECT, "--yes") == ExitCode.OK
    assert ("DELETE", BASE, {}) in twin.seen
    assert "“A talk” is erased." in capsys.readouterr().out


def test_a_delete_without_a_terminal_needs_a_yes(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(twin, "GET", BASE, SEEN)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert run(tmp_path, "delete", PROJECT) == ExitCode.USAGE
    assert [method for method, _, _ in twin.seen] == ["GET"]
    assert "add --yes" in capsys.readouterr().err


def test_an_estimate_is_requested_for_length_and_options(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    amount = {"expected": 60_000.0, "low": 30_000.0, "high": 120_000.0}
    told = {
        "media_ms": 2_700_000, "clips": 6, "elapsed_ms": amount, "stages": [{"stage": "listen", "cpu_ms": amount}],
        "money": {"expected": 1.25, "low": 0.5, "high": 3.0}, "currency": "EUR",
    }  # fmt: skip
    plan(twin, "POST", "/v1/projects/estimate", {"estimate": told, "assumed": ["size: 1920 × 1080"]})
    assert run(tmp_path, "estimate", "--minutes", "45", "--max-clips", "6", "--size", "1280x720") == ExitCode.OK
    assert sent(twin, "POST", "/v1/projects/estimate") == {
        "duration_ms": 2_700_000, "video": True, "options": {"max_clips": 6}, "width_px": 1280, "height_px": 720,
    }  # fmt: skip
    shown = capsys.readouterr().out
    assert all(part in shown for part in ("6 clips of 45:00", "1:00", "1.25 EUR", "Assumed: size"))


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["1:30-2:00", "--title", "Mine"], {"start_ms": 90_000, "end_ms": 120_000, "title": "Mine"}),
        (["--moment", "1"], {"moment_id": "m-high"}),
        (["--moment", "m-low", "--aspect", "1:1"], {"moment_id": "m-low", "aspects": ["1:1"]}),
    ],
)
def test_a_clip_is_requested_by_range_or_moment(twin: Twin, tmp_path: Path, words: list[str], body: Any) -> None:
    plan(twin, "GET", f"{BASE}/moments", {"moments": MOMENTS})
    plan(twin, "POST", f"{BASE}/clips", {"clip_id": CLIP, "start_ms": 0, "end_ms": 9_000, "title": "T"}, status=202)
    assert run(tmp_path, "clip", PROJECT, *words) == ExitCode.OK
    assert sent(twin, "POST", f"{BASE}/clips") == body


def test_a_clip_needs_a_range_or_an_existing_moment(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "clip", PROJECT) == ExitCode.USAGE
    plan(twin, "GET", f"{BASE}/moments", {"moments": MOMENTS})
    assert run(tmp_path, "clip", PROJECT, "--moment", "3") == ExitCode.USAGE
    assert "There is no moment 3: the project has 2." in capsys.readouterr().err


LABELLED = {"title": "New", "metadata": {"order": 1}}


@pytest.mark.parametrize(("kind", "full"), [("project", PROJECT), ("clip", CLIP), ("export", EXPORT)])
def test_each_resource_is_renamed_by_the_digits_of_its_id(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, full: str
) -> None:
    path = f"/v1/{kind}s/{full}"
    plan(twin, "GET", "/v1/ids", *[{"items": [{"kind": "asset", "id": full}, {"kind": kind, "id": full}]}] * 4)
    plan(twin, "PATCH", path, *[{f"{kind}_id": full} | LABELLED] * 2)
    plan(twin, "GET", path, LABELLED)
    assert run(tmp_path, "rename", full[:8], " New ") == ExitCode.OK
    assert sent(twin, "PATCH", path) == {"title": "New"}
    assert f"{kind.capitalize()} {full[:8]} is called “New”." in capsys.readouterr().out
    assert run(tmp_path, "metadata", full) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == {"order": 1}
    file = tmp_path / "patch.json"
    file.write_text('{"order": null}')
    assert run(tmp_path, "metadata", full[:8], f"@{file}", "--json") == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == {"order": 1}
    assert twin.seen[-1][2] == {"metadata": {"order": None}}


def test_an_unknown_or_ambiguous_id_is_refused(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    several = [{"kind": "clip", "id": CLIP}, {"kind": "project", "id": PROJECT}]
    plan(twin, "GET", "/v1/ids", {"items": several}, {"items": [{"kind": "asset", "id": CLIP}]})
    for what, told in (
        ("0000", "start of several ids (clip 0000"),
        ("0000", "no project, clip, export"),
        ("?", "is not an id"),
    ):
        assert run(tmp_path, "rename", what, "New") == ExitCode.USAGE
        assert told in capsys.readouterr().err
    for bad in ("[1]", "{", f"@{tmp_path}/none"):
        with pytest.raises(SystemExit):
            run(tmp_path, "metadata", CLIP, bad)


def test_metadata_is_sent_with_the_new_clip(twin: Twin, tmp_path: Path) -> None:
    plan(twin, "POST", f"{BASE}/clips", {"clip_id": CLIP, "start_ms": 0, "end_ms": 9_000, "title": "T"}, status=202)
    assert run(tmp_path, "clip", PROJECT, "0:10-0:40", "--metadata", '{"a": [1]}') == ExitCode.OK
    assert sent(twin, "POST", f"{BASE}/clips") == {"start_ms": 10_000, "end_ms": 40_000, "metadata": {"a": [1]}}


def test_moments_are_listed_best_first(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan(twin, "GET", f"{BASE}/moments", {"moments": MOMENTS}, {"moments": []})
    assert run(tmp_path, "moments", PROJECT) == ExitCode.OK
    shown = capsys.readouterr().out
    assert shown.index("High") < shown.index("Low")
    assert "judge-1" not in shown
    assert run(tmp_path, "moments", PROJECT) == ExitCode.NOTHING_FOUND


def test_a_judged_moment_says_what_the_model_preferred(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "judge-1 preferred it in 2 of 3 comparisons with other finalists (1 lost)."
    judged = [MOMENTS[0] | {"signals": [{"name": "judged", "value": 0.6, "weight": 0.0, "evidence": [], "told": told}]}]
    plan(twin, "GET", f"{BASE}/moments", {"moments": judged})
    assert run(tmp_path, "moments", PROJECT) == ExitCode.OK
    shown = " ".join(capsys.readouterr().out.split())
    assert "judge-1 preferred it in 2 of 3" in shown


def test_words_that_occur_once_are_corrected(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{BASE}/transcript"
    plan(twin, "GET", path, *[{"version": 2, "words": WORDS}] * 3)
    plan(twin, "PATCH", path, {"version": 3})
    assert run(tmp_path, "transcript", PROJECT, "--replace", "nuclear energy", "mechanical energy.") == ExitCode.OK
    edit = {"first_word": 2, "end_word": 4, "text": "mechanical energy."}
    assert sent(twin, "PATCH", path) == {"version": 2, "edits": [edit], "note": ""}
    assert run(tmp_path, "transcript", PROJECT, "--replace", "I trust", "x") == ExitCode.USAGE
    assert "said 2 times. Say which: 0-2 (0:00), 4-6 (0:04)." in capsys.readouterr().err
    assert run(tmp_path, "transcript", PROJECT, "--replace", "never said", "x") == ExitCode.USAGE


def test_a_transcript_is_saved_in_a_format(twin: Twin, tmp_path: Path) -> None:
    twin.overrides[("GET", f"{BASE}/transcript")] = [httpx2.Response(200, content=b"1\n00:00")]
    out = tmp_path / "deep" / "talk.srt"
    assert run(tmp_path, "transcript", PROJECT, "--format", "srt", "--out", str(out)) == ExitCode.OK
    assert out.read_bytes() == b"1\n00:00"


def test_speakers_are_named_merged_and_split(twin: Twin, tmp_path: Path) -> None:
    path, speaker = f"{BASE}/speakers", {"id": "S1", "name": None, "speech_ms": 9_000, "word_count": 12}
    plan(twin, "GET", path, {"version": 2, "speakers": [speaker]})
    plan(twin, "PATCH", path, {"version": 3, "speakers": [speaker]})
    words = ["--name", "S1=Marie Curie", "--merge", "S3=S1", "--split", "1:30-2:00=S2", "--split", "0:01-0:02=new"]
    assert run(tmp_path, "speakers", PROJECT, *words) == ExitCode.OK
    assert sent(twin, "PATCH", path)["edits"] == [
        {"op": "merge", "speaker": "S3", "into": "S1"},
        {"op": "split", "ranges": [{"start_ms": 90_000, "end_ms": 120_000}], "to": "S2"},
        {"op": "split", "ranges": [{"start_ms": 1_000, "end_ms": 2_000}], "to": None},
        {"op": "rename", "speaker": "S1", "name": "Marie Curie"},
    ]


@pytest.mark.parametrize("words", [["--name", "Ann=S1"], ["--merge", "S1=Ann"], ["--split", "90=S1"]])
def test_an_unknown_speaker_is_refused_in_one_line(
    twin: Twin, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    plan(twin, "GET", f"{BASE}/speakers", {"version": 2, "speakers": []})
    assert run(tmp_path, "speakers", PROJECT, *words) == ExitCode.USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_exports_are_listed_and_cancelled(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = {"export_id": EXPORT, "aspect": "1:1", "state": "waiting", "automatic": False}
    plan(twin, "GET", f"{BASE}/clips", {"items": [{"clip_id": CLIP, "ordinal": 0, "exports": [export]}]})
    assert run(tmp_path, "exports", "list", PROJECT) == ExitCode.OK
    assert EXPORT[:8] in capsys.readouterr().out
    plan(twin, "POST", f"/v1/exports/{EXPORT}/cancel", {"export_id": EXPORT, "state": "cancelled"})
    assert run(tmp_path, "exports", "cancel", EXPORT) == ExitCode.OK
    assert "is cancelled" in capsys.readouterr().out


def test_a_brand_kit_uses_files_that_are_checked_first(twin: Twin, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"picture")
    plan(twin, "POST", "/v1/assets", {"asset_id": "a1", "state": "received"}, status=202)
    plan(twin, "GET", "/v1/assets/a1", {"asset_id": "a1", "state": "received"}, {"asset_id": "a1", "state": "checked"})
    plan(twin, "POST", "/v1/brand-kits", {"kit_id": KIT, "version": 1}, status=201)
    words = ["--logo", str(logo), "--colour", "primary=#e4002b", "--template", "minimal"]
    assert run(tmp_path, "brand", "create", "Station", *words) == ExitCode.OK
    assert sent(twin, "POST", "/v1/uploads/sign")["purpose"] == "image"
    assert sent(twin, "POST", "/v1/brand-kits") == {
        "name": "Station", "logo": {"asset_id": "a1"}, "colours": {"primary": "#e4002b"}, "template": "minimal",
    }  # fmt: skip


def test_a_file_that_cannot_be_used_makes_no_kit(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"no picture")
    refusal = {"code": "bad-image", "reason": "unreadable", "detail": "This is no picture."}
    plan(twin, "POST", "/v1/assets", {"asset_id": "a1", "state": "refused", "refusal": refusal}, status=202)
    assert run(tmp_path, "brand", "create", "Station", "--logo", str(logo)) == ExitCode.REFUSED
    assert "logo.png cannot be used: This is no picture." in capsys.readouterr().err
    assert not [path for _, path, _ in twin.seen if path == "/v1/brand-kits"]


def test_a_changed_kit_keeps_its_other_colours(twin: Twin, tmp_path: Path) -> None:
    path = f"/v1/brand-kits/{KIT}"
    plan(twin, "GET", path, {"kit_id": KIT, "version": 4, "kit": {"colours": {"text": "#ffffff"}}}, etag='"kit-4"')
    plan(twin, "PATCH", path, {"kit_id": KIT, "version": 5})
    assert run(tmp_path, "brand", "update", KIT, "--colour", "primary=#e4002b") == ExitCode.OK
    assert sent(twin, "PATCH", path) == {"colours": {"text": "#ffffff", "primary": "#e4002b"}}
    assert twin.headers[-1]["if-match"] == '"kit-4"'


def test_kits_are_listed_shown_and_archived(twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kit = {"kit_id": KIT, "version": 4, "kit": {"name": "Station"}}
    plan(twin, "GET", "/v1/brand-kits", {"items": [kit]}, {"items": []})
    assert run(tmp_path, "brand", "list") == ExitCode.OK
    assert "Station" in capsys.readouterr().out
    assert run(tmp_path, "brand", "list") == ExitCode.NOTHING_FOUND
    plan(twin, "GET", f"/v1/brand-kits/{KIT}", kit)
    capsys.readouterr()
    assert run(tmp_path, "brand", "show", KIT) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == kit
    plan(twin, "DELETE", f"/v1/brand-kits/{KIT}", {})
    assert run(tmp_path, "brand", "delete", KIT) == ExitCode.OK


@pytest.mark.parametrize("name", ["a" * 90 + ".mp4", "長い名前" * 12 + ".mp4", "👩‍🚀" * 30 + ".mov", "short.mp4"])
def test_tables_and_bars_fit_80_columns_with_any_file_name(name: str) -> None:
    from rich.cells import cell_len  # noqa: PLC0415

    from cli.output.terminal import LABEL_WIDTH, clip_table, shorten_middle  # noqa: PLC0415 - of this test alone

    clip = {
        "clip_id": CLIP, "ordinal": 0, "start_ms": 3_600_000, "end_ms": 3_690_000, "title": name, "reason": "Opens.",
        "score": 72.0, "confidence": 0.9, "files": {"video": name}, "export": {}, "hashtags": [],
    }  # fmt: skip
    text = io.StringIO()
    Console(file=text, width=80).print(clip_table([clip]))
    assert max(map(cell_len, text.getvalue().splitlines())) <= 80
    assert "best first" in text.getvalue()
    assert "72" in text.getvalue()
    unranked = io.StringIO()
    Console(file=unranked, width=80).print(clip_table([clip], order="time"))
    assert "in order of time" in unranked.getvalue()
    assert "72" not in unranked.getvalue()
    assert cell_len(shorten_middle(name, LABEL_WIDTH)) <= LABEL_WIDTH
    assert shorten_middle(name, LABEL_WIDTH).endswith(name[-4:])


def test_refused_messages_are_listed_with_reason_and_sender(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {
        "refusal_id": "r", "reason": "upload.options", "detail": "Keep to the ranges. (`options/max_clips`)",
        "key_id": "pk_1", "signed": True, "partition": 3, "offset": 71, "unlisted": 0,
        "created_at": "2026-03-01T12:00:00Z",
    }  # fmt: skip
    forged = one | {"signed": False, "reason": "producer.bad_signature", "offset": 72, "unlisted": 9}
    plan(twin, "GET", "/v1/uploads/refused", {"items": [forged, one]}, {"items": []})
    assert run(tmp_path, "refused", "--limit", "5") == ExitCode.OK
    shown = " ".join(capsys.readouterr().out.split())
    assert "2026-03-01 12:00:00 uploads.v1/3/71 upload.options pk_1 Keep to the ranges. (`options/max_clips`)" in shown
    assert "pk_1 (not signed by this key: anybody may have sent it)" in shown
    assert "9 more messages after it." in shown
    assert run(tmp_path, "refused") == ExitCode.OK
    assert "No message was refused" in capsys.readouterr().out


def test_a_project_without_automatic_clips_says_so(
    twin: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for count, told in ((0, "No clips: Nothing is good enough."), (2, "No automatic clips: Nothing is good enough.")):
        plan(twin, "GET", BASE, SEEN | {"nothing_found_reason": "Nothing is good enough.", "clip_count": count})
        assert run(tmp_path, "project", PROJECT) == ExitCode.OK
        assert told in capsys.readouterr().out
