"""The twins as a program of their own, as `./dev run --twins` starts it."""

import http.client
import json
import subprocess
import sys
import time

from chengjiu_mp import twins
from chengjiu_mp.wechat.twin import APPID, SECRET
from devtools.services import free_port
from devtools.stack import twins_command
from tests.twins import serving


def _ask(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_the_program_serves_until_it_is_ended():
    port = free_port()
    process = subprocess.Popen(twins_command(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _await(port)
        status, body = _ask(port, f"/wechat/sns/jscode2session?appid={APPID}&secret={SECRET}&js_code=user-wang")
        assert (status, json.loads(body)["openid"]) == (200, "otwin-wang")
    finally:
        process.terminate()
        said = process.communicate(timeout=10)
    assert said == (b"", b"")
    assert twins_command(1)[0] == sys.executable


def _await(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            _ask(port, "/")
        except OSError:
            assert time.monotonic() < until
            continue
        return


def test_other_addresses_are_nobodys():
    with serving(twins.Twins()) as url:
        port = int(url.rpartition(":")[2])
        assert [_ask(port, path)[0] for path in ("/", "/other/", "/sms")] == [404, 404, 200]
