"""Serve the development twins on this machine: `python -m chengjiu_mp.twins --port N`.

WeChat's twin is at /wechat, the SMS provider's at /sms; CHENGJIU_TWINS=http://127.0.0.1:N connects the application to
them. What was sent is lost when the process ends.
"""

import argparse
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from chengjiu_mp.outbox import sms_twin
from chengjiu_mp.wechat import twin

Start = Callable[[str, list[tuple[str, str]]], Any]


class Twins:
    """Both twins behind one address."""

    def __init__(self) -> None:
        self.wechat, self.sms = twin.Twin(), sms_twin.SmsTwin()

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        _, first, rest = (*environ["PATH_INFO"].split("/", 2), "", "")[:3]
        inside = {**environ, "PATH_INFO": f"/{rest}"}
        if first == "wechat":
            return self.wechat(inside, start)
        if first == "sms":
            return self.sms(inside, start)
        start("404 Not Found", [("Content-Length", "0")])
        return [b""]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    """Addresses hold tokens: no line about them, as with the real thing."""

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


def server(app: Any, port: int = 0) -> WSGIServer:
    """Return a server on 127.0.0.1, not yet serving; port 0 takes a free one."""
    return make_server("127.0.0.1", port, app, server_class=_Server, handler_class=_Quiet)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m chengjiu_mp.twins")
    parser.add_argument("--port", type=int, required=True)
    with server(Twins(), parser.parse_args().port) as serving:
        serving.serve_forever()


if __name__ == "__main__":
    main()
