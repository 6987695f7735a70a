"""The gallery page: safe with any text, complete without network, with the right frames."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PIL import Image

from benchmarks.gallery.__main__ import files, is_current
from benchmarks.gallery.fixture import DRAWN, MADE, FixtureProject, cues_of, fixture, stamp
from benchmarks.gallery.page import Cue, Film, Fixture, Framed, Thumbnail, page, text_at
from benchmarks.gallery.sheet import Sheet, Still, Strip, draw, levels, moments, with_planned
from benchmarks.gallery.words import FOUND, in_words
from schemas.documents.quality import CheckName, Limits, make_check

SHEET = Sheet(
    length_ms=15_000,
    stills=[Still(at_ms=0, why="first", file="a-0.jpg"), Still(at_ms=2000, why="cut", file="a-1.jpg")],
    strips=[Strip(at_ms=2000, file="a-strip.jpg")],
    level_db=[-20.0, -90.0],
)
FILM = Film(
    title="<script>alert(1)</script>",
    reason='a "quoted" & strange reason',
    score=50,
    confidence=0.25,
    start_ms=1000,
    end_ms=16_000,
    aspect="9:16",
    verdict="warn",
    folder="a folder",
    video="01.mp4",
    poster="01.jpg",
    storyboard="01-storyboard.jpg",
    sheet=SHEET,
    warnings=["captions: <late>"],
    thumbnails=[Thumbnail(file="01.jpg", told="1.0 s: score 0.90")],
    framing=[Framed(start_ms=0, mode="hold", shows="face", reason="the face that speaks")],
    cues=[Cue(start_ms=1900, end_ms=2500, text="a <b>caption</b>")],
)


def gallery_page(*films: Film, **more: object) -> str:
    return page([Fixture(name="a<b>.mp4", state="completed", seconds=10.0, films=list(films), **more)], "today")  # type: ignore[arg-type]


def test_texts_from_outside_are_escaped() -> None:
    text = gallery_page(FILM)
    assert "<script" not in text
    for told in ("a&lt;b&gt;.mp4", "&lt;late&gt;", "&quot;quoted&quot; &amp; strange", "a &lt;b&gt;caption&lt;/b&gt;"):
        assert told in text


def test_the_gallery_loads_no_external_resource() -> None:
    text = gallery_page(FILM)
    links = set(re.findall(r'(?:src|poster|href)="([^"#]+)"', text))
    names = ("01-storyboard.jpg", "01.jpg", "01.mp4", "a-0.jpg", "a-1.jpg", "a-strip.jpg")
    assert links == {f"a%20folder/{name}" for name in names}
    assert "http" not in text
    assert "url(" not in text


def test_a_file_without_clips_says_why() -> None:
    text = gallery_page(said=["nothing is said"])
    assert "nothing is said" in text
    assert "completed, no clip" in text


def test_each_verdict_can_be_chosen() -> None:
    text = gallery_page(FILM, msgspec.structs.replace(FILM, verdict="fail"))
    assert re.findall(r'id="only-(\w+)"', text) == ["all", "fail", "warn"]
    for verdict in ("all", "fail", "warn"):
        assert verdict == "all" or f"#only-{verdict}:checked" in text


def test_a_picture_shows_the_framing_that_begins_with_it() -> None:
    framing = [*FILM.framing, Framed(start_ms=2002, mode="split", shows="faces", reason="two talk")]
    told = gallery_page(msgspec.structs.replace(FILM, framing=framing)).split("2.00 s</b>")[1]
    assert "split" in told.split("</figure>")[0]


def test_every_check_has_its_words() -> None:
    assert set(FOUND) == set(CheckName.__args__)  # type: ignore[attr-defined]
    found = make_check("cut_face", 0.25, "share", Limits().cut_face, at_ms=[1200.0, 3400.0])
    assert in_words(found) == "The edge cuts a face in 25% of the looks (limit 2%), at 1.2, 3.4 s."
    assert in_words(make_check("lufs", -18.04, "LUFS", Limits().lufs)).endswith("-18.0 LUFS (limit -14 ± 0.5 LUFS).")
    assert "silent" in in_words(make_check("lufs", None, "LUFS", Limits().lufs, detail="it is silent"))


def test_pictures_are_at_most_two_seconds_apart() -> None:
    seen = moments(30_000, [4000, 4010, 12_000], [4100, 9000])
    times = [at for at, _ in seen]
    assert max(after - before for before, after in pairwise(times)) <= 2000
    assert (times[0], times[-1]) == (0, pytest.approx(29_940))
    assert [why for at, why in seen if at in (4000, 9120, 12_000)] == ["cut", "caption", "cut"]
    assert 4010 not in times


def test_many_captions_are_thinned() -> None:
    seen = moments(100_000, [], [float(at) for at in range(500, 90_000, 1000)])
    assert sum(why == "caption" for _, why in seen) == 24


def test_a_sheet_shows_the_cut_and_its_neighbouring_frames(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 90, 160, "yuv420p"
        for number in range(30):
            grey = np.full((160, 90, 3), 40 if number < 17 else 200, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode(None))
    sheet = draw(video, tmp_path, "sheet", [500.0])
    assert [(one.at_ms, one.why) for one in sheet.stills] == [
        (0, "first"),
        (700, "caption"),
        (1700, "cut"),
        (2900, "last"),
    ]
    assert sheet.length_ms == 3000
    assert [one.at_ms for one in sheet.strips] == [1700]
    with Image.open(tmp_path / sheet.strips[0].file) as strip:
        row = np.asarray(strip.convert("L"))[80]
    assert [int(row[94 * at + 45]) > 120 for at in range(8)] == [False] * 4 + [True] * 4
    assert sheet.level_db == []


def test_a_planned_cut_next_to_a_detected_one_is_the_same() -> None:
    assert with_planned([45, 90], [46, 120]) == [45, 90, 120]


def test_the_level_separates_sound_from_silence(tmp_path: Path) -> None:
    sound = tmp_path / "a.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = np.concatenate([np.zeros(1600), 16_000 * np.sin(np.arange(1600))]).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = levels(sound)
    assert found[0] == -90.0
    assert found[-1] == pytest.approx(-9.2, abs=0.5)


def test_captions_are_listed_in_output_time() -> None:
    words = [
        {"text": text, "start_ms": 5000 + 300 * at, "end_ms": 5250 + 300 * at, "probability": 1.0}
        for at, text in enumerate(["here", "is", "what", "is", "said."])
    ]
    heard = {"language": "en", "language_probability": 1.0, "duration_ms": 9000, "words": words, "model": "m"}
    heard |= {"segments": [], "speech": []}
    export = {"captions": True, "template": "bold_outline", "aspect": "9:16", "start_ms": 4000, "end_ms": 9000}
    cues = cues_of(export, heard)
    assert (cues[0].start_ms, " ".join(cue.text for cue in cues)) == (1000, "here is what is said.")
    assert text_at(cues, 1100).startswith("here is")
    assert cues_of(export | {"captions": False}, heard) == []


def test_results_of_the_same_code_are_reused(tmp_path: Path) -> None:
    made = FixtureProject(
        name="talking/a.mp4", made_by="now", project={"state": "failed", "duration_ms": None}, films=[]
    )
    assert not is_current(tmp_path, "now", older=True)
    (tmp_path / MADE).write_bytes(msgspec.json.encode(made))
    assert is_current(tmp_path, "now", older=False)
    assert not is_current(tmp_path, "later", older=False)
    assert is_current(tmp_path, "later", older=True)
    found = fixture(tmp_path, "later")
    assert found is not None
    assert found.older
    assert (tmp_path / DRAWN).is_file()


def test_a_stamp_names_the_content(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "a.py").write_text("a")
    before = stamp([tmp_path], "x")
    (tmp_path / "__pycache__" / "a.pyc").write_text("compiled")
    assert stamp([tmp_path], "x") == before
    (tmp_path / "a.py").write_text("b")
    assert stamp([tmp_path], "x") != before


def test_files_are_chosen_by_folder_and_word(tmp_path: Path) -> None:
    for name in ("talking/one.mp4", "talking/two.txt", "music/song.ogg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in files(tmp_path, ["talking", "music"], [])] == ["one.mp4", "song.ogg"]
    assert [path.name for path in files(tmp_path, ["talking", "music"], ["music/"])] == ["song.ogg"]
    with pytest.raises(SystemExit):
        files(tmp_path, ["talking"], ["three"])
