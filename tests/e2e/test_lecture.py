"""A real talk through the whole system: upload, clips that decode, words on time, search, analytics, webhook."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
import pyloudnorm
import pytest

from cli.__main__ import main
from local.sign_in_link import make_sign_in_link
from local.stack import layout_of
from tests.e2e.counters import ask_every_query, expect_each_event_once
from tests.e2e.rig import Api, Receiver
from tests.support.media.shared_media import LECTURE, media
from tests.support.progress import HANG_S, wait_while_moving

MAX_CLIPS = 2
MOST_OFF = 4
"""An estimate of processor time is worth something on any machine as long as it lies within so many times."""


@pytest.fixture(scope="module")
def project(api: Api, receiver: Receiver) -> dict[str, Any]:
    project_id = api.start(LECTURE, max_clips=MAX_CLIPS)
    ended = api.wait(project_id)
    assert ended["state"] == "completed", json.dumps(ended, indent=1)
    return ended


@pytest.fixture(scope="module")
def clips(api: Api, project: dict[str, Any]) -> list[dict[str, Any]]:
    return list(api.get(f"/v1/projects/{project['project_id']}/clips")["items"])


@pytest.fixture(scope="module")
def first_video(api: Api, clips: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    export = api.get(f"/v1/exports/{clips[0]['exports'][0]['export_id']}")
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    path.write_bytes(httpx2.get(export["files"]["video"]["url"], timeout=HANG_S).content)
    return path


def test_every_stage_is_done_and_has_its_cost(project: dict[str, Any]) -> None:
    assert [stage["stage"] for stage in project["stages"]] == [
        "ingest", "listen", "close", "look", "study", "detect", "frame", "render",
    ]  # fmt: skip
    assert {stage["state"] for stage in project["stages"]} == {"done"}
    assert {stage["percent"] for stage in project["stages"]} == {100}
    assert all(stage["elapsed_ms"] is not None for stage in project["stages"])
    cost = {stage["stage"]: stage["cpu_ms"] for stage in project["stages"]}
    assert all(cost[stage] > 0 for stage in ("ingest", "listen", "look", "study", "frame", "render"))
    assert project["duration_ms"] == pytest.approx(203_341, abs=100)
    assert project["warnings"] == []


def test_clips_are_ranked_disjoint_and_explained(clips: list[dict[str, Any]]) -> None:
    assert 2 <= len(clips) <= MAX_CLIPS
    scores = [clip["score"] for clip in clips]
    assert scores == sorted(scores, reverse=True)
    ranges = sorted((clip["start_ms"], clip["end_ms"]) for clip in clips)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(ranges))
    for clip in clips:
        assert 10_000 <= clip["end_ms"] - clip["start_ms"] <= 90_000
        assert clip["title"]
        assert clip["reason"]
        assert 0 < clip["confidence"] <= 1
        assert all(signal["evidence"] for signal in clip["signals"])


def test_all_candidates_are_listed_with_their_evidence(api: Api, project: dict[str, Any], clips: list[Any]) -> None:
    moments = api.get(f"/v1/projects/{project['project_id']}/moments")["moments"]
    assert len(moments) > len(clips)
    assert {m["id"] for m in moments if m["selected"]} == {clip["clip_id"] for clip in clips}


def test_the_clip_decodes_back_as_promised(first_video: Path, clips: list[dict[str, Any]]) -> None:
    wanted_s = (clips[0]["end_ms"] - clips[0]["start_ms"]) / 1000
    with av.open(str(first_video)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height) == (1080, 1920)
        frames = sum(1 for _ in container.decode(video))
        assert video.average_rate is not None
        assert frames / float(video.average_rate) == pytest.approx(wanted_s, abs=0.15)
    with av.open(str(first_video)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    sound = np.concatenate(blocks, axis=1).T.astype(np.float64)
    assert len(sound) / 48_000 == pytest.approx(wanted_s, abs=0.15)
    assert pyloudnorm.Meter(48_000).integrated_loudness(sound) == pytest.approx(-14, abs=1.0)
    assert np.abs(sound).max() <= 10 ** (-1 / 20)


def test_the_player_can_start_before_the_end_has_arrived(first_video: Path) -> None:
    body = first_video.read_bytes()
    assert 0 < body.find(b"moov") < body.find(b"mdat")


def test_captions_are_burned_in_while_words_are_spoken(
    api: Api, project: dict[str, Any], clips: list[dict[str, Any]], first_video: Path, tmp_path: Path
) -> None:
    asked = api.post(f"/v1/clips/{clips[0]['clip_id']}/export", {"aspect": "9:16", "captions": False}, expect=202)
    export = api.export(asked["export_id"])
    assert export["state"] == "done"
    plain = tmp_path / "plain.mp4"
    plain.write_bytes(httpx2.get(export["files"]["video"]["url"], timeout=HANG_S).content)
    with_words, without = _luma(first_video), _luma(plain)
    common = min(len(with_words), len(without))
    changed = np.abs(with_words[:common].astype(int) - without[:common].astype(int)) > 60
    assert changed[:, :96].any(axis=2).mean(axis=0).max() < 0.05, "the upper half of the picture is the same"
    shown = changed[:, 96:160].any(axis=(1, 2))
    words = api.get(f"/v1/projects/{project['project_id']}/transcript")["words"]
    at_ms = clips[0]["start_ms"] + 500 + 1000 * np.arange(common)
    away_ms = np.array([min(max(w["start_ms"] - at, at - w["end_ms"], 0) for w in words) for at in at_ms])
    assert shown[away_ms == 0].mean() > 0.8, "words stand in the lower middle while they are said"
    assert not shown[away_ms > 2_000].any(), "and nothing when nobody speaks"


def _luma(path: Path) -> np.ndarray:
    """One picture a second, 108×192, gray: shape (n, 192, 108)."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        step = round(float(stream.average_rate or 30))
        frames = [
            frame.reformat(108, 192, "gray").to_ndarray()
            for number, frame in enumerate(container.decode(stream))
            if number % step == step // 2
        ]
    return np.stack(frames)


