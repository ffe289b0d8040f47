"""How this slice says no."""

from chengjiu_mp.core.errors import Kind, Refusal


class CertificateUnknown(Refusal):
    """A code that is none of ours; a malformed one answers alike (rel-T3)."""

    code = "certificate_unknown"
    message = "查无此证。请核对二维码或证书编号是否完整；仍查不到的，请致电市红十字会核实。"
    kind = Kind.NOT_FOUND


class SampleCode(CertificateUnknown):
    """The code of a design's sample: no certificate, whatever the picture around it shows."""

    code = "sample_code"
    message = "样张，不是证书。这是证书版式的样张，不能证明任何人受过培训；有人拿它当证书的，请致电市红十字会。"


class YearIncomplete(Refusal):
    """An unknown number of a year that is not declared complete; ``year`` among the facts."""

    code = "year_incomplete"
    message = "该年度证书尚未全部录入，请致电核实。"
    kind = Kind.NOT_FOUND


class NameDiffers(Refusal):
    """The phone was proved, but nobody of this name holds a certificate under it."""

    code = "name_differs"
    message = "用这个手机号没有查到这个姓名的证书。请核对姓名；换过手机号的，请带身份证件到现场变更，或致电服务热线。"
    kind = Kind.INVALID


class NotStanding(Refusal):
    code = "not_standing"
    message = "这张证书已经吊销，不能再更改。请刷新页面核对。"
    kind = Kind.CONFLICT


class SameName(Refusal):
    code = "same_name"
    message = "新姓名与证书上现有的姓名相同，不用更正。"
    kind = Kind.INVALID


class ReasonMissing(Refusal):
    code = "reason_missing"
    message = "请写明原因，至少两个字。"
    kind = Kind.INVALID


class PictureUnderWay(Refusal):
    code = "picture_under_way"
    message = "这张证书的图片已经做好或正在制作，不用重新制作。"
    kind = Kind.CONFLICT


class NothingToVerify(Refusal):
    code = "nothing_to_verify"
    message = "请一行写一张证书：姓名、空格、证书编号。可以从表格里整列复制过来。"
    kind = Kind.INVALID


class TooManyLines(Refusal):
    """``most`` among the facts."""

    code = "too_many_lines"
    message = "一次最多核验 200 行。请分几次粘贴。"
    kind = Kind.TOO_LARGE


class LedgerRefused(Refusal):
    """The file has faults, and the good rows alone were not asked for; ``errors`` names every row."""

    code = "ledger_refused"
    message = "历史证书没有导入：有几处要改。请改好再上传，或选择只导入没有问题的行。"
    kind = Kind.INVALID

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(field="file", errors=errors)
        self.errors = errors


class LedgerJustChanged(Refusal):
    """Two imports met: the unique number decided."""

    code = "ledger_just_changed"
    message = "历史证书刚刚被别人导入过，这次没有导入。请重新上传，再核对一次预览。"
    kind = Kind.CONFLICT


class BatchWithdrawn(Refusal):
    code = "batch_withdrawn"
    message = "这次导入已经撤回过了。请刷新页面核对。"
    kind = Kind.CONFLICT


class YearDeclared(Refusal):
    """``years`` among the facts."""

    code = "year_declared"
    message = "其中有年度已声明全部录入，不能撤回。请先在编号台账里撤销那一年的声明。"
    kind = Kind.CONFLICT


class DeclaredAlready(Refusal):
    code = "declared_already"
    message = "这一年已经声明过全部录入。请刷新页面核对。"
    kind = Kind.CONFLICT


class NotDeclared(Refusal):
    code = "not_declared"
    message = "这一年现在没有声明可以撤销。请刷新页面核对。"
    kind = Kind.CONFLICT


class YearAhead(Refusal):
    code = "year_ahead"
    message = "请填 1980 年到今年之间的年份。"
    kind = Kind.INVALID


