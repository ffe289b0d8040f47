"""Why a document number is not taken: one named refusal per reason. The number itself is never repeated."""

from typing import Any

from chengjiu_mp.core.errors import Kind, Refusal


class DocumentRefused(Refusal):
    """Base of them all; ``field`` is ``doc_number`` unless the caller names another."""

    code = "doc_refused"
    message = "这个证件号码看不懂，请对照证件再输一次。"
    kind = Kind.INVALID

    def __init__(self, message: str | None = None, *, field: str | None = "doc_number", **facts: Any) -> None:
        super().__init__(message, field=field, **facts)


class DocumentEmpty(DocumentRefused):
    code = "doc_empty"
    message = "请填写证件号码。"


class DocumentMasked(DocumentRefused):
    """Copied from a page that hides the middle: storing it would make a person nobody can find again."""

    code = "doc_masked"
    message = "这个号码有几位被遮住了，请对照证件，输入完整的号码。"


class DocumentStar(DocumentRefused):
    """A star in the last place, typed on keyboards without an X."""

    code = "doc_star"
    message = "最后一位如果是 X，请输入英文字母 X，不要用星号代替。"


class DocumentLookalikeX(DocumentRefused):
    code = "doc_cyrillic_x"
    message = "最后一位请用英文字母 X，请切换到英文键盘再输一次。"


class DocumentCharacters(DocumentRefused):
    code = "doc_characters"
    message = "证件号码只能有数字和英文字母，请去掉其他文字和符号。"


class DocumentSpreadsheet(DocumentRefused):
    """1.2E+17: a spreadsheet turned the number into a quantity and lost its last digits."""

    code = "doc_spreadsheet"
    message = "表格软件把这个号码变成了科学计数，末几位已经丢失。请把这一列设为“文本”，再对照证件重新输入。"


class DocumentLetterO(DocumentRefused):
    code = "doc_letter_o"
    message = "号码里有英文字母 O，请改成数字 0，再输一次。"


class DocumentLetterI(DocumentRefused):
    """I or l (a capital by now) for a one."""

    code = "doc_letter_i"
    message = "号码里有英文字母 I 或 L，请改成数字 1，再输一次。"


class DocumentPhone(DocumentRefused):
    code = "doc_phone"
    message = "这像是手机号。请在这里填写证件号码，手机号填在下面一栏。"


class DocumentHomeCard(DocumentRefused):
    """The identity card of Hong Kong, Macao or Taiwan: its holders have a permit, and the plan's records know that."""

    code = "doc_home_card"
    message = (
        "这像是港澳台当地的身份证号。请改填回乡证、台胞证或港澳台居民居住证的号码；"
        "如果是外国护照，请先把证件类型选成“外国护照”。"
    )


class DocumentLength(DocumentRefused):
    code = "doc_length"
    message = "证件号码的位数不对，请对照证件再输一次。"


class DocumentOld15(DocumentRefused):
    code = "doc_old_15"
    message = "15 位的旧身份证号已停用，请输入现在身份证上的 18 位号码。"


class DocumentForm(DocumentRefused):
    code = "doc_form"


class DocumentRegion(DocumentRefused):
    code = "doc_region"
    message = "号码开头的地区代码不存在，请对照证件再输一次。"


class DocumentBirthDate(DocumentRefused):
    code = "doc_birth_date"
    message = "号码里的出生日期不存在，请对照证件，核对中间的年、月、日。"


class DocumentBirthFuture(DocumentRefused):
    code = "doc_birth_future"
    message = "号码里的出生日期还没有到，请对照证件，核对中间的年、月、日。"


class DocumentChecksum(DocumentRefused):
    code = "doc_checksum"
    message = "这个号码至少有一位输错了，请对照证件逐位核对。"


class DocumentExitPermit(DocumentRefused):
    """往来港澳 / 往来台湾通行证: its holder is a mainland resident and has a resident card."""

    code = "doc_exit_permit"
    message = "这是内地居民的往来通行证。请选择“居民身份证”，填写身份证号码。"
