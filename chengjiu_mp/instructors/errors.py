"""Refusals about the register of instructors."""

from chengjiu_mp.core.errors import Kind, Refusal


class RegisterRefused(Refusal):
    """The file has faults; ``errors`` names each with its row, nothing was imported."""

    code = "register_refused"
    message = "名册没有导入：有几行需要修改，请改好再上传。"
    kind = Kind.INVALID

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(field="file", errors=errors)
        self.errors = errors


class RegisterJustChanged(Refusal):
    """Two imports met: the unique phone of an instructor or an account decided."""

    code = "register_just_changed"
    message = "名册刚刚被别人改过，这次没有导入。请重新上传，再核对一次预览。"


class RefresherDayInvalid(Refusal):
    code = "refresher_day_invalid"
    message = "复训完成日期不能晚于今天，也不能早于取得师资证书的日期，请核对。"
    kind = Kind.INVALID


class RefresherKnown(Refusal):
    code = "refresher_known"
    message = "这一天的复训已经登记过了，不用再登。"


class InstructorRetired(Refusal):
    code = "instructor_retired"
    message = "这位师资已经退出，不再登记复训。如果重新聘任，请先改为在册。"
