"""How this slice says no. Most sentences are read by a liaison, line by line."""

from chengjiu_mp.core.errors import Kind, Refusal


class ColumnsMissing(Refusal):
    """``columns`` among the facts."""

    code = "columns_missing"
    message = "没有找到表头。请用名单页上的模板，不要改第一行的列名。"
    kind = Kind.INVALID


class NoPeople(Refusal):
    code = "no_people"
    message = "表头下面还没有人。请把名单填在第一张工作表里，示例行可以删去。"
    kind = Kind.INVALID


class SameDocumentAbove(Refusal):
    """``row`` among the facts."""

    code = "same_document_above"
    message = "和上面一行是同一个证件号码，只算了前面那一行。"


class RunNotChosen(Refusal):
    code = "run_not_chosen"
    message = "这份名单有几个场次，请在“场次”列从下拉里选一个。"
    kind = Kind.INVALID


class RunNotKnown(Refusal):
    code = "run_not_known"
    message = "没有认出这个场次。请在“场次”列从下拉里选，不要自己填写。"
    kind = Kind.INVALID


class GroupNotKnown(Refusal):
    code = "group_not_known"
    message = "没有认出这个人群类别。请从下拉里选，或者留空。"
    kind = Kind.INVALID


class TypeNotKnown(Refusal):
    code = "doc_type_not_known"
    message = "没有认出这个证件类型。请从下拉里选，或者留空，由系统自动识别。"
    kind = Kind.INVALID


class BirthNotKnown(Refusal):
    code = "birth_not_known"
    message = "没有看懂出生日期。请写成 1990-05-01 这样；身份证可以不填。"
    kind = Kind.INVALID


class SignedUpAlone(Refusal):
    code = "signed_up_alone"
    message = "本人已报名这一场，名额算他自己的，不用再报。"


class OnOtherList(Refusal):
    code = "on_other_list"
    message = "这位已经在另一份名单里报了这一场，不用再报。"


class WithdrawnAlone(Refusal):
    code = "withdrawn_alone"
    message = "这位已经取消了报名，没有再报。确要再报，请先在名单页把这位移出，再上传一次。"


class AgreementMissing(Refusal):
    code = "agreement_missing"
    message = "请先确认名单上的人都看过须知并同意，再勾选、报名。"
    kind = Kind.INVALID


class UploadNotReady(Refusal):
    code = "upload_not_ready"
    message = "这份表格还没有读完，或者已经报过了。请刷新页面看看现在的情况。"


class RowGone(Refusal):
    code = "row_gone"
    message = "这位已经不在名单上，或者已经退出。请刷新页面再看。"


class NotOnList(Refusal):
    """One answer for an unknown name, wrong digits, two of one name, and a row that somebody else took."""

    code = "not_on_list"
    message = "没有对上名单。请核对姓名和尾号；还是不行，请找发链接给您的联系人。"
    kind = Kind.INVALID


class LinkOff(Refusal):
    code = "link_off"
    message = "这个链接已经停用。请找发链接给您的联系人要新的。"
    kind = Kind.NOT_FOUND


class ClaimExpired(Refusal):
    code = "claim_expired"
    message = "停留得有点久，请重新输入姓名和尾号。"
    kind = Kind.INVALID


class TooManyNames(Refusal):
    code = "too_many_names"
    message = "一次最多粘贴 200 个姓名，请分几次粘贴，或者用表格上传。"
    kind = Kind.INVALID


class NoRuns(Refusal):
    code = "no_runs"
    message = "请至少选一个场次。"
    kind = Kind.INVALID
