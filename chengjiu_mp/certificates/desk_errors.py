"""How changes after issue are refused: at the desk, and by whom they are decided."""

from chengjiu_mp.core.errors import Kind, Refusal


class ProposalMissing(Refusal):
    """Changing a certificate takes two people (rel 3.7): nobody proposed this yet."""

    code = "proposal_missing"
    message = "更改证书要两个人办：请先由操作员提出，再由您复核。"
    kind = Kind.CONFLICT


class ProposalDiffers(Refusal):
    code = "proposal_differs"
    message = "这个姓名和提出更正的姓名不一样。请核对待复核的申请，再决定。"
    kind = Kind.CONFLICT


class OwnProposal(Refusal):
    """Who proposes does not decide (rulings: people who decide)."""

    code = "own_proposal"
    message = "这项申请由您提出，需要另一位复核人来决定。"
    kind = Kind.FORBIDDEN


class DecidedAlready(Refusal):
    code = "decided_already"
    message = "这项申请现在不等您的决定：可能刚刚有人处理过，或还要先核对证件。请刷新页面核对。"
    kind = Kind.CONFLICT


class RequestOpen(Refusal):
    code = "request_open"
    message = "这张证书已有一项同样的申请正在处理，不用重复提出。"
    kind = Kind.CONFLICT


class SightIncomplete(Refusal):
    code = "sight_incomplete"
    message = "请选看的是哪一种证件。"
    kind = Kind.INVALID


class HolderNotFound(Refusal):
    """Unknown, another name, or out of the caller's scope: all answer alike."""

    code = "holder_not_found"
    message = "没有找到这位持证人，或不在您的管辖范围内。请对照证书和证件再输一次。"
    kind = Kind.INVALID


class DocumentUnseen(Refusal):
    code = "document_unseen"
    message = "请先当面看本人的证件，看过后再勾选。"
    kind = Kind.INVALID


class BirthMissing(Refusal):
    code = "birth_missing"
    message = "这种证件的号码里没有生日，请照证件填写出生日期；只用来判断要不要第二人，不保存。"
    kind = Kind.INVALID


class ChangeNotOpen(Refusal):
    code = "change_not_open"
    message = "这次换号已经办完或已经重新开始。请返回重新查找，核对最新情况。"
    kind = Kind.CONFLICT


class OwnChange(Refusal):
    """A minor's phone takes two people (rulings: who owns a phone)."""

    code = "own_change"
    message = "未成年人换手机号要两个人办：这次由您经办，请另一位工作人员来确认。"
    kind = Kind.FORBIDDEN