class PatternRefused(Refusal):
    """The sentence says what is wrong with a pattern."""

    code = "pattern_refused"
    message = "这个编号规则不能用。请照例子改：JYA{year}{seq}。"
    kind = Kind.INVALID


class PatternFixed(Refusal):
    code = "pattern_fixed"
    message = "这个号段已经发出过编号，规则不能再改。要换规则，请为下一年设置。"
    kind = Kind.CONFLICT


class NumbersClash(Refusal):
    """``number`` or ``series`` among the facts."""

    code = "numbers_clash"
    message = "这个规则会和别的证书重号。请在前面加上不同的字母。"
    kind = Kind.CONFLICT


class RuleWaits(Refusal):
    code = "rule_waits"
    message = "这一年已经有一个规则在等确认。请先确认或退回它。"
    kind = Kind.CONFLICT


class RuleDecided(Refusal):
    code = "rule_decided"
    message = "这个规则已经有人处理过了。请刷新页面核对。"
    kind = Kind.CONFLICT


class OwnRule(Refusal):
    """Who proposes does not put in force."""

    code = "own_rule"
    message = "规则由您提出，需要另一位复核人来确认。"
    kind = Kind.FORBIDDEN


class RuleUnchanged(Refusal):
    code = "rule_unchanged"
    message = "现在用的就是这个规则，不用再提出。"
    kind = Kind.INVALID


class NobodyWaits(Refusal):
    code = "nobody_waits"
    message = "现在没有人在等取号，不用导出。"
    kind = Kind.CONFLICT


class NumbersRefused(LedgerRefused):
    """The file has faults, and the good rows alone were not asked for; ``errors`` names every row."""

    code = "numbers_refused"
    message = "编号没有导入：有几处要改。请改好再上传，或选择只导入没有问题的行。"


class NumbersJustChanged(Refusal):
    """Two imports met: the unique number decided."""

    code = "numbers_just_changed"
    message = "这些编号刚刚被别人导入过，这次没有导入。请重新上传，再核对一次预览。"
    kind = Kind.CONFLICT


class NotEntitled(Refusal):
    code = "not_entitled"
    message = "这个人现在没有合格的成绩，或已经要求删除资料，不能重新发证。请只作废，不重发。"
    kind = Kind.CONFLICT


class BlockClosed(Refusal):
    code = "block_closed"
    message = "这个号段已经收回了。请刷新页面核对。"
    kind = Kind.CONFLICT


class BlockSize(Refusal):
    code = "block_size"
    message = "一次可以分 1 到 2000 个编号，请填数字。"
    kind = Kind.INVALID


class NumbersFromOutside(Refusal):
    code = "numbers_from_outside"
    message = "这个课程今年到外部平台取号，没有号段可分。"
    kind = Kind.CONFLICT


class NumberNotLeft(Refusal):
    code = "number_not_left"
    message = "这个编号不在这个号段没用过的编号里。请核对；已经发给人的，请到那张证书的页面办理。"
    kind = Kind.INVALID


class NothingToReport(Refusal):
    code = "nothing_to_report"
    message = "现在没有要上报的证书。"
    kind = Kind.CONFLICT


class BatchChanged(Refusal):
    """An earlier file can no longer be made as it was sent."""

    code = "batch_changed"
    message = "这一批里有的内容后来变了（例如本人要求删除了信息），不能原样再导出。请用当时保存的文件，或向平台要回执。"
    kind = Kind.CONFLICT


class ColumnsRefused(Refusal):
    code = "columns_refused"
    message = "每一列的表头要不一样，也不能叫“结果”或“退回原因”。请改一下。"
    kind = Kind.INVALID


class ReplyRefused(LedgerRefused):
    """The reply has rows that fit nothing, and the others alone were not asked for."""

    code = "reply_refused"
    message = "回执没有登记：有几处要改。请改好再上传，或选择只登记没有问题的行。"
