"""What goes in and out of the sign-in routes."""

from typing import Literal

from pydantic import Field

from chengjiu_mp.core.parsing import In, Out


class CodeWanted(In):
    """A phone that wants a code."""

    phone: str = Field(max_length=40, examples=["13900000001"])


class CodeSent(Out):
    """The challenge to answer; the same for known and unknown phones."""

    challenge_id: str = Field(min_length=26, max_length=26)


class SignIn(In):
    """``phone_code`` needs challenge_id and code; ``password`` needs username and password; ``wechat`` needs the code
    of ``wx.login``."""

    grant: Literal["phone_code", "password", "wechat"]
    challenge_id: str = Field(default="", max_length=26)
    code: str = Field(default="", max_length=128)
    username: str = Field(default="", max_length=60)
    password: str = Field(default="", max_length=200)


class TokenOut(Out):
    """A bearer token, shown once; it lives ``expires_in`` seconds."""

    access_token: str
    expires_in: int
    roles: list[str]


class WechatTap(In):
    """The code of a tap on 手机号快速验证 (``getPhoneNumber``); a sign-in's code is none."""

    code: str = Field(min_length=1, max_length=128)


class PhoneProved(Out):
    """The number, masked, and the roles of the account that the session is signed in to now."""

    phone_masked: str
    roles: list[str]