def test_a_clip_is_exported_in_other_aspects_and_times(api: Api, clips: list[dict[str, Any]]) -> None:
    """Requested together and made by one decode; requesting one of them alone gives the same export."""
    start = clips[-1]["start_ms"] + 1000
    body = {"captions": True, "start_ms": start, "end_ms": start + 6000}
    path = f"/v1/clips/{clips[-1]['clip_id']}/export"
    sizes = {"16:9": (1920, 1080), "1:1": (1080, 1080)}
    asked = api.post(f"{path}s", body | {"aspects": list(sizes)}, expect=202)["items"]
    assert api.post(path, body | {"aspect": "1:1"})["export_id"] == asked[1]["export_id"]
    for one in asked:
        export = api.export(one["export_id"])
        assert export["state"] == "done", export
        with av.open(io.BytesIO(httpx2.get(export["files"]["video"]["url"], timeout=HANG_S).content)) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == sizes[one["aspect"]]
            assert float(container.duration or 0) / av.time_base == pytest.approx(6.0, abs=0.15)


@pytest.mark.parametrize("made", ["by itself", "beside another shape"])
def test_a_repeated_export_is_identical_byte_for_byte(
    api: Api, clips: list[dict[str, Any]], capsys: pytest.CaptureFixture[str], made: str
) -> None:
    """The shortest automatic clip of the lecture, and an export that was rendered together with another aspect."""
    start = clips[-1]["start_ms"] + 1000
    wish = {"aspect": "1:1", "captions": True, "start_ms": start, "end_ms": start + 6000}
    shortest = min(clips, key=lambda clip: int(clip["end_ms"] - clip["start_ms"]))
    export_id = shortest["exports"][0]["export_id"]
    if made == "beside another shape":
        export_id = api.post(f"/v1/clips/{clips[-1]['clip_id']}/export", wish)["export_id"]
    export = api.export(export_id)
    line = ["replay", export["export_id"], "--json", "--api", api.stack.api, "--key", api.stack.api_key]
    code, found = main(line), json.loads(capsys.readouterr().out)
    assert (code, found["outcome"], found["differences"]) == (0, "same", []), found
    assert found["compared"] >= 2
    assert api.get(f"/v1/exports/{export['export_id']}")["certificate"] == export["certificate"]


def test_a_download_answers_a_range(api: Api, clips: list[dict[str, Any]]) -> None:
    links = api.get(f"/v1/exports/{clips[0]['exports'][0]['export_id']}")["files"]
    answer = httpx2.get(links["video"]["url"], headers={"Range": "bytes=100-199"})
    assert (answer.status_code, len(answer.content)) == (206, 100)
    assert httpx2.get(links["thumbnail"]["url"]).content[:2] == b"\xff\xd8"
    assert httpx2.get(re.sub("Signature=[0-9a-f]{8}", "Signature=00000000", links["video"]["url"])).status_code == 403


def test_a_clip_is_shared_with_who_has_no_account(api: Api, clips: list[dict[str, Any]]) -> None:
    share = api.post("/v1/shares", {"clip_ids": [clip["clip_id"] for clip in clips], "title": "The lecture"})
    with httpx2.Client(timeout=HANG_S) as visitor:
        assert "The lecture" in visitor.get(share["url"]).text
        shown = visitor.get(share["url"].replace("/s/", "/v1/public/shares/")).json()
        assert [clip["title"] for clip in shown["clips"]] == [clip["title"] for clip in clips]
        first = shown["clips"][0]
        assert len(visitor.get(first["video_url"]).content) == first["download"]["size_bytes"]
        assert first["duration_ms"] == pytest.approx(clips[0]["end_ms"] - clips[0]["start_ms"], abs=200)
        assert visitor.get(first["captions"][0]["url"]).text.startswith("WEBVTT")
        api.call("DELETE", f"/v1/shares/{share['share_id']}")
        assert visitor.get(share["url"]).status_code == 404


