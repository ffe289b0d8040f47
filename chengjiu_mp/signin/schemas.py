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
    """``phone_code`` needs challenge_id and code; ``password`` needs username and password."""

    grant: Literal["phone_code", "password", "wechat"]
    challenge_id: str = Field(default="", max_length=26)
    code: str = Field(default="", max_length=12)
    username: str = Field(default="", max_length=60)
    password: str = Field(default="", max_length=200)


class TokenOut(Out):
    """A bearer token, shown once; it lives ``expires_in`` seconds."""

    access_token: str
    expires_in: int
    roles: list[str]
