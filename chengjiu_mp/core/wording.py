"""What people are told about a field, by pydantic's stable error code."""

from typing import Any

_SENTENCES = {
    "missing": "这一项必须填写。",
    "extra_forbidden": "这一项不能由您填写，请去掉后再提交。",
    "string_too_short": "这一项还没有填写完整。",
    "string_too_long": "这一项太长了，请缩短到 {max_length} 个字以内。",
    "string_type": "这一项请填写文字。",
    "string_pattern_mismatch": "这一项的格式不对，请按提示填写。",
    "int_type": "这一项请填写整数。",
    "int_parsing": "这一项请填写整数。",
    "int_from_float": "这一项请填写整数，不要带小数。",
    "int_parsing_size": "这个数字太大了，请核对。",
    "float_type": "这一项请填写数字。",
    "float_parsing": "这一项请填写数字。",
    "finite_number": "这一项请填写普通的数字。",
    "greater_than_equal": "这一项不能小于 {ge}。",
    "greater_than": "这一项要大于 {gt}。",
    "less_than_equal": "这一项不能大于 {le}。",
    "less_than": "这一项要小于 {lt}。",
    "bool_type": "这一项请选择“是”或“否”。",
    "bool_parsing": "这一项请选择“是”或“否”。",
    "enum": "请从给出的选项中选择一项。",
    "literal_error": "请从给出的选项中选择一项。",
    "list_type": "这一项应当是一个列表。",
    "too_long": "一次最多 {max_length} 条，请分几次提交。",
    "too_short": "至少要有 {min_length} 条。",
    "dict_type": "这一项的结构不对，请按接口说明提交。",
    "model_type": "提交的内容结构不对，请按接口说明提交。",
    "model_attributes_type": "提交的内容结构不对，请按接口说明提交。",
    "date_type": "请填写日期，例如 2026-11-28。",
    "date_parsing": "请填写日期，例如 2026-11-28。",
    "date_from_datetime_parsing": "请填写日期，例如 2026-11-28。",
    "date_from_datetime_inexact": "请只填写日期，例如 2026-11-28。",
    "datetime_type": "请填写时间，例如 2026-11-28T14:00:00+08:00。",
    "datetime_parsing": "请填写时间，例如 2026-11-28T14:00:00+08:00。",
    "datetime_from_date_parsing": "请填写时间，例如 2026-11-28T14:00:00+08:00。",
    "datetime_object_invalid": "请填写时间，例如 2026-11-28T14:00:00+08:00。",
    "time_type": "请填写几点几分，例如 14:00。",
    "time_parsing": "请填写几点几分，例如 14:00。",
    "timezone_aware": "时间要带上时区，例如 2026-11-28T14:00:00+08:00。",
    "json_invalid": "提交的内容不完整，请重新提交。",
    "json_type": "提交的内容不完整，请重新提交。",
    "value_error": "这一项填写有误，请对照提示修改。",
    "string_unicode": "这一项含有无法识别的字符，请重新输入。",
    "string_sub_type": "这一项请填写文字。",
    "none_required": "这一项请留空。",
    "union_tag_invalid": "请从给出的选项中选择一项。",
    "union_tag_not_found": "请先选择一种方式。",
}
GENERAL = "这一项填写有误，请对照提示修改。"


def sentence_for(code: str, context: dict[str, Any] | None) -> str:
    """Return the Chinese sentence of an error code; bounds are filled in, inputs never are."""
    try:
        return _SENTENCES.get(code, GENERAL).format(**(context or {}))
    except (KeyError, IndexError):
        return GENERAL
