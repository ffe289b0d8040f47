"""What the audit trail's facts say, for people."""

from collections.abc import Mapping

from chengjiu_mp.web.admin.audit_words import FACTS

# Words that stand in facts, under their key where one word means several things.
# What is not listed (reasons, numbers, names of fields) is shown as it is.
VALUES = {
    "kind.helper": "助手的手机",
    "kind.own": "老师的手机",
    "what.accounts": "学员账号",
    "what.devices": "签到手机",
    "what.codes": "验证码",
    "what.evidence": "普及佐证图片",
    "what.latin_name": "护照上的姓名",
    "what.messages": "消息",
    "what.names": "名单上的姓名",
    "what.people": "人员",
    "what.provisional": "没有补录的到场手机号",
    "what.replies": "重复提交记录",
    "what.sessions": "登录",
    "what.signups": "报名",
    "by.paper": "纸质同意书",
    "changed.certificate_no": "证书编号",
    "changed.grade": "级别",
    "changed.key_group": "身份",
    "changed.latin_name": "护照上的姓名",
    "changed.name": "姓名",
    "changed.phone": "手机号",
    "changed.qualified_on": "取得日期",
    "changed.refresh_due": "下次复训日期",
    "changed.stars": "星级",
    "changed.unit": "单位",
    "channel.desk": "现场代报",
    "channel.api": "接口",
    "code.columns_missing": "缺少必要的列",
    "code.file_gone": "文件已删除",
    "code.file_inflates": "文件展开后太大",
    "code.file_missing": "没有选文件",
    "code.file_not_xlsx": "不是表格文件，或者加了密码",
    "code.file_too_large": "文件太大",
    "code.file_unreadable": "文件读不出来",
    "code.no_people": "没有要报名的人",
    "code.sheet_empty": "表格里没有内容",
    "code.sheet_too_large": "表格范围太大",
    "code.sheet_too_slow": "读得太久",
    "document_number": "证件号码",
    "employer": "向单位提供结果",
    "name_list": "公示名单",
    "photo": "现场照片",
    "aed": "AED",
    "agree": "同意",
    "answer.withdraw": "退出",
    "answer.move": "换场",
    "approver": "复核人",
    "auditor": "审计员",
    "bearer": "接口",
    "camera": "扫码",
    "city": "市级",
    "by.code": "验证码",
    "by.holder": "本人确认",
    "by.nobody_asked": "没有渠道通知，直接保留",
    "checkin": "签到",
    "source.code": "六位码",
    "confirmed": "已报上",
    "offered": "有空位，等确认",
    "pending": "待确认",
    "moved": "已换场",
    "lapsed": "未排到",
    "withdrawn": "已取消",
    "run_cancelled": "停课",
    "state.refused": "未通过",
    "purpose.guardian": "监护人同意",
    "purpose.guardian_claim": "监护人确认码",
    "purpose.lookup": "查证书",
    "cpr": "心肺复苏",
    "cpr_aed": "CPR+AED",
    "device": "这部设备",
    "failed": "不合格",
    "holiday": "放假日",
    "holidays_unknown": "放假安排未导入",
    "in_the_past": "开课时间已过",
    "incomplete": "未完成",
    "role.instructor": "讲师",
    "kind.instructor": "师资培训",
    "instructor_refresh": "师资复训",
    "junior": "初级救护员",
    "source.name": "点名",
    "what.document": "证件",
    "what.name": "姓名",
    "what.phone": "手机号",
    "no_instructor": "没有师资",
    "operator": "操作员",
    "page": "网页",
    "paper": "纸质",
    "passed": "合格",
    "password": "密码",
    "popular": "普及培训",
    "ratio": "师资偏少",
    "series": "系列",
    "venue_clash": "地点撞期",
    "instructor_clash": "师资撞期",
    "what.venue": "地点",
    "what.unit": "单位",
    "refresher_overdue": "师资复训过期",
    "responder": "救护员",
    "signin": "登录",
    "signup": "报名",
    "system": "系统管理员",
    "theory": "理论",
    "town": "镇街",
    "trainee": "学员",
    "unit_manager": "单位管理员",
    "verdict.fine": "复核无误",
    "verdict.problem": "有问题",
    "waitlisted": "候补",
    "wall": "墙上的码",
    "wechat": "微信",
    "wound": "创伤救护",
    "import": "名单",
    "unit_link": "名单链接",
    "added": "报上",
    "waiting": "候补",
    "same": "已在",
    "rejected": "没报上",
    "named": "只有姓名",
    "list": "名单",
    "row": "名单行",
}


def facts_in_words(facts: Mapping[str, object]) -> str:
    """Return what an entry says beyond its action: 渠道：网页；状态：已报上. Nothing said is left out."""
    said = [
        f"{FACTS.get(key, key)}：{_in_words(value, key)}" for key, value in facts.items() if value not in (None, [], {})
    ]
    return "；".join(said)


def _in_words(value: object, key: str = "") -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "、".join(f"{VALUES.get(str(one), one)} {_in_words(found)}" for one, found in value.items())
    if isinstance(value, list):
        return "、".join(_in_words(one, key) for one in value)
    text, _, number = str(value).partition(":")  # checkin:12
    word = VALUES.get(f"{key}.{text}") or VALUES.get(text)
    return f"{word} {number}".strip() if word else str(value)