def test_a_link_signs_the_owner_in_once(api: Api) -> None:
    code = make_sign_in_link(layout_of(api.stack.state_dir), os.environ).url.partition("#code=")[2]
    own_page = {"Origin": api.stack.api, "Clipstream-Client": "web"}
    with httpx2.Client(base_url=api.stack.api, timeout=HANG_S) as browser:
        begun = browser.post("/v1/auth/one-time-code", json={"code": code, "cookies": True}, headers=own_page)
        assert begun.json()["org_id"] == api.stack.org_id, begun.text
        assert browser.get("/v1/me").json()["actor"]["kind"] == "user"
        again = browser.post("/v1/auth/one-time-code", json={"code": code, "cookies": True}, headers=own_page)
        assert again.json()["code"] == "code-invalid"


def test_the_transcript_has_its_words_on_time(api: Api, project: dict[str, Any]) -> None:
    transcript = api.get(f"/v1/projects/{project['project_id']}/transcript")
    words = transcript["words"]
    reference = json.loads(media("talking/physicsworks_whisper_medium.json").read_text())
    flat = [word for segment in reference["segments"] for word in segment["words"]]
    assert transcript["language"] == "en"
    assert len(words) == pytest.approx(len(flat), rel=0.1)
    assert all(word["start_ms"] <= word["end_ms"] for word in words)
    starts = [word["start_ms"] for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word["probability"] <= 1 for word in words)
    late = [_nearest(words, word) for word in flat if len(word["word"].strip()) > 5]
    assert np.median([gap for gap in late if gap is not None]) < 250


def _nearest(words: list[dict[str, Any]], wanted: dict[str, Any]) -> float | None:
    """How far the nearest same word starts from the reference's, in ms; None where it was not heard within 3 s."""
    text, at_ms = re.sub(r"\W", "", wanted["word"]).lower(), wanted["time_interval"]["start"] * 1000
    same = [abs(word["start_ms"] - at_ms) for word in words if re.sub(r"\W", "", word["text"]).lower() == text]
    return min((gap for gap in same if gap < 3000), default=None)


@pytest.mark.parametrize(
    ("kind", "start"), [("srt", "1\n00:00:"), ("vtt", "WEBVTT"), ("txt", ""), ("ass", "[Script"), ("ttml", "<?xml")]
)
def test_the_transcript_comes_in_every_form(api: Api, project: dict[str, Any], kind: str, start: str) -> None:
    text = api.get(f"/v1/projects/{project['project_id']}/transcript", params={"format": kind})
    assert text.startswith(start)
    assert len(text.split()) > 300


def test_spoken_words_are_found_with_their_second(api: Api, project: dict[str, Any]) -> None:
    words = api.get(f"/v1/projects/{project['project_id']}/transcript")["words"]
    rare = max((word for word in words if word["text"].strip(".,?!").isalpha()), key=lambda word: len(word["text"]))
    query = rare["text"].strip(".,?!")
    asked = {"q": query, "project_id": project["project_id"]}
    items = wait_while_moving(lambda: api.get("/v1/search", params=asked)["segments"], f"hits of {query!r}")
    assert {hit["project_title"] for hit in items} == {project["title"]} != {""}
    said = [word for word in words if word["text"].strip(".,?!").lower() == query.lower()]
    assert any(hit["start_ms"] <= word["start_ms"] <= hit["end_ms"] for hit in items for word in said)
    assert {hit["word_ms"] for hit in items} & {word["start_ms"] for word in said}, "the millisecond of the word"


def test_meanings_and_topics_are_found(api: Api, project: dict[str, Any]) -> None:
    known = api.get(f"/v1/projects/{project['project_id']}/intelligence")
    topic, point = known["topics"][0]["name"], known["summary"][0]["quote"]
    asked = {"q": topic, "project_id": project["project_id"]}
    by_topic = asked | {"topic": topic, "only": "segments", "facets": "true"}
    wait_while_moving(lambda: api.get("/v1/search", params=by_topic)["segments"], f"segments about {topic!r}")
    inside = api.get("/v1/search", params=by_topic)
    named = wait_while_moving(
        lambda: api.get("/v1/search", params=asked | {"kind": "topic"})["entities"], f"the topic {topic!r}"
    )
    assert topic in [hit["name"] for hit in named]
    assert inside["facets"]["segments"]["topics"][topic] >= 1
    meant = {"q": point["text"][:500], "project_id": project["project_id"], "mode": "meaning", "only": "segments"}
    answer = api.get("/v1/search", params=meant)
    assert answer["semantic"]["used"], answer["semantic"]["reason"]
    best = answer["segments"][0]
    assert best["start_ms"] < point["end_ms"]
    assert point["start_ms"] < best["end_ms"]


