"""The proxy of compose.tls.yaml: a real nginx with our template, before an API and a store that stream."""

from __future__ import annotations

import datetime as dt
import http.client
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from string import Template

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.contract.rigs.compose_file import FOLDER, read_compose
from tests.contract.rigs.servers import free_ports
from tests.support.progress import HANG_S, Patience

API, OBJECTS = "api.example.com", "files.example.com"
LARGE_BYTES = 8 * 2**20


class Upstream(http.server.BaseHTTPRequestHandler):
    """Says what it was asked; streams one event and waits until the client has it."""

    protocol_version = "HTTP/1.1"
    passed_on = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/events":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._chunk(b"data: first\n\n")
            assert self.passed_on.wait(HANG_S), "the first event never reached the client"
            self._chunk(b"data: second\n\n")
            self._chunk(b"")
            return
        names = ("Host", "X-Forwarded-For", "X-Forwarded-Proto")
        self._answer("|".join(self.headers.get(name, "") for name in names).encode())

    def do_PUT(self) -> None:
        self._answer(str(len(self.rfile.read(int(self.headers["Content-Length"])))).encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """A running nginx."""

    http_port: int
    https_port: int
    authority: Path

    def connect(self, name: str) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection(name, self.https_port, context=context, timeout=HANG_S)
        raw = socket.create_connection(("127.0.0.1", self.https_port), HANG_S)
        connection.sock = context.wrap_socket(raw, server_hostname=name)
        return connection


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx of this machine, as the image would run it: the template with the variables of compose."""
    assert shutil.which("nginx"), "the proxy is nginx: `apt-get install nginx-light`"
    folder = tmp_path_factory.mktemp("proxy")
    write_certificate(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    upstream = f"127.0.0.1:{server.server_address[1]}"
    http_port, https_port = free_ports(2)
    here = {
        "API_HOST": API, "OBJECTS_HOST": OBJECTS, "API_UPSTREAM": upstream, "OBJECTS_UPSTREAM": upstream,
        "TLS_FOLDER": str(folder), "HTTP_PORT": f"127.0.0.1:{http_port}", "HTTPS_PORT": f"127.0.0.1:{https_port}",
    }  # fmt: skip
    assert set(here) == set(read_compose("compose.tls.yaml")["services"]["proxy"]["environment"])
    written = Template((FOLDER / "proxy.conf.template").read_text()).safe_substitute(here)
    scratch = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/pid; daemon off; events {{}}\nhttp {{ access_log off;\n{scratch}{written}\n}}\n"
    )
    command = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    process = subprocess.Popen(command)
    patience = Patience("nginx's start")
    try:
        while not _listens(https_port):
            assert process.poll() is None, (folder / "error.log").read_text()
            patience.check(0)
            time.sleep(0.05)
        yield Proxy(http_port=http_port, https_port=https_port, authority=folder / "tls_certificate")
    finally:
        process.terminate()
        process.wait(HANG_S)
        server.shutdown()
        server.server_close()
        thread.join()


def write_certificate(folder: Path) -> None:
    """One certificate for both names, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, API)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(API), x509.DNSName(OBJECTS)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "tls_certificate").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tls_key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_request_keeps_its_host_and_names_the_client(proxy: Proxy) -> None:
    """A signed URL is signed for the host; the client cannot say where it comes from."""
    for name in (API, OBJECTS):
        connection = proxy.connect(name)
        connection.request("GET", "/where", headers={"X-Forwarded-For": "10.9.8.7"})
        answer = connection.getresponse()
        assert answer.read().decode() == f"{name}:{proxy.https_port}|127.0.0.1|https"
        assert answer.headers["Strict-Transport-Security"]
        connection.close()


def test_an_event_is_passed_on_before_the_stream_ends(proxy: Proxy) -> None:
    Upstream.passed_on.clear()
    connection = proxy.connect(API)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    assert answer.readline() == b"data: first\n"
    Upstream.passed_on.set()
    assert answer.read().endswith(b"data: second\n\n")
    connection.close()


def test_a_large_file_passes_to_the_store_only(proxy: Proxy) -> None:
    statuses = {}
    for name in (API, OBJECTS):
        connection = proxy.connect(name)
        try:
            connection.request("PUT", "/file", body=bytes(LARGE_BYTES))
            statuses[name] = connection.getresponse().status
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):  # refused while it was sent
            statuses[name] = 413
        connection.close()
    assert statuses == {API: 413, OBJECTS: 200}


def test_plain_http_is_sent_to_https(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=HANG_S)
    connection.request("GET", "/v1/projects", headers={"Host": API})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{API}/v1/projects")
    connection.close()


def test_another_name_gets_no_certificate(proxy: Proxy) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", proxy.https_port), HANG_S) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="elsewhere.example.com")
