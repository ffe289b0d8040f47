"""The development twins, served to a test over HTTP. A test module that wants them connected says so by a fixture of
its own: ``settings`` that returns ``twins.connect(settings)``.
"""

import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chengjiu_mp import channel_settings
from chengjiu_mp.config import Settings
from chengjiu_mp.outbox.sms_twin import SmsState
from chengjiu_mp.twins import Twins, server
from chengjiu_mp.wechat.twin import State


class Served:
    """Both twins at one address, and what they remember."""

    def __init__(self, url: str, twins: Twins) -> None:
        self.url, self._twins = url, twins

    @property
    def wechat(self) -> State:
        return self._twins.wechat.state

    @property
    def sms(self) -> SmsState:
        return self._twins.sms.state

    def connect(self, settings: Settings, *, wechat: bool = True, **env: str) -> Settings:
        """Return the settings of an application that speaks to the twins."""
        known = {**channel_settings.with_twins({"CHENGJIU_TWINS": self.url}), **env}
        return dataclasses.replace(
            settings,
            sms=channel_settings.sms_settings(known),
            wechat=channel_settings.wechat_settings(known) if wechat else None,
        )

    def allow(self, name: str, template: str = "twin-signup", times: int = 1) -> None:
        """Let a user tap 允许 on their phone: the platform counts, whatever we think."""
        self.wechat.credits[f"otwin-{name} {template}"] += times


@pytest.fixture
def twins() -> Iterator[Served]:
    twins = Twins()
    with serving(twins) as url:
        yield Served(url, twins)


class serving:  # noqa: N801  used like a function
    """Serve a WSGI application on this machine within a block; gives its address."""

    def __init__(self, app: Any) -> None:
        self._server = server(app)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