def test_analytics_count_each_event_once(api: Api, project: dict[str, Any]) -> None:
    asyncio.run(expect_each_event_once(api.stack, project["project_id"]))
    summary = api.get("/v1/analytics/summary")
    assert summary["projects_completed"] >= 1
    assert summary["clips"] >= project["clip_count"]
    assert summary["minutes_processed"] >= project["duration_ms"] / 60_000 - 0.1
    stages = {row["stage"]: row for row in api.get("/v1/analytics/projects-per-hour")["items"]}
    assert set(stages) == {stage["stage"] for stage in project["stages"]}
    assert all(0 < row["p50_ms"] <= row["p95_ms"] for row in stages.values())
    assert api.get("/v1/analytics/minutes-processed")["items"]
    assert "items" in api.get("/v1/analytics/failures-by-reason")


def test_every_ready_query_of_the_docs_answers_about_a_real_talk(api: Api, project: dict[str, Any]) -> None:
    answers = asyncio.run(ask_every_query(api.stack, project["project_id"]))
    assert len(answers) == 11
    assert [name for name, rows in answers.items() if not rows] == []
    models = {row["model"] for row in answers["How fast each model answers, and how often it fails"]}
    assert {"whisper", "faces", "sentences"} <= models
    an_hour = {row["stage"]: row for row in answers["What an hour of video costs, stage by stage"]}
    assert {stage["stage"] for stage in project["stages"]} <= set(an_hour)
    assert all(an_hour[stage]["cpu_s_an_hour"] > 0 for stage in ("ingest", "listen", "look", "frame", "render"))
    cost = {(item["stage"], item["kind"]): item["amount"] for item in project["cost"]["items"]}
    for stage in project["stages"]:
        assert cost[stage["stage"], "cpu_ms"] == stage["cpu_ms"]
    assert cost["render", "stored_bytes"] > 100_000


def test_the_real_cost_is_compared_with_the_estimate(api: Api, project: dict[str, Any]) -> None:
    beside = {line["what"]: line for line in project["cost"]["comparison"]}
    assert {"elapsed", *(stage["stage"] for stage in project["stages"])} <= set(beside)
    assert 0 < beside["cpu_ms"]["actual"] <= project["cpu_ms"], "lost tries are no part of what was estimated"
    factor = beside["cpu_ms"]["expected"] / beside["cpu_ms"]["actual"]
    assert 1 / MOST_OFF < factor < MOST_OFF, f"the estimate is {factor:.2f} times what it took"
    known = {name: project[name] for name in ("duration_ms", "width_px", "height_px")}
    asked = api.post("/v1/projects/estimate", known | {"options": {"max_clips": MAX_CLIPS}})["estimate"]
    assert asked["basis"]["projects"] >= 1
    assert asked["media_ms"] == project["duration_ms"]
    assert asked["elapsed_ms"]["low"] < asked["elapsed_ms"]["expected"] < asked["elapsed_ms"]["high"]


def test_the_webhook_arrives_signed_and_once(project: dict[str, Any], receiver: Receiver) -> None:
    body = receiver.wait_for(project["project_id"], "project.completed")
    assert body["data"]["clip_count"] >= 1
    time.sleep(1)
    assert len(receiver.of(project["project_id"], "project.completed")) == 1
    exports = receiver.of(project["project_id"], "export.completed")
    assert len({export["data"]["export_id"] for export in exports}) == len(exports)
    assert {export["data"]["verdict"] for export in exports} <= {"pass", "warn", "fail"}


def test_events_can_be_followed_and_resumed(api: Api, project: dict[str, Any]) -> None:
    path = f"/v1/projects/{project['project_id']}/events"
    whole = _events(api, path, None)
    assert [int(number) for number, _ in whole] == list(range(1, len(whole) + 1))
    assert whole[-1][1].endswith("project.completed")
    half = whole[len(whole) // 2][0]
    assert _events(api, path, half) == whole[len(whole) // 2 + 1 :]


def _events(api: Api, path: str, last: str | None) -> list[tuple[str, str]]:
    found, number = [], ""
    headers = {"Last-Event-ID": last} if last else {}
    with api.http.stream("GET", path, headers=headers, timeout=HANG_S) as answer:
        for line in answer.iter_lines():
            if line.startswith("id:"):
                number = line[3:].strip()
            elif line.startswith("event:"):
                found.append((number, line[6:].strip()))
            if found and found[-1][1].endswith("project.completed") and line == "":
                break
    return found
