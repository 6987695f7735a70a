"""Each process has a key to the object store of its own, and the store refuses it what is not in its policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from core.infra.s3.object_store import ensure_bucket
from schemas.access.object_policies import WRITES
from schemas.access.process_settings import SETTINGS_OF
from tests.contract.rigs.servers import Server, make_settings, run_seaweedfs
from tests.support.progress import HANG_S

pytestmark = pytest.mark.contract

BUCKET, OTHER = "clipstream", "somebody-elses"
PROCESSES = (*WRITES, "migrate")
KEYS = {process: (f"AK-{process}", f"SK-{process}-0123456789") for process in PROCESSES}
ORG, PROJECT = "11111111-1111-5111-8111-111111111111", "22222222-2222-5222-8222-222222222222"
PLACES = {
    "*/uploads/*": f"{ORG}/uploads/u/talk.mp4",
    "*/assets/*": f"{ORG}/assets/a/logo",
    "*/archives/*": f"{ORG}/archives/a/organisation.zip",
    **{
        pattern: f"{ORG}/{PROJECT}/{pattern.split('/')[2]}/r/sha"
        for patterns in WRITES.values()
        for pattern in patterns
        if pattern.startswith("*/*/")
    },
}
"""Pattern of ``WRITES`` → a key that it matches."""
ROOT = Path(__file__).parents[3]


def client(server: Server, process: str) -> Any:
    access, secret = KEYS.get(process) or (server.user, server.password)
    return boto3.client(
        "s3", endpoint_url=server.url, region_name="us-east-1",
        aws_access_key_id=access, aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, read_timeout=HANG_S),
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_seaweedfs(tmp_path_factory.mktemp("policies"), KEYS, BUCKET) as server:
        admin = client(server, "admin")
        for bucket in (BUCKET, OTHER):
            admin.create_bucket(Bucket=bucket)
            for key in PLACES.values():
                admin.put_object(Bucket=bucket, Key=key, Body=b"first")
        yield server


def refused(act: Callable[[], Any]) -> bool:
    """Whether the store says no; any other error is one."""
    try:
        answer = act()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in ("AccessDenied", "403"), code
        return True
    errors = answer.get("Errors") or []
    assert all(one["Code"] == "AccessDenied" for one in errors)
    return bool(errors)


def test_the_api_removes_tails_of_uploads_and_nothing_else(store: Server) -> None:
    s3, upload = client(store, "api"), PLACES["*/uploads/*"]
    tail = f"{upload}.tail.0"
    s3.put_object(Bucket=BUCKET, Key=tail, Body=b"x")
    removed = {key for key in (tail, *PLACES.values())
               if not refused(lambda key=key: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}]}))}  # type: ignore[misc]  # fmt: skip
    assert removed == {tail}


@pytest.mark.parametrize("process", WRITES)
def test_a_process_writes_its_own_kinds_and_reads_all(store: Server, process: str) -> None:
    s3 = client(store, process)
    written = {pattern for pattern, key in PLACES.items()
               if not refused(lambda key=key: s3.put_object(Bucket=BUCKET, Key=key, Body=b"x"))}  # type: ignore[misc]  # fmt: skip
    assert written == set(WRITES[process])
    begun = {pattern for pattern, key in PLACES.items()
             if not refused(lambda key=key: s3.create_multipart_upload(Bucket=BUCKET, Key=key))}  # type: ignore[misc]  # fmt: skip
    assert begun == set(WRITES[process])
    for key in PLACES.values():
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"]
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{ORG}/")["KeyCount"] >= len(PLACES)
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=BUCKET, Key=f"{ORG}/absent")


@pytest.mark.parametrize("process", ["api", "ingest"])
def test_a_process_that_seals_an_upload_may_copy_it(store: Server, process: str) -> None:
    s3, key = client(store, process), PLACES["*/uploads/*"]
    copy = {"CopySource": {"Bucket": BUCKET, "Key": key}, "Bucket": BUCKET}
    assert not refused(lambda: s3.copy_object(Key=f"{key}.seal", **copy))
    assert refused(lambda: s3.copy_object(Key=PLACES["*/*/exports/*"], **copy))


def test_detect_may_keep_a_models_answers_under_a_known_key(store: Server) -> None:
    s3, key = client(store, "detect"), PLACES["*/*/moments/*"]
    copy = {"CopySource": {"Bucket": BUCKET, "Key": key}, "Bucket": BUCKET}
    assert not refused(lambda: s3.copy_object(Key=f"{key}-answers.json", **copy))
    assert refused(lambda: s3.copy_object(Key=PLACES["*/*/transcript/*"], **copy))


@pytest.mark.parametrize("process", WRITES)
def test_nothing_but_the_relay_removes_an_object(store: Server, process: str) -> None:
    client(store, "admin").put_object(Bucket=BUCKET, Key=f"{ORG}/{PROJECT}/source/r/gone", Body=b"x")
    s3 = client(store, process)
    keys = [*PLACES.values(), f"{ORG}/{PROJECT}/source/r/gone"]
    if process == "relay":
        assert not refused(lambda: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": keys[-1]}]}))
        return
    for key in keys:
        assert refused(lambda key=key: s3.delete_object(Bucket=BUCKET, Key=key))  # type: ignore[misc]
        assert refused(lambda key=key: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}]}))  # type: ignore[misc]


@pytest.mark.parametrize("process", PROCESSES)
def test_no_process_reaches_another_bucket_or_changes_rules(store: Server, process: str) -> None:
    s3, key = client(store, process), next(iter(PLACES.values()))
    assert refused(lambda: s3.get_object(Bucket=OTHER, Key=key))
    assert refused(lambda: s3.put_object(Bucket=OTHER, Key=key, Body=b"x"))
    assert refused(lambda: s3.list_objects_v2(Bucket=OTHER))
    assert refused(lambda: s3.create_bucket(Bucket="one-more-bucket"))
    assert refused(lambda: s3.delete_bucket(Bucket=BUCKET))
    assert refused(lambda: s3.put_bucket_policy(Bucket=BUCKET, Policy="{}"))
    if process != "migrate":
        assert refused(lambda: s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": []}))


async def test_a_migration_creates_its_bucket_and_admits_browsers(tmp_path: Path) -> None:
    """In an empty store, twice: with the key that may do nothing else."""
    with run_seaweedfs(tmp_path, KEYS, BUCKET) as server:
        access, secret = KEYS["migrate"]
        settings = make_settings(s3=server.url, s3_access_key=access, s3_secret_key=secret, s3_bucket=BUCKET)
        await ensure_bucket(settings)
        await ensure_bucket(settings)
        assert client(server, "admin").get_bucket_cors(Bucket=BUCKET)["CORSRules"]
        assert refused(lambda: client(server, "migrate").put_object(Bucket=BUCKET, Key="a", Body=b"x"))


def test_a_signed_url_of_the_api_goes_no_further_than_its_key(store: Server) -> None:
    s3 = client(store, "api")
    for pattern, key in PLACES.items():
        url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=60)
        assert httpx2.put(url, content=b"x", timeout=HANG_S).status_code == (200 if pattern in WRITES["api"] else 403)


def test_the_policies_name_the_kinds_that_the_code_writes() -> None:
    """Each ``prefix_of(event, kind, …)`` and folder of a span of a stage is in its policy."""
    called = re.compile(r'(?:prefix_of\(\w+(?:\.\w+)?|self\.prefix\(event, work), "(\w+)"')
    parts = re.compile(r'part: ClassVar\[spans\.Part\] = "(\w+)"')
    for stage in (name for name in WRITES if (ROOT / "streams" / name).is_dir()):
        text = "".join(path.read_text() for path in (ROOT / "streams" / stage).rglob("*.py"))
        kinds = {f"*/*/{kind}/*" for kind in (*called.findall(text), *parts.findall(text))}
        assert kinds == {pattern for pattern in WRITES[stage] if pattern.startswith("*/*/")}, stage
    with_a_key = {process for process, names in SETTINGS_OF.items() if "s3_access_key" in names}
    assert with_a_key == set(PROCESSES)
