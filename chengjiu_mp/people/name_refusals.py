"""Why a name is not taken: one named refusal per reason. The name itself is never repeated."""

from typing import Any

from chengjiu_mp.core.errors import Kind, Refusal


class NameRefused(Refusal):
    """Base of them all; ``field`` is ``name`` unless the caller names another."""

    code = "name_refused"
    message = "请填写证件上的姓名。"
    kind = Kind.INVALID

    def __init__(self, message: str | None = None, *, field: str | None = "name", **facts: Any) -> None:
        super().__init__(message, field=field, **facts)


class NameEmpty(NameRefused):
    code = "name_empty"


class NameTooLong(NameRefused):
    """Over 50 characters with Han among them, or over 100 in Latin letters."""

    code = "name_too_long"
    message = "姓名太长了：汉字姓名最多 50 个字，字母姓名最多 100 个字母。请照证件填写。"


class NameMasked(NameRefused):
    code = "name_masked"
    message = "姓名里有被遮住的字，请照证件填写完整的姓名。"


class NamePrivateCharacter(NameRefused):
    """A private-use code: which character it shows depends on the font, so a certificate could show any."""

    code = "name_private_character"
    message = "姓名里有一个旧系统的自造字，别的电脑认不出来。请用手写输入法重新输入这个字，输不出来请联系工作人员。"


class NameDirection(NameRefused):
    """Bidi overrides: what is read would not be what is stored."""

    code = "name_direction"
    message = "姓名里混入了看不见的排版符号，请删掉重新输入，不要粘贴。"


class NameDigits(NameRefused):
    code = "name_digits"
    message = "姓名里不能有数字，请照证件填写。"


class NameDots(NameRefused):
    """A dot at an end, or two in a row."""

    code = "name_dots"
    message = "间隔号“·”只能写在两个字之间，一次一个。请照证件填写。"


class NameSeveral(NameRefused):
    code = "name_several"
    message = "一次只填一个人的姓名，请分开填写。"


class NameScript(NameRefused):
    """Letters of a script that certificates are not set in."""

    code = "name_script"
    message = "请用汉字填写姓名；证件上没有汉字姓名的，请照护照填写拉丁字母。"


class NameCharacters(NameRefused):
    code = "name_characters"
    message = "姓名里有不能用的符号，请照证件填写，不要加表情、括号或称呼。"
