"""What our own pages ask of WeChat."""

from flask import Blueprint
from pydantic import Field

from chengjiu_mp.core import access
from chengjiu_mp.core.db import end_read
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.wechat import errors
from chengjiu_mp.wechat.pages import config_for

blueprint = Blueprint("wechat_pages", __name__, url_prefix="/api/v1/wechat")


class PageUrlQuery(In):
    """The page's own address, as ``location.href`` says it."""

    url: str = Field(min_length=1, max_length=1000)


class JsConfigOut(Out):
    """What ``wx.config`` takes; ``timestamp`` in seconds."""

    appid: str
    timestamp: int
    nonce: str
    signature: str


@route(blueprint, "GET", "/js-config", access.PUBLIC,
       refusals=(errors.PagesNotConfigured, errors.NotOurPage, errors.WechatBusy))  # fmt: skip
def js_config(query: PageUrlQuery) -> JsConfigOut:
    """Sign a page of ours for the JS-SDK. Pages of other hosts are refused."""
    end_read()
    return JsConfigOut.model_validate(config_for(query.url))
