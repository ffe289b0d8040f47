"""How printing and delivery say no."""

from chengjiu_mp.core.errors import Kind, Refusal


class NothingToPrint(Refusal):
    code = "nothing_to_print"
    message = "没有可以放进去的证书：没有符合的，或者图片还在制作、待补字、已吊销。请换一个范围，或等图片做好再来。"
    kind = Kind.CONFLICT


class TooManyToPrint(Refusal):
    """``most`` among the facts."""

    code = "too_many_to_print"
    message = "一次最多 2000 张。请选一个年度，或按场次分别生成。"
    kind = Kind.TOO_LARGE


class FileNotReady(Refusal):
    code = "file_not_ready"
    message = "文件还没有做好，或者已经过了一天、删去了。请回到上一页重新生成。"
    kind = Kind.CONFLICT


class PaperUnderWay(Refusal):
    """The holder chooses until the paper is printed."""

    code = "paper_under_way"
    message = "这张证书的纸质件已经在办理，领取方式不能再改。需要更改请致电市红十字会。"
    kind = Kind.CONFLICT


class NotThatStep(Refusal):
    """The state changed meanwhile, or the step does not follow from it."""

    code = "not_that_step"
    message = "现在不能做这一步，可能刚刚已经办过。请刷新页面核对。"
    kind = Kind.CONFLICT


class NothingToUndo(Refusal):
    code = "nothing_to_undo"
    message = "没有可以撤回的步骤。请刷新页面核对。"
    kind = Kind.CONFLICT


class PaperStale(Refusal):
    code = "paper_stale"
    message = "其中有打印后又更正过姓名的，纸上是旧的，不能发出。请先用“更正后需重印的”重新打印，再来登记。"
    kind = Kind.CONFLICT


class TrackingMissing(Refusal):
    code = "tracking_missing"
    message = "请填写运单号，5 到 40 位字母和数字，在快递单上。"
    kind = Kind.INVALID


class AddressMissing(Refusal):
    code = "address_missing"
    message = "还没有收件地址。请先填写收件人、手机号和地址，再登记寄出。"
    kind = Kind.CONFLICT


class ListChanged(Refusal):
    """Whoever ticks all of them named another number than there is now."""

    code = "list_changed"
    message = "可以领取的人数刚刚变了，没有登记。请核对下面的名单，再点一次。"
    kind = Kind.CONFLICT


class NobodyTicked(Refusal):
    code = "nobody_ticked"
    message = "还没有勾选。请先在名单里勾选，再点下面的按钮。"
    kind = Kind.INVALID
