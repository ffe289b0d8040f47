"""How designs, emblems and printers say no."""

from chengjiu_mp.core.errors import Kind, Refusal


class FieldOffPage(Refusal):
    """A field stands outside the page, or is too small or too large; ``field`` says which."""

    code = "field_off_page"
    message = "这一项超出了纸张（宽 297、高 210 毫米，四边各留 10 毫米）。请把数字改小，或把尺寸改小。"
    kind = Kind.INVALID


class FieldsMeet(Refusal):
    """Two fields lie on each other; ``field`` is the one to move."""

    code = "fields_meet"
    message = "这一项与另一项重叠，会压住文字或二维码。请移开后再保存。"
    kind = Kind.INVALID


class PlaceholderUnknown(Refusal):
    code = "placeholder_unknown"
    message = "证明文字里有不认识的花括号。能用的只有：{学时}、{课程}、{场次}、{发证日期}、{有效期至}。"
    kind = Kind.INVALID


class StatementTooLong(Refusal):
    code = "statement_too_long"
    message = "证明文字太长，两行放不下。请改短一些。"
    kind = Kind.INVALID


class NoFontFor(Refusal):
    """``missing`` among the facts: code points."""

    code = "no_font_for"
    message = "有的字在字体里没有，印不出来。请换成常用字，或先添加字体。"
    kind = Kind.INVALID


class TemplateFixed(Refusal):
    """A published design never changes."""

    code = "template_fixed"
    message = "这一版已经发布，不能再改。要改请从它另建一版，已发的证书不受影响。"
    kind = Kind.CONFLICT


class TemplateNotInForce(Refusal):
    code = "template_not_in_force"
    message = "这一版现在没有在使用。请刷新页面核对。"
    kind = Kind.CONFLICT


class TemplateJustMade(Refusal):
    code = "template_just_made"
    message = "刚刚有人也新建了一版。请再点一次。"
    kind = Kind.CONFLICT


class SamplesUnseen(Refusal):
    """Whoever publishes says that they looked at the samples."""

    code = "samples_unseen"
    message = "请先看过下面的样张，再勾选这一项。"
    kind = Kind.INVALID


class OwnTemplate(Refusal):
    """Who drafted a design or saved any of it does not publish it."""

    code = "own_template"
    message = "这一版由您编写，需要另一位同事核对样张后发布。"
    kind = Kind.FORBIDDEN


class OffsetTooLarge(Refusal):
    code = "offset_too_large"
    message = "偏移最多填 20 毫米。差得更多，多半是纸放反了或打印时选了“适合页面”，请先检查。"
    kind = Kind.INVALID


class PhotoNotWanted(Refusal):
    code = "photo_not_wanted"
    message = "这一场的证书上不印照片，不用上传。"
    kind = Kind.CONFLICT


class PhotoFixed(Refusal):
    """What was issued is as it is (rel-I10)."""

    code = "photo_fixed"
    message = "证书已经发出，照片不能再换。确有差错的，请联系市红十字会更正证书。"
    kind = Kind.CONFLICT
