"""Calls outside: a short patience whatever the other side does, and errors without a word of the request."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chengjiu_mp.core import outside
from chengjiu_mp.core.db import unit_of_work
from tests.twins import serving

SECRET = "secret-in-the-address"


def _answering(status="200 OK", body=b"{}", **headers):
    def app(_environ, start):
        start(status, [("Content-Length", str(len(body))), *((k.replace("_", "-"), v) for k, v in headers.items())])
        return [body]

    return serving(app)


@contextmanager
def _raw(speak):
    """Serve one connection by hand: ``speak(connection)`` runs until the test is over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                speak(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(2)


def test_an_answer_is_returned_whole():
    with _answering(body=b"abc", Content_Type="image/jpeg; q=1") as url:
        answer = outside.call("POST", f"{url}/a?b=c", body=b"x")
    assert (answer.status, answer.media_type, answer.body) == (200, "image/jpeg", b"abc")


@pytest.mark.parametrize(("status", "asked"), [("429 Too Many", 20.0), ("500 Oh", 20.0), ("503 Busy", 20.0)])
def test_what_may_work_later_says_when(status, asked):
    with _answering(status, Retry_After="20") as url, pytest.raises(outside.Unreachable) as away:
        outside.call("GET", f"{url}/?s={SECRET}")
    assert (away.value.reason, away.value.retry_after) == (f"http_{status[:3]}", asked)


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(outside.Unreachable) as away:
        outside.call("GET", f"http://127.0.0.1:{port}/?s={SECRET}")
    assert SECRET not in str(away.value) + repr(away.value.__cause__)
    assert away.value.__suppress_context__


def test_a_broken_address_is_not_repeated():
    with pytest.raises(outside.Unreachable) as away:
        outside.call("GET", f"http://127.0.0.1:9/{SECRET} \n")
    assert SECRET not in str(away.value)


def test_silence_ends_in_time(monkeypatch):
    monkeypatch.setattr(outside, "WHOLE_SECONDS", 0.2)
    done = threading.Event()
    with _raw(lambda _: done.wait(5)) as url:
        began = time.monotonic()
        with pytest.raises(outside.Unreachable, match="timeout"):
            outside.call("GET", url)
        assert time.monotonic() - began < 1
        done.set()


def test_an_answer_that_drips_ends_in_time(monkeypatch):
    monkeypatch.setattr(outside, "WHOLE_SECONDS", 0.3)
    over = threading.Event()

    def drip(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not over.wait(0.05):
            try:
                connection.sendall(b"x")
            except OSError:
                return

    with _raw(drip) as url:
        began = time.monotonic()
        with pytest.raises(outside.Unreachable, match="timeout"):
            outside.call("GET", url)
        assert time.monotonic() - began < 1
        over.set()


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(outside, "LARGEST_REPLY", 10)
    with _answering(body=b"x" * 100) as url, pytest.raises(outside.Unreachable, match="too_large"):
        outside.call("GET", url)


def test_nobody_waits_within_a_transaction(app):
    with unit_of_work(), pytest.raises(RuntimeError, match="transaction"):
        outside.call("GET", "http://127.0.0.1:9/")


@pytest.fixture
def certificate(tmp_path):
    """Return the file of a fresh certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return file


def test_only_who_proves_its_name_is_spoken_to(certificate, monkeypatch):
    presenting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    presenting.load_cert_chain(certificate)
    served = _answering(body=b"abc")
    served._server.socket = presenting.wrap_socket(served._server.socket, server_side=True)
    with served as url:
        address = url.replace("http://", "https://")
        with pytest.raises(outside.Unreachable, match="SSLCertVerificationError"):
            outside.call("GET", address)
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(outside, "_tls", lambda: trusting)
        assert outside.call("GET", address).body == b"abc"


def test_the_published_patience():
    assert (outside.CONNECT_SECONDS, outside.WHOLE_SECONDS) == (3.0, 5.0)
