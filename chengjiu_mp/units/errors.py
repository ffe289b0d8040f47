"""Refusals about units and their targets."""

from chengjiu_mp.core.errors import Kind, Refusal


class TargetsRefused(Refusal):
    """The file does not hold together; ``errors`` lists every fault with its row, nothing was imported."""

    code = "targets_refused"
    message = "任务表没有导入：有几处对不上，请改好整份表再上传。"
    kind = Kind.INVALID

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(field="file", errors=errors)
        self.errors = errors


class TargetsJustReplaced(Refusal):
    """Two documents of one year arrived together; the index let one in."""

    code = "targets_just_replaced"
    message = "这一年的任务表刚刚被别人换过。请刷新看一下，再决定是否导入。"


class YearOutOfPlan(Refusal):
    code = "year_out_of_plan"
    message = "年份请填 2022 至 2099 之间的四位数字。"
    kind = Kind.INVALID


class NotATown(Refusal):
    """A school lies in a town or street, never below 教育局, 机关事业单位 or 企业."""

    code = "not_a_town"
    message = "请选学校所在的镇（街道）或它下面的单位。"
    kind = Kind.INVALID
